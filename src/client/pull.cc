// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <set>
#include <thread>
#include <utility>

#include "client/download.h"
#include "client/file.h"
#include "client/session.h"
#include "client/url.h"

namespace lamina::client {
namespace {

class CountingSink final : public Sink {
 public:
  explicit CountingSink(Sink* next = nullptr) : next_(next) {}
  Result<void> write(std::span<const std::byte> bytes) override {
    count += bytes.size();
    if (next_ == nullptr) return {};
    return next_->write(bytes);
  }
  std::uint64_t count = 0;

 private:
  Sink* const next_;
};

std::string platform_text(const Platform& platform) {
  return platform.os + "/" + platform.architecture + (platform.variant.empty() ? "" : "/" + platform.variant);
}

Result<const Descriptor*> choose_child(const Manifest& index, const std::string& platform) {
  if (platform.empty() && index.manifests.size() == 1) return &index.manifests.front();
  std::string offered;
  for (const Descriptor& child : index.manifests) {
    if (!child.platform) continue;
    const std::string text = platform_text(*child.platform);
    if (!platform.empty() && (text == platform || text.starts_with(platform + "/"))) return &child;
    offered += (offered.empty() ? "" : ", ") + text;
  }
  return fail(platform.empty() ? Code::kInvalid : Code::kNotFound, About::kManifest,
              "expected a platform that the index has" +
                  (platform.empty() ? std::string() : ", found " + platform) + "; it has " +
                  (offered.empty() ? "none; name a manifest by its digest" : offered));
}

Result<const Descriptor*> choose_layer(const Manifest& manifest, const PullOptions& options) {
  if (!options.layer_media_type.empty()) {
    const auto found = std::ranges::find(manifest.layers, options.layer_media_type, &Descriptor::media_type);
    if (found != manifest.layers.end()) return &*found;
    return fail(Code::kNotFound, About::kBlob,
                "the manifest has no layer of type " + options.layer_media_type);
  }
  if (options.layer < manifest.layers.size()) return &manifest.layers[options.layer];
  return fail(Code::kNotFound, About::kBlob,
              "expected a layer " + std::to_string(options.layer) + " (from 0), the manifest has " +
                  std::to_string(manifest.layers.size()) + " layers");
}

class Pull {
 public:
  Pull(Session session, Remote& remote, BlobName blob, const PullOptions& options, Pulled known)
      : session_(session),
        remote_(remote),
        blob_(std::move(blob)),
        options_(options),
        pulled_(std::move(known)) {}

  Result<Pulled> run(const Destination& destination) {
    if (options_.max_size) {
      if (!blob_.size)
        return fail(Code::kTooLarge, "the registry does not tell the size of " + blob_.digest.to_string() +
                                         ", so that a limit cannot be kept");
      if (*blob_.size > *options_.max_size) {
        return fail(Code::kTooLarge, About::kSize,
                    blob_.digest.to_string() + " has " + std::to_string(*blob_.size) +
                        " bytes, the limit is " + std::to_string(*options_.max_size));
      }
    }
    LAMINA_TRY(std::visit([this](const auto& to) { return deliver(to); }, destination));
    return std::move(pulled_);
  }

 private:
  /// A verified temporary file beside `target`.
  Result<TemporaryFile> fetch_beside(const std::filesystem::path& target) {
    LAMINA_TRY(require_space(parent_of(target), blob_.size.value_or(0)));
    LAMINA_ASSIGN(TemporaryFile file, TemporaryFile::create(target, session_.random));
    LAMINA_ASSIGN(pulled_.bytes_received, download_to_file(session_, remote_, blob_, file.fd()));
    return file;
  }

