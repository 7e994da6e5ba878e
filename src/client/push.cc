// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <utility>

#include "client/blueprint.h"
#include "client/publish.h"
#include "client/session.h"
#include "oci/image_config.h"

namespace lamina::client {
namespace {

/// Content as bytes to send.
struct Payload {
  std::unique_ptr<Body> body;
  std::string what;
  bool rereadable = false;                         ///< Reading it a second time is possible.
  std::shared_ptr<std::optional<Digest>> diff_id;  ///< Set when `body` has been read, for Blueprint::regzip.
  std::shared_ptr<std::optional<PackStats>> packed;  ///< Of a directory; set when `body` has been read.
};

class HashingSink final : public Sink {
 public:
  explicit HashingSink(Sink& next) : next_(next) {}
  Result<void> write(std::span<const std::byte> bytes) override {
    hasher_.update(bytes);
    return next_.write(bytes);
  }
  Digest digest() const { return hasher_.digest(); }

 private:
  Sink& next_;
  Hasher hasher_;
};

/// gzip of what `raw` writes; the digest of the raw bytes goes to `diff_id`.
ProducedBody::Producer gzipped(ProducedBody::Producer raw, std::shared_ptr<std::optional<Digest>> diff_id) {
  return [raw = std::move(raw), diff_id = std::move(diff_id)](Sink& out) -> Result<void> {
    GzipSink gzip(out);
    HashingSink hashing(gzip);
    LAMINA_TRY(raw(hashing));
    LAMINA_TRY(gzip.finish());
    *diff_id = hashing.digest();
    return {};
  };
}

Result<Payload> open_payload(const Content& content, const Blueprint& blueprint) {
  Payload payload;
  ProducedBody::Producer raw;
  if (const auto* directory = std::get_if<DirectoryContent>(&content)) {
    payload.what = directory->path.string();
    payload.rereadable = true;
    payload.packed = std::make_shared<std::optional<PackStats>>();
    raw = [path = directory->path, pack = *blueprint.pack,
           packed = payload.packed](Sink& out) -> Result<void> {
      LAMINA_ASSIGN(*packed, pack_directory(path, pack, out));
      return {};
    };
  } else if (const auto* file = std::get_if<FileContent>(&content)) {
    payload.what = file->path.string();
    payload.rereadable = true;
    LAMINA_ASSIGN(payload.body, FileBody::open(file->path));
    raw = [path = file->path](Sink& out) -> Result<void> {
      LAMINA_ASSIGN(const auto body, FileBody::open(path));
      DecompressingSource plain(*body);
      LAMINA_TRY(copy_stream(plain, out));
      return {};
    };
  } else {
    const auto& stream = std::get<StreamContent>(content);
    if (stream.source == nullptr) return fail(Code::kInvalid, "expected a stream to push, found none");
    payload.what = "stream";
    payload.body = std::make_unique<StreamBody>(*stream.source, stream.size);
    raw = [input = std::make_shared<StreamBody>(*stream.source, stream.size)](Sink& out) -> Result<void> {
      DecompressingSource plain(*input);
      LAMINA_TRY(copy_stream(plain, out));
      return {};
    };
  }
  if (blueprint.regzip) {
    payload.diff_id = std::make_shared<std::optional<Digest>>();
    payload.body =
        std::make_unique<ProducedBody>(gzipped(std::move(raw), payload.diff_id), payload.rereadable);
  } else if (!payload.body) {
    payload.body = std::make_unique<ProducedBody>(std::move(raw), payload.rereadable);
  }
  return payload;
}

/// A body that was measured, so that it can be sent with a length; kConflict where it has become another.
class SizedBody final : public Body {
 public:
  SizedBody(Body& body, std::uint64_t size) : body_(body), size_(size) {}
  Result<std::size_t> read(std::span<std::byte> buffer) override {
    LAMINA_ASSIGN(const std::size_t count, body_.read(buffer));
    at_ += count;
    if (at_ > size_ || (count == 0 && at_ < size_)) {
      return fail(Code::kConflict, "the content changed between hashing and sending it; push it again");
    }
    return count;
  }
  std::optional<std::uint64_t> size() const override { return size_; }
  Result<bool> rewind() override {
    LAMINA_ASSIGN(const bool rewound, body_.rewind());
    if (rewound) at_ = 0;
    return rewound;
  }

