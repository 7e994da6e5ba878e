// SPDX-License-Identifier: Apache-2.0
#include "store/audit.h"

#include <algorithm>
#include <set>

#include "lamina/manifest.h"
#include "oci/quote.h"
#include "store/blobs.h"
#include "store/checksum.h"
#include "store/expiry.h"
#include "store/keys.h"
#include "store/records.h"
#include "store/references.h"

namespace lamina::store {
namespace {

using meta::Include;
using meta::Table;
using Weight = Finding::Weight;

constexpr std::size_t kPage = 256;

class Audit {
 public:
  explicit Audit(Context& context) : context_(context) {}

  Result<std::vector<Finding>> run() {
    LAMINA_TRY(each(Table::kManifests, &Audit::manifest));
    LAMINA_TRY(each(Table::kRepositories, &Audit::repository));
    LAMINA_TRY(each(Table::kTags, &Audit::tag));
    LAMINA_TRY(each(Table::kTagsOf, &Audit::tag_of));
    for (const Table table : {Table::kEdges, Table::kReferrers, Table::kIdentities}) {
      table_ = table;
      LAMINA_TRY(each(table, &Audit::derived));
    }
    LAMINA_TRY(each(Table::kHolds, &Audit::holder));
    LAMINA_TRY(each(Table::kHeld, &Audit::held));
    LAMINA_TRY(each(Table::kHoldSyncs, &Audit::hold_sync));
    LAMINA_TRY(each(Table::kOwners, &Audit::owner));
    LAMINA_TRY(each(Table::kLinks, &Audit::link));
    LAMINA_TRY(each(Table::kLinked, &Audit::linked));
    LAMINA_TRY(each(Table::kBlobs, &Audit::blob));
    LAMINA_TRY(each(Table::kUploads, &Audit::upload));
    LAMINA_TRY(each(Table::kRemovals, &Audit::removal));
    LAMINA_TRY(each(Table::kInline, &Audit::inline_bytes));
    LAMINA_TRY(each(Table::kChecksums, &Audit::checksums));
    LAMINA_TRY(files());
    return std::move(findings_);
  }

 private:
  using Check = Result<void> (Audit::*)(const meta::Record&);

  /// Calls `check` for every record of a table. A record that does not parse is a finding.
  Result<void> each(Table table, Check check) {
    std::string after;
    for (;;) {
      LAMINA_ASSIGN(const auto records, context_.meta.scan(table, {}, after, kPage));
      for (const auto& record : records) {
        // No key is empty, so the first page begins with the first.
        const auto checked = (this->*check)(record);
        if (checked) continue;
        if (checked.error().code != Code::kCorrupt && checked.error().code != Code::kInvalid) return checked;
        found(Weight::kDamage, "table " + std::to_string(static_cast<int>(table)) + ", key " +
                                   oci::quote(record.key) + ": " + checked.error().message);
      }
      if (records.size() < kPage) return {};
      after = records.back().key;
    }
  }

  void found(Weight weight, std::string what) { findings_.push_back({weight, std::move(what)}); }

  Result<bool> has(Table table, const std::string& key) {
    LAMINA_ASSIGN(const auto value, context_.meta.get(table, key));
    return value.has_value();
  }

  Result<void> expect(Table table, const std::string& key, std::string_view what) {
    LAMINA_ASSIGN(const bool there, has(table, key));
    if (!there) found(Weight::kDamage, std::string(what));
    return {};
  }

  Result<void> manifest(const meta::Record& record) {
    LAMINA_ASSIGN(const auto member, keys::parse_member(record.key));
    const auto& [repository, digest] = member;
    const std::string name = "manifest " + repository.str() + '@' + digest.to_string();
    LAMINA_ASSIGN(const auto stored, decode<ManifestRecord>(record.value));
    if (Digest::of(stored.bytes, digest.algorithm()) != digest) {
      found(Weight::kDamage, name + " has other bytes");
      return {};
    }
    LAMINA_ASSIGN(const auto content, parse_manifest(stored.bytes, stored.media_type));
    for (const auto& derived :
         derived_records(repository, digest, stored.media_type, stored.bytes.size(), content)) {
      LAMINA_ASSIGN(const auto value, context_.meta.get(derived.table, derived.key));
      if (value != derived.value) {
        found(Weight::kDamage,
              name + " lacks a record in table " + std::to_string(static_cast<int>(derived.table)));
      }
    }
    if (!context_.options.accepts_sparse(repository)) {
      for (const Descriptor& named : named_content(content)) {
        const std::string key = keys::in(repository, named.digest);
        LAMINA_ASSIGN(const bool is_child, has(Table::kManifests, key));
        LAMINA_ASSIGN(const bool is_blob, has(Table::kLinks, key));
        if (!is_child && !is_blob) {
          found(Weight::kDamage, name + " names " + named.digest.to_string() + ", which is not there");
        }
      }
    }
    LAMINA_TRY(
        expect(Table::kRepositories, keys::repository(repository), name + " is in no listed repository"));
    LAMINA_TRY(expiry(repository, digest, stored, name));
    return tags_of(repository, digest, stored.condemned, name);
  }