  Result<void> deliver(const FileDestination& to) {
    std::error_code error;
    if (std::filesystem::is_directory(to.path, error)) {
      return fail(Code::kConflict, to.path.string() + " is a directory; name a file");
    }
    LAMINA_ASSIGN(TemporaryFile stored, fetch_beside(to.path));
    if (!options_.decompress) {
      LAMINA_ASSIGN(pulled_.bytes_written, size_of_file(stored.fd()));
      return stored.publish();
    }
    LAMINA_ASSIGN(TemporaryFile plain, TemporaryFile::create(to.path, session_.random));
    FdSource source(stored.fd());
    DecompressingSource decompressing(source);
    FdSink sink(plain.fd());
    LAMINA_ASSIGN(pulled_.bytes_written, copy_stream(decompressing, sink));
    return plain.publish();
  }

  Result<void> deliver(const DirectoryDestination& to) {
    std::filesystem::path target = to.path;
    if (!target.has_filename()) target = target.parent_path();  // "dir/"
    std::error_code error;
    if (std::filesystem::exists(target, error) && !std::filesystem::is_empty(target, error)) {
      return fail(Code::kConflict, "expected " + target.string() + " to be absent or an empty directory");
    }
    LAMINA_ASSIGN(TemporaryFile stored, fetch_beside(target));
    FdSource source(stored.fd());
    LAMINA_ASSIGN(pulled_.unpacked, unpack(source, target, to.unpack));
    pulled_.bytes_written = pulled_.unpacked->file_bytes;
    return {};
  }

  Result<void> deliver(const StreamDestination& to) {
    if (to.sink == nullptr) return fail(Code::kInvalid, "expected a stream to pull to, found none");
    CountingSink counting(to.sink);
    if (!options_.decompress) {
      LAMINA_ASSIGN(pulled_.bytes_received, download(session_, remote_, blob_, counting));
      pulled_.bytes_written = counting.count;
      return {};
    }
    Pipe pipe;
    Result<std::uint64_t> received = 0;
    std::jthread downloading([&] {
      received = download(session_, remote_, blob_, pipe);
      pipe.finish(received ? Result<void>() : std::unexpected(received.error()));
    });
    DecompressingSource decompressing(pipe);
    const auto copied = copy_stream(decompressing, counting);
    pipe.abandon();
    downloading.join();
    // A reader that gave up is why the download was cancelled, not the other way round.
    if (!received && received.error().code != Code::kCancelled) return std::unexpected(received.error());
    LAMINA_TRY(copied);
    LAMINA_ASSIGN(pulled_.bytes_received, std::move(received));
    pulled_.bytes_written = counting.count;
    return {};
  }

  const Session session_;
  Remote& remote_;
  const BlobName blob_;
  const PullOptions& options_;
  Pulled pulled_;
};

/// Reads everything below a manifest, each digest once.
class Verification {
 public:
  Verification(Session session, Remote& remote, const RepositoryName& repository)
      : session_(session), remote_(remote), repository_(repository) {}

  Result<void> run(const FetchedManifest& fetched, unsigned depth) {
    ++result.manifests;
    result.bytes += fetched.bytes.size();
    for (const Descriptor& child : fetched.manifest.manifests) {
      if (depth == kMaxDepth) return fail(Code::kInvalid, About::kManifest, "indexes are nested too deeply");
      if (!seen_.insert(child.digest).second) continue;
      LAMINA_ASSIGN(const FetchedManifest below, remote_.get_manifest(repository_, child.digest));
      if (below.bytes.size() != child.size) {
        return fail(Code::kMismatch, About::kSize,
                    "expected " + std::to_string(child.size) + " bytes of the manifest " +
                        child.digest.to_string() + ", found " + std::to_string(below.bytes.size()));
      }
      LAMINA_TRY(run(below, depth + 1));
    }
    if (fetched.manifest.config) LAMINA_TRY(check(*fetched.manifest.config));
    for (const Descriptor& layer : fetched.manifest.layers) LAMINA_TRY(check(layer));
    return {};
  }

  Verified result;

 private:
  static constexpr unsigned kMaxDepth = 8;