 private:
  Body& body_;
  const std::uint64_t size_;
  std::uint64_t at_ = 0;
};

class Push {
 public:
  Push(Session session, Remote& remote, const Reference& target, const PushOptions& options,
       Blueprint blueprint, Payload payload)
      : session_(session),
        remote_(remote),
        target_(target),
        options_(options),
        blueprint_(std::move(blueprint)),
        payload_(std::move(payload)),
        tags_(options.tags) {
    if (target.tag) tags_.insert(tags_.begin(), *target.tag);
    std::ranges::sort(tags_);
    tags_.erase(std::ranges::unique(tags_).begin(), tags_.end());
  }

  Result<Published> run() {
    LAMINA_ASSIGN(Published published, publish());
    if (published.url.empty()) {
      LAMINA_ASSIGN(published.url,
                    remote_.file_url(published.repository, published.manifest.digest, published.layer));
    }
    return published;
  }

 private:
  Result<Published> publish() {
    if (tags_.empty() && !target_.digest) tags_.push_back(*Tag::parse("latest"));
    LAMINA_ASSIGN(const bool one_request, can_publish());
    LAMINA_TRY(measure_where_useful());
    if (known_) {
      LAMINA_ASSIGN(const std::string bytes, finish_manifest(known_->digest, known_->size));
      LAMINA_ASSIGN(const bool unchanged, tags_name(Digest::of(bytes, algorithm())));
      if (unchanged) {
        // A registry that found the layer damaged still has the manifest, and gets the bytes anew.
        LAMINA_ASSIGN(const bool present, has_layer());
        if (present) {
          Published published = result(bytes);
          published.unchanged = true;
          return published;
        }
      }
    }
    // With a digest to fulfil and content of unknown digest, the manifest must be seen before it is written.
    if (one_request && (known_ || !target_.digest)) {
      LAMINA_ASSIGN(const bool send_bytes, must_send_bytes());
      if (send_bytes) return publish_at_once();
    }
    return publish_in_steps();
  }

  Algorithm algorithm() const { return target_.digest ? target_.digest->algorithm() : Algorithm::kSha256; }
  Result<bool> can_publish() {
    const bool expires = options_.ttl || options_.owner;
    const bool required = options_.mode == PublishMode::kOneRequest || expires;
    if (options_.mode == PublishMode::kStandard) {
      if (expires) return fail(Code::kUnsupported, "a time to live needs the publish in one request");
      return false;
    }
    LAMINA_ASSIGN(const std::string version, remote_.version());
    const bool possible =
        !version.empty() && !blueprint_.config_has_diff_id && algorithm() == Algorithm::kSha256;
    if (required && !possible) {
      return fail(
          Code::kUnsupported,
          version.empty()
              ? remote_.registry() + " is not Lamina: no publish in one request and no time to live there"
              : "this profile cannot be published in one request: its config depends on the layer");
    }
    return possible;
  }

  /// A file is hashed first, as one more read is cheaper than bytes on the wire; a directory only where the
  /// tag is there already, as it may then be unchanged.
  Result<void> measure_where_useful() {
    if (!payload_.rereadable) return {};
    if (!payload_.body->size()) {
      bool present = target_.digest.has_value();
      if (!present) {
        LAMINA_ASSIGN(const auto head, remote_.head_manifest(target_.repository, tags_.front()));
        present = head.has_value();
      }
      if (!present) return {};
    }
    const auto total = payload_.body->size();
    LAMINA_ASSIGN(known_, measure(*payload_.body, on_progress(Progress::Phase::kHashing, total)));
    LAMINA_TRY(session_.reporter.report({.phase = Progress::Phase::kHashing,
                                         .what = payload_.what,
                                         .done = known_->size,
                                         .total = total,
                                         .finished = true}));
    keep_pack_stats();
    LAMINA_TRY(payload_.body->rewind());
    return {};
  }

