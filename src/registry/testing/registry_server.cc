// SPDX-License-Identifier: Apache-2.0
#include "registry/testing/registry_server.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>

#include "oci/error_document.h"
#include "registry/errors.h"
#include "store/keys.h"

namespace lamina::registry {
namespace {

bool has(const Fields& fields, std::string_view name) {
  return std::ranges::any_of(fields, [&](const auto& field) { return field.first == name; });
}

}  // namespace

std::string Reply::error_id() const {
  const auto entry = oci::parse_error_document(body);
  return entry ? entry->code : "";
}

std::string Reply::error_message() const {
  const auto entry = oci::parse_error_document(body);
  return entry ? entry->message : "";
}

oci::Json Reply::json() const {
  auto parsed = oci::parse_json(body);
  EXPECT_TRUE(parsed) << "status " << status << ", not JSON: " << body;
  return parsed.value_or(oci::Json{});
}

std::string Reply::next() const {
  const std::string link = field("Link");
  const std::size_t end = link.find(">; rel=\"next\"");
  return end == std::string::npos ? "" : link.substr(1, end - 1);
}

RegistryServer::RegistryServer(Options options, store::Options store_options)
    : harness_(std::move(store_options)) {
  options.log_failure = [this](const http::Request& request, const Error& error) {
    const std::lock_guard lock(mutex_);
    failures_.push_back(request.method + ' ' + request.path + ": " + error.message);
  };
  registry_ = std::make_unique<Registry>(*harness_.store, workers_, std::move(options));
  http::ServerOptions server_options;
  server_options.render_error = protocol_error;
  server_ = std::make_unique<http::ServerThread>(
      [this](http::Exchange& exchange) { return registry_->serve(exchange); }, std::move(server_options));
}

RegistryServer::~RegistryServer() {
  registry_->stop_waiting();
  server_.reset();
  workers_.join();
}

std::vector<std::string> RegistryServer::failures() {
  const std::lock_guard lock(mutex_);
  return failures_;
}

Reply RegistryServer::request(std::string_view method, std::string_view target, const Fields& fields,
                              std::string_view body) {
  std::string text = std::string(method) + ' ' + std::string(target) + " HTTP/1.1\r\nHost: registry\r\n";
  for (const auto& [name, value] : fields) text += name + ": " + value + "\r\n";
  if (!has(fields, "Content-Length") && !has(fields, "Transfer-Encoding")) {
    text += "Content-Length: " + std::to_string(body.size()) + "\r\n";
  }
  text += "\r\n";
  text += body;
  http::RawClient client = connect();
  // An answer that comes before all was sent is an answer.
  (void)client.send(text);
  auto answer = client.read_answer(method == "HEAD");
  return answer ? Reply{*std::move(answer)} : Reply{};
}

Digest RegistryServer::push_blob(std::string_view repository, std::string_view bytes) {
  const Digest digest = Digest::of(bytes);
  const Reply reply = request(
      "POST", "/v2/" + std::string(repository) + "/blobs/uploads/?digest=" + digest.to_string(), {}, bytes);
  EXPECT_EQ(reply.status, 201u) << reply.body;
  return digest;
}

Manifest RegistryServer::image(std::string_view repository, const std::vector<std::string>& layers) {
  Manifest manifest;
  manifest.media_type = media_type::kImageManifest;
  manifest.config = Descriptor{
      .media_type = std::string(media_type::kImageConfig), .digest = push_blob(repository, "{}"), .size = 2};
  for (const auto& layer : layers) {
    manifest.layers.push_back({.media_type = std::string(media_type::kLayerTarGzip),
                               .digest = push_blob(repository, layer),
                               .size = layer.size()});
  }
  return manifest;
}

Digest RegistryServer::push(std::string_view repository, std::string_view tag, const Manifest& manifest) {
  const std::string bytes = serialize(manifest, FieldOrder::kOras);
  const Digest digest = Digest::of(bytes);
  const std::string reference = tag.empty() ? digest.to_string() : std::string(tag);
  const Reply reply = request("PUT", "/v2/" + std::string(repository) + "/manifests/" + reference,
                              {{"Content-Type", manifest.media_type}}, bytes);
  EXPECT_EQ(reply.status, 201u) << reply.body;
  return digest;
}

Digest RegistryServer::push_image(std::string_view repository, std::string_view tag,
                                  const std::vector<std::string>& layers) {
  return push(repository, tag, image(repository, layers));
}

std::string RegistryServer::begin_upload(std::string_view repository) {
  const Reply reply = request("POST", "/v2/" + std::string(repository) + "/blobs/uploads/");
  EXPECT_EQ(reply.status, 202u) << reply.body;
  return reply.field("Location");
}

void RegistryServer::damage(const Digest& digest, std::size_t at) {
  const auto stored = harness_.meta.get(meta::Table::kBlobs, store::keys::blob(digest));
  ASSERT_TRUE(stored && *stored) << "no record of blob " << digest.to_string();
  const auto record = store::decode<store::BlobRecord>(**stored);
  ASSERT_TRUE(record);
  if (record->place == store::BlobRecord::Place::kInline) {
    auto bytes = harness_.meta.get(meta::Table::kInline, record->id.str());
    ASSERT_TRUE(bytes && *bytes);
    (**bytes)[at] = static_cast<char>((**bytes)[at] ^ 1);
    meta::Batch batch;
    batch.writes.push_back({meta::Table::kInline, record->id.str(), **bytes});
    ASSERT_TRUE(harness_.meta.commit(std::move(batch)));
    return;
  }
  auto file =
      harness_.files.open_writable(fs::Path("/blobs/sha256") / digest.hex().substr(0, 2) / record->id.str());
  ASSERT_TRUE(file) << file.error().message;
  std::byte byte{};
  ASSERT_TRUE((*file)->read_at(at, std::span(&byte, 1)));
  byte ^= std::byte{1};
  ASSERT_TRUE((*file)->write_at(at, std::span(&byte, 1)));
}

std::string chunked(std::string_view body, std::size_t size) {
  std::string framed;
  while (!body.empty()) {
    const std::string_view piece = body.substr(0, size);
    char length[20];
    std::snprintf(length, sizeof length, "%zx\r\n", piece.size());
    framed += length;
    framed += piece;
    framed += "\r\n";
    body.remove_prefix(piece.size());
  }
  return framed + "0\r\n\r\n";
}

std::string blob_path(std::string_view repository, const Digest& digest) {
  return "/v2/" + std::string(repository) + "/blobs/" + digest.to_string();
}

std::string manifest_path(std::string_view repository, const Digest& digest) {
  return "/v2/" + std::string(repository) + "/manifests/" + digest.to_string();
}

std::string pattern(std::size_t size) {
  std::string bytes(size, '\0');
  std::uint32_t state = 1;
  for (char& byte : bytes) {
    state = state * 1664525 + 1013904223;
    byte = static_cast<char>(state >> 24);
  }
  return bytes;
}

}  // namespace lamina::registry