  /// The entry by which an expiry is found. What is held has none, and gets one with the end of the last
  /// hold.
  Result<void> expiry(const RepositoryName& repository, const Digest& digest, const ManifestRecord& stored,
                      const std::string& name) {
    if (stored.expires == UnixTime{} || stored.condemned) return {};
    LAMINA_ASSIGN(const auto hold, find_hold(context_, repository, digest));
    if (hold) return {};
    LAMINA_ASSIGN(bool noted, has(Table::kExpiries, keys::due(stored.expires, repository, digest)));
    LAMINA_ASSIGN(const auto owner,
                  read_record<OwnerRecord>(context_, Table::kOwners, keys::in(repository, digest),
                                           decode<OwnerRecord>));
    if (!noted && owner && !owner->released) {
      LAMINA_ASSIGN(noted, has(Table::kOwnedExpiries,
                               keys::owned_due(owner->owner.scope, stored.expires, repository, digest)));
    }
    if (!noted) found(Weight::kDamage, name + " will not expire when it should");
    return {};
  }

  /// The count of a manifest's tags, and what was deleted but is held.
  Result<void> tags_of(const RepositoryName& repository, const Digest& digest, bool condemned,
                       const std::string& name) {
    const std::string key = keys::in(repository, digest);
    LAMINA_ASSIGN(const auto count, context_.meta.get(Table::kTagsOf, key));
    std::uint64_t tags = 0;
    for (std::string after = key;;) {
      LAMINA_ASSIGN(const auto page, context_.meta.scan(Table::kTagsOf, key, after, kPage, Include::kKeys));
      tags += page.size();
      if (page.size() < kPage) break;
      after = page.back().key;
    }
    if (!count) {
      found(Weight::kDamage, name + " has no count of its tags");
    } else {
      LAMINA_ASSIGN(const auto counted, decode<TagCountRecord>(*count));
      if (counted.tags != tags || (counted.untagged == UnixTime{}) != (tags > 0)) {
        found(Weight::kDamage, name + " has " + std::to_string(tags) + " tags, " +
                                   std::to_string(counted.tags) + " are counted");
      }
    }
    if (!condemned) return {};
    if (tags > 0) found(Weight::kDamage, name + " is deleted, and has tags");
    LAMINA_ASSIGN(const auto parents,
                  context_.meta.scan(Table::kEdges, keys::edges(digest, repository), {}, 1, Include::kKeys));
    LAMINA_ASSIGN(const auto hold, find_hold(context_, repository, digest));
    if (parents.empty() && !hold)
      found(Weight::kLeftover, name + " is deleted, and neither an index nor an object keeps it any more");
    return {};
  }

  Result<void> holder(const meta::Record& record) {
    LAMINA_ASSIGN(const Holder object, keys::parse_holder(record.key));
    LAMINA_ASSIGN(const auto stored, decode<HolderRecord>(record.value));
    const std::string name = "object " + to_string(object);
    if (stored.holds.empty()) found(Weight::kDamage, name + " is recorded, and holds nothing");
    for (const HeldManifest& manifest : stored.holds) {
      const std::string what = name + " holds " + manifest.repository.str() + '@' +
                               manifest.digest.to_string() + ", which is not ";
      LAMINA_TRY(expect(Table::kHeld, keys::held(manifest, record.key), what + "known to the manifest"));
      LAMINA_TRY(expect(Table::kManifests, keys::in(manifest.repository, manifest.digest), what + "there"));
    }
    return {};
  }

  Result<void> held(const meta::Record& record) {
    std::string_view rest = record.key;
    LAMINA_ASSIGN(const auto member, keys::take_member(rest));
    LAMINA_ASSIGN(const auto stored,
                  read_record<HolderRecord>(context_, Table::kHolds, rest, decode<HolderRecord>));
    const HeldManifest manifest{member.repository, member.digest};
    if (!stored || std::ranges::find(stored->holds, manifest) == stored->holds.end()) {
      found(Weight::kDamage, "manifest " + manifest.repository.str() + '@' + manifest.digest.to_string() +
                                 " is noted to be held by an object that does not hold it");
    }
    return {};
  }

  Result<void> hold_sync(const meta::Record& record) {
    LAMINA_TRY(decode<SyncRecord>(record.value));
    return {};
  }