  /// To be called when all of the content has been read: until then another thread may write them.
  void keep_pack_stats() {
    if (payload_.packed) packed_ = *payload_.packed;
  }

  HashingBody::OnProgress on_progress(Progress::Phase phase, std::optional<std::uint64_t> total) {
    return [this, phase, total](std::uint64_t done) {
      return session_.reporter.report({.phase = phase, .what = payload_.what, .done = done, .total = total});
    };
  }
  Result<void> report_uploaded(std::uint64_t size) {
    return session_.reporter.report({.phase = Progress::Phase::kUploading,
                                     .what = payload_.what,
                                     .done = size,
                                     .total = size,
                                     .finished = true});
  }

  /// The manifest of the layer; from here on the config is final.
  Result<std::string> finish_manifest(const Digest& digest, std::uint64_t size) {
    if (blueprint_.config_has_diff_id) blueprint_.config = oci::go_image_config(*payload_.diff_id);
    layer_ = layer_descriptor(blueprint_, digest, size);
    std::string bytes = build_manifest(blueprint_, layer_);
    if (target_.digest && Digest::of(bytes, algorithm()) != *target_.digest) {
      return fail(Code::kMismatch, About::kDigest,
                  "expected the manifest " + target_.digest->to_string() + ", this content makes " +
                      Digest::of(bytes, algorithm()).to_string() + "; leave the digest out to publish it");
    }
    return bytes;
  }

  Result<bool> tags_name(const Digest& digest) {
    if (tags_.empty()) {
      LAMINA_ASSIGN(const auto head, remote_.head_manifest(target_.repository, digest));
      return head.has_value();
    }
    for (const Tag& tag : tags_) {
      LAMINA_ASSIGN(const auto head, remote_.head_manifest(target_.repository, tag));
      if (!head || head->digest != digest) return false;
    }
    return true;
  }

  /// False where the repository has the layer, so that the standard sequence costs no bytes.
  Result<bool> must_send_bytes() {
    if (!known_ || options_.ttl || options_.owner || options_.if_match || options_.if_none_match ||
        options_.mode == PublishMode::kOneRequest) {
      return true;
    }
    LAMINA_ASSIGN(const bool present, has_layer());
    return !present;
  }

  /// Whether the repository has the layer, whose digest is known; asked once.
  Result<bool> has_layer() {
    if (!layer_present_) {
      LAMINA_ASSIGN(layer_present_, remote_.has_blob(target_.repository, known_->digest));
    }
    return *layer_present_;
  }

  Published result(const std::string& bytes) const {
    Published published{
        .registry = remote_.registry(),
        .repository = target_.repository,
        .tags = tags_,
        .manifest = describe(blueprint_.manifest_type, Digest::of(bytes, algorithm()), bytes.size()),
        .layer = layer_,
        .identity = options_.identity,
        .url = {},
        .packed = packed_};
    published.manifest.artifact_type = blueprint_.artifact_type;
    return published;
  }

  Result<Published> publish_at_once() {
    HashingBody hashing(*payload_.body, on_progress(Progress::Phase::kUploading,
                                                    known_ ? std::optional(known_->size) : std::nullopt));
    std::optional<SizedBody> sized;
    if (known_) sized.emplace(hashing, known_->size);
    LAMINA_ASSIGN(const PublishAnswer answer,
                  send_publish(remote_, target_.repository, tags_, options_, blueprint_, known_,
                               sized ? static_cast<Body&>(*sized) : hashing, session_.random.hex128()));
    // An answer may come before all was read, where the registry needs no bytes for it.
    const Digest digest = known_ ? known_->digest : hashing.digest();
    const std::uint64_t size = known_ ? known_->size : hashing.count();
    if (!known_) keep_pack_stats();
    LAMINA_ASSIGN(const std::string bytes, finish_manifest(digest, size));
    Published published = result(bytes);
    if (answer.digest != published.manifest.digest) {
      return fail(Code::kMismatch, About::kDigest,
                  "expected " + remote_.registry() + " to store the manifest " +
                      published.manifest.digest.to_string() + ", it stored " + answer.digest.to_string());
    }
    LAMINA_TRY(report_uploaded(size));
    published.url = answer.url;
    published.unchanged = answer.unchanged;
    published.one_request = true;
    return published;
  }

