// SPDX-License-Identifier: Apache-2.0
#include "registry/errors.h"

#include "oci/error_document.h"
#include "oci/json_writer.h"

namespace lamina::registry {
namespace {

struct Row {
  Code code;
  About about;  // kNothing: whatever has no row of its own
  ErrorAnswer answer;
};

constexpr Row kRows[] = {
    {Code::kInvalid, About::kDigest, {400, "DIGEST_INVALID"}},
    {Code::kInvalid, About::kManifest, {400, "MANIFEST_INVALID"}},
    {Code::kInvalid, About::kRepository, {400, "NAME_INVALID"}},
    {Code::kInvalid, About::kTag, {400, "MANIFEST_INVALID"}},
    {Code::kInvalid, About::kSize, {400, "SIZE_INVALID"}},
    {Code::kInvalid, About::kUpload, {400, "BLOB_UPLOAD_INVALID"}},
    {Code::kInvalid, About::kNothing, {400, "UNSUPPORTED"}},
    {Code::kNotFound, About::kBlob, {404, "BLOB_UNKNOWN"}},
    {Code::kNotFound, About::kManifest, {404, "MANIFEST_UNKNOWN"}},
    {Code::kNotFound, About::kTag, {404, "MANIFEST_UNKNOWN"}},
    {Code::kNotFound, About::kManifestBlob, {404, "MANIFEST_BLOB_UNKNOWN"}},
    {Code::kNotFound, About::kUpload, {404, "BLOB_UPLOAD_UNKNOWN"}},
    {Code::kNotFound, About::kRepository, {404, "NAME_UNKNOWN"}},
    {Code::kNotFound, About::kNothing, {404, "UNSUPPORTED"}},
    {Code::kConflict, About::kUpload, {409, "BLOB_UPLOAD_INVALID"}},
    {Code::kConflict, About::kNothing, {409, "DENIED"}},
    {Code::kPrecondition, About::kNothing, {412, "DENIED"}},
    {Code::kUnauthorized, About::kNothing, {401, "UNAUTHORIZED"}},
    {Code::kDenied, About::kNothing, {403, "DENIED"}},
    {Code::kTooLarge, About::kManifest, {413, "MANIFEST_INVALID"}},
    {Code::kTooLarge, About::kNothing, {413, "SIZE_INVALID"}},
    {Code::kOutOfRange, About::kChanges, {410, "UNSUPPORTED"}},
    {Code::kOutOfRange, About::kNothing, {416, "BLOB_UPLOAD_INVALID"}},
    {Code::kUnsupported, About::kManifest, {415, "MANIFEST_INVALID"}},
    {Code::kUnsupported, About::kDigest, {400, "DIGEST_INVALID"}},
    {Code::kUnsupported, About::kNothing, {405, "UNSUPPORTED"}},
    {Code::kMismatch, About::kSize, {400, "SIZE_INVALID"}},
    {Code::kMismatch, About::kNothing, {400, "DIGEST_INVALID"}},
    {Code::kCorrupt, About::kBlob, {500, "BLOB_UNKNOWN"}},
    {Code::kCorrupt, About::kNothing, {500, "MANIFEST_UNKNOWN"}},
    {Code::kNoSpace, About::kNothing, {507, "DENIED"}},
    {Code::kUnavailable, About::kNothing, {503, "TOOMANYREQUESTS"}},
    {Code::kCancelled, About::kNothing, {400, "SIZE_INVALID"}},
    {Code::kInternal, About::kNothing, {500, "UNSUPPORTED"}},
};

http::Response document(unsigned status, std::string_view id, std::string_view message,
                        const std::vector<std::string>& detail = {}) {
  oci::JsonWriter json;
  json.begin_array();
  for (const std::string& entry : detail) json.string(entry);
  json.end_array();
  http::Response response(status, {},
                          oci::error_document(id, message, detail.empty() ? std::string() : json.take()));
  response.headers.add("Content-Type", "application/json");
  if (status == 503 || status == 429) response.headers.add("Retry-After", "1");
  return response;
}

}  // namespace

ErrorAnswer answer_for(Code code, About about) {
  const Row* general = nullptr;
  for (const Row& row : kRows) {
    if (row.code != code) continue;
    if (row.about == about) return row.answer;
    if (row.about == About::kNothing) general = &row;
  }
  return general != nullptr ? general->answer : ErrorAnswer{500, "UNSUPPORTED"};
}

http::Response error_response(const Error& error) {
  const ErrorAnswer answer = answer_for(error.code, error.about);
  return document(answer.status, answer.id,
                  error.code == Code::kInternal ? "the server failed; its log has the cause" : error.message,
                  error.detail);
}

http::Response protocol_error(unsigned status, std::string_view reason) {
  return document(status,
                  status == 414   ? "NAME_INVALID"
                  : status == 503 ? "TOOMANYREQUESTS"
                                  : "UNSUPPORTED",
                  reason);
}

}  // namespace lamina::registry