  Result<void> owner(const meta::Record& record) {
    LAMINA_ASSIGN(const auto member, keys::parse_member(record.key));
    LAMINA_TRY(decode<OwnerRecord>(record.value));
    LAMINA_ASSIGN(const auto stored, read_record<ManifestRecord>(context_, Table::kManifests, record.key,
                                                                 decode<ManifestRecord>));
    if (!stored || stored->expires == UnixTime{}) {
      found(Weight::kDamage, "manifest " + member.repository.str() + '@' + member.digest.to_string() +
                                 " has an owner, and does not expire");
    }
    return {};
  }

  Result<void> repository(const meta::Record& record) {
    LAMINA_ASSIGN(const auto name, RepositoryName::parse(record.key));
    LAMINA_TRY(decode<RepositoryRecord>(record.value));
    LAMINA_ASSIGN(const auto first,
                  context_.meta.scan(Table::kManifests, keys::in(name), {}, 1, Include::kKeys));
    if (first.empty())
      found(Weight::kLeftover, "repository " + record.key + " is listed, and holds no manifest");
    return {};
  }

  Result<void> tag(const meta::Record& record) {
    const std::size_t end = record.key.find('\0');
    LAMINA_ASSIGN(const auto repository, RepositoryName::parse(record.key.substr(0, end)));
    LAMINA_ASSIGN(const auto tag,
                  Tag::parse(std::string_view(record.key).substr(std::min(end, record.key.size() - 1) + 1)));
    LAMINA_ASSIGN(const auto stored, decode<TagRecord>(record.value));
    const std::string name = "tag " + repository.str() + ':' + tag.str();
    LAMINA_TRY(expect(Table::kManifests, keys::in(repository, stored.digest), name + " names no manifest"));
    return expect(Table::kTagsOf, keys::tag_of(repository, stored.digest, tag),
                  name + " is not known to its manifest");
  }

  Result<void> tag_of(const meta::Record& record) {
    std::string_view rest = record.key;
    const std::size_t end = rest.find('\0');
    LAMINA_ASSIGN(const auto repository, RepositoryName::parse(rest.substr(0, end)));
    rest.remove_prefix(std::min(end, rest.size() - 1) + 1);
    LAMINA_ASSIGN(const Digest digest, keys::take_digest(rest));
    const std::string name = "manifest " + repository.str() + '@' + digest.to_string();
    if (rest.empty())
      return expect(Table::kManifests, record.key, "tags of " + name + " are counted, which is not there");
    LAMINA_ASSIGN(const auto tag, Tag::parse(rest));
    LAMINA_ASSIGN(const auto stored, context_.meta.get(Table::kTags, keys::in(repository, tag)));
    if (stored) {
      LAMINA_ASSIGN(const auto current, decode<TagRecord>(*stored));
      if (current.digest == digest) return {};
    }
    found(Weight::kDamage, name + " is noted to have tag " + tag.str() + ", which does not name it");
    return {};
  }

  /// A record that a manifest has to account for. The manifest is the end of the key.
  Result<void> derived(const meta::Record& record) {
    std::string_view rest = record.key;
    std::optional<RepositoryName> repository;
    if (table_ == Table::kEdges) {
      LAMINA_TRY(keys::take_digest(rest));
    } else if (table_ == Table::kIdentities) {
      rest.remove_prefix(std::min(rest.size(), keys::kTermBytes));
    }
    const std::size_t end = rest.find('\0');
    LAMINA_ASSIGN(repository, RepositoryName::parse(rest.substr(0, end)));
    rest.remove_prefix(std::min(end, rest.size() - 1) + 1);
    if (table_ == Table::kReferrers) {
      LAMINA_TRY(keys::take_digest(rest));
      rest.remove_prefix(std::min(rest.size(), keys::kTermBytes));
    }
    LAMINA_ASSIGN(const Digest digest, keys::take_digest(rest));
    const std::string name = repository->str() + '@' + digest.to_string();
    LAMINA_ASSIGN(const auto stored,
                  read_record<ManifestRecord>(context_, Table::kManifests, keys::in(*repository, digest),
                                              decode<ManifestRecord>));
    if (stored) {
      LAMINA_ASSIGN(const auto content, parse_manifest(stored->bytes, stored->media_type));
      const auto all =
          derived_records(*repository, digest, stored->media_type, stored->bytes.size(), content);
      const bool accounted = std::ranges::any_of(
          all, [&](const auto& each) { return each.table == table_ && each.key == record.key; });
      if (accounted) return {};
    }
    // What it names would never be removed, or what is gone be listed.
    found(Weight::kDamage, "table " + std::to_string(static_cast<int>(table_)) +
                               " has a record of manifest " + name + ", which does not account for it");
    return {};
  }