  Result<void> check(const Descriptor& blob) {
    if (is_non_distributable(blob.media_type) || !seen_.insert(blob.digest).second) return {};
    CountingSink nowhere;
    LAMINA_TRY(download(session_, remote_, {repository_, blob.digest, blob.size}, nowhere));
    ++result.blobs;
    result.bytes += nowhere.count;
    return {};
  }

  const Session session_;
  Remote& remote_;
  const RepositoryName& repository_;
  std::set<Digest> seen_;
};

}  // namespace

std::optional<Identity> identity_of(const Manifest& manifest) {
  const auto annotation = manifest.annotations.find(kIdentityAnnotation);
  if (annotation == manifest.annotations.end()) return std::nullopt;
  auto identity = parse_identity(annotation->second);
  if (!identity) return std::nullopt;
  return *std::move(identity);
}

Result<FetchedManifest> get_image(Remote& remote, const Reference& reference, const std::string& platform) {
  LAMINA_ASSIGN(FetchedManifest fetched, remote.get_manifest(reference.repository, reference.target()));
  if (fetched.manifest.kind == ManifestKind::kImage) return fetched;
  LAMINA_ASSIGN(const Descriptor* child, choose_child(fetched.manifest, platform));
  LAMINA_ASSIGN(FetchedManifest image, remote.get_manifest(reference.repository, child->digest));
  if (image.manifest.kind == ManifestKind::kImage) return image;
  return fail(Code::kUnsupported, About::kManifest,
              "the index names another index; name a manifest by its digest");
}

Result<Pulled> pull(Session session, Remote& remote, const Reference& reference,
                    const Destination& destination, const PullOptions& options) {
  LAMINA_ASSIGN(const FetchedManifest image, get_image(remote, reference, options.platform));
  LAMINA_ASSIGN(const Descriptor* layer, choose_layer(image.manifest, options));
  Pulled known;
  known.manifest = image.descriptor;
  known.layer = *layer;
  known.annotations = image.manifest.annotations;
  known.identity = identity_of(image.manifest);
  return Pull(session, remote, {reference.repository, layer->digest, layer->size}, options, std::move(known))
      .run(destination);
}

Result<Pulled> pull_blob(Session session, Remote& remote, const Reference& repository, const Digest& digest,
                         const Destination& destination, const PullOptions& options) {
  LAMINA_ASSIGN(const auto size, blob_size(remote, repository.repository, digest));
  Pulled known;
  known.layer = describe(std::string(media_type::kOctetStream), digest, size.value_or(0));
  return Pull(session, remote, {repository.repository, digest, size}, options, std::move(known))
      .run(destination);
}

Result<Pulled> pull_url(Session session, Exchange& exchange, std::string_view url, const Digest& digest,
                        std::optional<std::uint64_t> size, const Destination& destination,
                        const PullOptions& options) {
  LAMINA_ASSIGN(const std::string origin, origin_of(url));
  const auto path = url.find_first_of("/?", url.find("://") + 3);
  Remote remote(exchange, origin, origin);
  Pulled known;
  known.layer = describe(std::string(media_type::kOctetStream), digest, size.value_or(0));
  const BlobName file{.repository = {},
                      .digest = digest,
                      .size = size,
                      .path = path == std::string_view::npos ? "/" : std::string(url.substr(path))};
  LAMINA_ASSIGN(Pulled pulled, Pull(session, remote, file, options, std::move(known)).run(destination));
  if (!size) pulled.layer.size = pulled.bytes_received;
  return pulled;
}

Result<Verified> verify(Session session, Remote& remote, const Reference& reference) {
  LAMINA_ASSIGN(const FetchedManifest fetched, remote.get_manifest(reference.repository, reference.target()));
  Verification verification(session, remote, reference.repository);
  LAMINA_TRY(verification.run(fetched, 0));
  verification.result.manifest = fetched.descriptor;
  return verification.result;
}

}  // namespace lamina::client