  Result<void> upload_layer() {
    const RepositoryName& repository = target_.repository;
    if (known_) {
      LAMINA_ASSIGN(const bool present, has_layer());
      if (present) return {};
    }
    HashingBody hashing(*payload_.body,
                        on_progress(Progress::Phase::kUploading,
                                    known_ ? std::optional(known_->size) : payload_.body->size()));
    if (known_) {
      SizedBody sized(hashing, known_->size);
      LAMINA_TRY(remote_.upload_known(repository, known_->digest, sized));
    } else {
      LAMINA_TRY(remote_.upload_unknown(repository, hashing));
      known_ = Measured{.digest = hashing.digest(), .size = hashing.count()};
      keep_pack_stats();
    }
    return report_uploaded(known_->size);
  }

  Result<void> check_preconditions() {
    if (!options_.if_match && !options_.if_none_match) return {};
    for (const Tag& tag : tags_) {
      LAMINA_ASSIGN(const auto head, remote_.head_manifest(target_.repository, tag));
      if (options_.if_none_match && head) {
        return fail(Code::kPrecondition, About::kTag,
                    "expected no tag " + tag.str() + " yet, it names " + head->digest.to_string());
      }
      if (options_.if_match && (!head || head->digest != *options_.if_match)) {
        return fail(Code::kPrecondition, About::kTag,
                    "expected the tag " + tag.str() + " to name " + options_.if_match->to_string() +
                        ", it names " + (head ? head->digest.to_string() : std::string("nothing")));
      }
    }
    return {};
  }

  Result<Published> publish_in_steps() {
    const RepositoryName& repository = target_.repository;
    LAMINA_TRY(check_preconditions());
    LAMINA_TRY(upload_layer());
    LAMINA_ASSIGN(const std::string bytes, finish_manifest(known_->digest, known_->size));
    Published published = result(bytes);
    LAMINA_ASSIGN(published.unchanged, tags_name(published.manifest.digest));
    if (published.unchanged) return published;

    const Descriptor config = config_descriptor(blueprint_);
    LAMINA_ASSIGN(const bool config_present, remote_.has_blob(repository, config.digest));
    if (!config_present) {
      StringBody body(blueprint_.config);
      LAMINA_TRY(remote_.upload_known(repository, config.digest, body));
    }
    LAMINA_TRY(check_preconditions());
    bool listed = false;
    // A tag alone makes a sha256 manifest; another algorithm comes in by its digest.
    if (tags_.empty() || algorithm() != Algorithm::kSha256) {
      LAMINA_ASSIGN(listed, remote_.put_manifest(repository, published.manifest.digest,
                                                 blueprint_.manifest_type, bytes));
    }
    for (const Tag& tag : tags_) {
      LAMINA_ASSIGN(listed, remote_.put_manifest(repository, tag, blueprint_.manifest_type, bytes));
    }
    if (blueprint_.subject && !listed) {
      Descriptor referrer = published.manifest;
      referrer.annotations = blueprint_.annotations;
      if (referrer.artifact_type.empty()) referrer.artifact_type = blueprint_.config_type;
      LAMINA_TRY(add_to_referrers_tag(remote_, repository, blueprint_.subject->digest, referrer));
    }
    return published;
  }

  const Session session_;
  Remote& remote_;
  const Reference& target_;
  const PushOptions& options_;
  Blueprint blueprint_;
  Payload payload_;
  std::vector<Tag> tags_;
  std::optional<Measured> known_;
  std::optional<bool> layer_present_;
  Descriptor layer_;
  std::optional<PackStats> packed_;
};

}  // namespace

Result<Published> push(Session session, Remote& remote, const Reference& target, const Content& content,
                       const PushOptions& options) {
  LAMINA_ASSIGN(Blueprint blueprint, draw_blueprint(content, options));
  LAMINA_ASSIGN(Payload payload, open_payload(content, blueprint));
  return Push(session, remote, target, options, std::move(blueprint), std::move(payload)).run();
}

}  // namespace lamina::client