  Result<void> link(const meta::Record& record) {
    LAMINA_ASSIGN(const auto member, keys::parse_member(record.key));
    const auto& [repository, digest] = member;
    const std::string name = "link of " + repository.str() + " to blob " + digest.to_string();
    LAMINA_ASSIGN(const auto stored, decode<LinkRecord>(record.value));
    LAMINA_TRY(expect(Table::kLinked, keys::linked(digest, repository), name + " is not known to the blob"));
    LAMINA_TRY(
        expect(Table::kLeases, keys::due(stored.lease, repository, digest), name + " will not be looked at"));
    LAMINA_ASSIGN(const auto blob, find_blob(context_, digest));
    if (!blob) found(Weight::kDamage, name + ": the blob is not there");
    return {};
  }

  Result<void> linked(const meta::Record& record) {
    std::string_view rest = record.key;
    LAMINA_ASSIGN(const Digest digest, keys::take_digest(rest));
    LAMINA_ASSIGN(const auto repository, RepositoryName::parse(rest));
    return expect(
        Table::kLinks, keys::in(repository, digest),
        "blob " + digest.to_string() + " is noted in " + repository.str() + ", which has no link to it");
  }

  Result<void> blob(const meta::Record& record) {
    std::string_view rest = record.key;
    LAMINA_ASSIGN(const Digest digest, keys::take_digest(rest));
    const std::string name = "blob " + digest.to_string();
    LAMINA_ASSIGN(const auto stored, decode<BlobRecord>(record.value));
    if (!ids_.insert(stored.id).second) found(Weight::kDamage, name + " has the bytes of another");
    // Of a blob in quarantine it is known that they differ.
    if (stored.quarantined) return {};
    if (stored.place == BlobRecord::Place::kInline) {
      return expect(Table::kInline, stored.id.str(), name + " has no bytes");
    }
    LAMINA_TRY(expect(Table::kChecksums, stored.id.str(), name + " has no checksums"));
    const auto bytes = context_.blobs.open(stored.id);
    if (bytes && (*bytes)->size() == stored.size) return {};
    if (!bytes && bytes.error().code != Code::kNotFound) return std::unexpected(bytes.error());
    found(Weight::kDamage, name + (bytes ? " has another size" : " has no bytes"));
    return {};
  }

  Result<void> upload(const meta::Record& record) {
    LAMINA_ASSIGN(const auto id, blob::UploadId::parse(record.key));
    LAMINA_ASSIGN(const auto stored, decode<UploadRecord>(record.value));
    if (stored.state == UploadRecord::State::kOpen) {
      open_.insert(id);
      return {};
    }
    found(Weight::kLeftover, "upload " + id.str() + " was not finished");
    const auto bytes = context_.blobs.id_for(id, *stored.digest);
    if (ids_.contains(bytes))
      found(Weight::kDamage, "upload " + id.str() + " would take the bytes of a blob with it");
    return {};
  }

  Result<void> removal(const meta::Record& record) {
    const blob::BlobId id(record.key);
    if (ids_.contains(id))
      found(Weight::kDamage, "bytes " + record.key + " are to be removed, and a blob has them");
    removals_.insert(id);
    return {};
  }

  Result<void> inline_bytes(const meta::Record& record) { return accounted(record.key, "inline bytes "); }
  Result<void> checksums(const meta::Record& record) {
    LAMINA_TRY(decode_checksums(record.value));
    return accounted(record.key, "checksums ");
  }
  Result<void> accounted(const std::string& id, std::string_view what) {
    if (!ids_.contains(blob::BlobId(id)))
      found(Weight::kLeftover, std::string(what) + id + " belong to no blob");
    return {};
  }

  Result<void> files() {
    blob::BlobId after;
    for (;;) {
      LAMINA_ASSIGN(const auto page, context_.blobs.list(after, kPage));
      for (const auto& id : page) {
        if (!ids_.contains(id) && !removals_.contains(id)) {
          found(Weight::kLeftover, "file " + id.str() + " belongs to no blob");
        }
      }
      if (page.size() < kPage) break;
      after = page.back();
    }
    LAMINA_ASSIGN(const auto uploads, context_.blobs.list_uploads());
    for (const auto& id : uploads) {
      if (!open_.contains(id))
        found(Weight::kLeftover, "file of upload " + id.str() + " belongs to no session");
    }
    return {};
  }

  Context& context_;
  std::vector<Finding> findings_;
  Table table_ = Table::kEdges;  // The one that derived() is called for.
  std::set<blob::BlobId> ids_, removals_;
  std::set<blob::UploadId> open_;
};

}  // namespace

Result<std::vector<Finding>> audit(Context& context) { return Audit(context).run(); }

}  // namespace lamina::store
