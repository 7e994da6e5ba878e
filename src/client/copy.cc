// SPDX-License-Identifier: Apache-2.0
#include <set>
#include <utility>

#include "client/download.h"
#include "client/session.h"

namespace lamina::client {
namespace {

class Copy {
 public:
  Copy(Session session, Remote& source, const RepositoryName& from, Remote& target, const RepositoryName& to)
      : session_(session), source_(source), from_(from), target_(target), to_(to) {}

  /// `fetched` and all below it, under `names` of the target.
  Result<void> manifest(const FetchedManifest& fetched, const std::vector<TagOrDigest>& names,
                        unsigned depth) {
    if (depth == kMaxDepth)
      return fail(Code::kInvalid, About::kManifest, "indexes or referrers are nested too deeply");
    std::vector<TagOrDigest> missing;
    bool present = false;
    for (const TagOrDigest& name : names) {
      LAMINA_ASSIGN(const auto head, target_.head_manifest(to_, name));
      if (head && head->digest == fetched.descriptor.digest) {
        present = true;
      } else {
        missing.push_back(name);
      }
    }
    // A registry that has the manifest has what is below it.
    if (!present) {
      LAMINA_ASSIGN(const auto head, target_.head_manifest(to_, fetched.descriptor.digest));
      present = head.has_value();
    }
    if (!present) LAMINA_TRY(contents(fetched, depth));
    for (const TagOrDigest& name : missing) {
      LAMINA_ASSIGN(const bool listed,
                    target_.put_manifest(to_, name, fetched.descriptor.media_type, fetched.bytes));
      if (const auto& subject = fetched.manifest.subject; subject && !listed) {
        Descriptor referrer = fetched.descriptor;
        referrer.artifact_type = fetched.manifest.effective_artifact_type();
        referrer.annotations = fetched.manifest.annotations;
        LAMINA_TRY(add_to_referrers_tag(target_, to_, subject->digest, referrer));
      }
    }
    if (!missing.empty()) ++result.manifests;
    return {};
  }

  /// What refers to `subject` and to what is below it.
  Result<void> referrers(const FetchedManifest& subject, unsigned depth) {
    if (depth == kMaxDepth)
      return fail(Code::kInvalid, About::kManifest, "indexes or referrers are nested too deeply");
    for (const Descriptor& child : subject.manifest.manifests) {
      LAMINA_ASSIGN(const FetchedManifest below, source_.get_manifest(from_, child.digest));
      LAMINA_TRY(referrers(below, depth + 1));
    }
    LAMINA_ASSIGN(const auto listed, list_referrers(source_, from_, subject.descriptor.digest, {}));
    for (const Descriptor& referrer : listed) {
      if (!referred_.insert(referrer.digest).second) continue;
      LAMINA_ASSIGN(const FetchedManifest fetched, source_.get_manifest(from_, referrer.digest));
      LAMINA_TRY(manifest(fetched, {referrer.digest}, depth));
      LAMINA_TRY(referrers(fetched, depth + 1));
    }
    return {};
  }

  Copied result;

 private:
  static constexpr unsigned kMaxDepth = 8;

  Result<void> contents(const FetchedManifest& fetched, unsigned depth) {
    for (const Descriptor& child : fetched.manifest.manifests) {
      LAMINA_ASSIGN(const FetchedManifest below, source_.get_manifest(from_, child.digest));
      LAMINA_TRY(manifest(below, {child.digest}, depth + 1));
    }
    if (fetched.manifest.config) LAMINA_TRY(blob(*fetched.manifest.config));
    for (const Descriptor& layer : fetched.manifest.layers) LAMINA_TRY(blob(layer));
    return {};
  }

  Result<void> blob(const Descriptor& descriptor) {
    if (is_non_distributable(descriptor.media_type) || !copied_.insert(descriptor.digest).second) return {};
    LAMINA_ASSIGN(const bool present, target_.has_blob(to_, descriptor.digest));
    if (present) {
      ++result.blobs_present;
      return {};
    }
    if (&source_ == &target_) {
      const auto mounted = target_.mount(to_, descriptor.digest, from_);
      if (mounted && *mounted) {
        ++result.blobs_mounted;
        return {};
      }
    }
    // The download runs beside the upload; where the upload must start again, so does the download.
    ProducedBody body(
        [&](Sink& sink) -> Result<void> {
          LAMINA_TRY(download(session_, source_, {from_, descriptor.digest, descriptor.size}, sink));
          return {};
        },
        true, descriptor.size);
    LAMINA_TRY(target_.upload_known(to_, descriptor.digest, body));
    ++result.blobs_copied;
    result.bytes += descriptor.size;
    return {};
  }

  const Session session_;
  Remote& source_;
  const RepositoryName& from_;
  Remote& target_;
  const RepositoryName& to_;
  std::set<Digest> copied_;
  std::set<Digest> referred_;
};

}  // namespace

Result<Copied> copy(Session session, Remote& source, const Reference& from, Remote& target,
                    const Reference& to, const CopyOptions& options) {
  LAMINA_ASSIGN(const FetchedManifest fetched, source.get_manifest(from.repository, from.target()));
  if (to.digest && *to.digest != fetched.descriptor.digest) {
    return fail(Code::kMismatch, About::kDigest,
                "expected " + to.digest->to_string() + " at the source, it has " +
                    fetched.descriptor.digest.to_string());
  }
  std::vector<TagOrDigest> names;
  if (to.tag) {
    names.emplace_back(*to.tag);
  } else if (!to.digest && !from.digest) {
    names.emplace_back(from.target());
  }
  if (names.empty() || fetched.descriptor.digest.algorithm() != Algorithm::kSha256) {
    names.insert(names.begin(), fetched.descriptor.digest);
  }
  Copy copy(session, source, from.repository, target, to.repository);
  LAMINA_TRY(copy.manifest(fetched, names, 0));
  if (options.referrers) LAMINA_TRY(copy.referrers(fetched, 0));
  copy.result.manifest = fetched.descriptor;
  return copy.result;
}

}  // namespace lamina::client
