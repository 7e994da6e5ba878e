// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/random.h"
#include "controller/export_cache.h"
#include "controller/fields.h"
#include "controller/kind.h"
#include "kube/testing/fake_api.h"
#include "oci/json.h"

namespace lamina::controller::testing {

class ManualClock final : public Clock {
 public:
  UnixTime now() const override { return UnixTime{std::chrono::seconds{seconds_.load()}}; }
  void advance(std::chrono::seconds by) { seconds_ += by.count(); }

 private:
  std::atomic<std::int64_t> seconds_{1'800'000'000};
};

class CountingRandom final : public Random {
 public:
  std::string hex128() override {
    std::string digits = std::to_string(next_++);
    return digits.insert(0, 32 - digits.size(), '0');
  }

 private:
  std::atomic<std::uint64_t> next_{1};
};

/// A registry of manifests with one layer each, which answers as ContentSource says.
class FakeContent final : public ContentSource {
 public:
  /// Stores a manifest of which `layer` is the content, under a tag where one is given.
  Content put(const std::string& repository, const std::string& tag, std::string_view layer,
              const std::string& media_type = "application/vnd.oci.image.layer.v1.tar+gzip") {
    Content content;
    content.layer = {.media_type = media_type, .digest = Digest::of(layer), .size = layer.size()};
    content.manifest = {.media_type = std::string(media_type::kImageManifest),
                        .digest = Digest::of(repository + media_type + std::string(layer)),
                        .size = 400};
    const std::lock_guard lock(mutex_);
    manifests_.insert_or_assign({repository, content.manifest.digest.to_string()}, content);
    if (!tag.empty()) tags_.insert_or_assign({repository, tag}, content.manifest.digest.to_string());
    return content;
  }
  /// Every call fails so, until null.
  void fail_with(std::optional<Trouble> trouble) {
    const std::lock_guard lock(mutex_);
    trouble_ = std::move(trouble);
  }
  /// Every look fails so; removals do not.
  void fail_looks_with(std::optional<Trouble> trouble) {
    const std::lock_guard lock(mutex_);
    trouble_of_looks_ = std::move(trouble);
  }
  bool has(const std::string& repository, const Digest& manifest) const {
    const std::lock_guard lock(mutex_);
    return manifests_.contains({repository, manifest.to_string()});
  }
  std::size_t looks() const { return looks_; }
  std::vector<std::string> removed() const {
    const std::lock_guard lock(mutex_);
    return removed_;
  }

  std::expected<Content, Trouble> look(const Reference& reference, const Expected& expected,
                                       const RegistryAccess* /*access*/,
                                       const std::string& /*namespace_name*/) override {
    ++looks_;
    const std::lock_guard lock(mutex_);
    for (const auto& trouble : {trouble_, trouble_of_looks_}) {
      if (trouble) return std::unexpected(*trouble);
    }
    const std::string& repository = reference.repository.str();
    std::string digest = reference.digest ? reference.digest->to_string() : "";
    if (const auto tag = tags_.find({repository, to_string(reference.target())});
        digest.empty() && tag != tags_.end()) {
      digest = tag->second;
    }
    const auto found = manifests_.find({repository, digest});
    if (found == manifests_.end()) {
      return std::unexpected(
          Trouble{.reason = Reason::kArtifactNotFound, .message = reference.to_string() + " is not there"});
    }
    const Content& content = found->second;
    if (expected.layer_digest && *expected.layer_digest != content.layer.digest) {
      return std::unexpected(Trouble{.reason = Reason::kDigestMismatch,
                                     .message = "expected " + expected.layer_digest->to_string() +
                                                ", found " + content.layer.digest.to_string()});
    }
    return content;
  }

  std::expected<Digest, Trouble> resolve(const Reference& reference) override {
    const std::lock_guard lock(mutex_);
    if (trouble_) return std::unexpected(*trouble_);
    const auto tag = tags_.find({reference.repository.str(), to_string(reference.target())});
    if (tag == tags_.end()) {
      return std::unexpected(
          Trouble{.reason = Reason::kArtifactNotFound, .message = reference.to_string() + " is not there"});
    }
    return Digest::parse(tag->second).value();
  }

  std::expected<void, Trouble> remove(const Reference& reference) override {
    const std::lock_guard lock(mutex_);
    if (trouble_) return std::unexpected(*trouble_);
    const std::string& repository = reference.repository.str();
    removed_.push_back(repository + (reference.digest ? "@" + reference.digest->to_string()
                                                      : ":" + reference.tag.value().str()));
    if (reference.digest) {
      manifests_.erase({repository, reference.digest->to_string()});
      std::erase_if(tags_, [&](const auto& tag) {
        return tag.first.first == repository && tag.second == reference.digest->to_string();
      });
    } else {
      tags_.erase({repository, reference.tag->str()});
    }
    return {};
  }

 private:
  mutable std::mutex mutex_;  // Guards all below.
  std::map<std::pair<std::string, std::string>, Content> manifests_;
  std::map<std::pair<std::string, std::string>, std::string> tags_;
  std::optional<Trouble> trouble_;
  std::optional<Trouble> trouble_of_looks_;
  std::vector<std::string> removed_;
  std::atomic<std::size_t> looks_ = 0;
};

class FakeHolds final : public Holds {
 public:
  /// `namespace/name: repository@digest, ...` of each object that holds something.
  std::map<std::string, std::set<std::string>> held() const {
    const std::lock_guard lock(mutex_);
    return held_;
  }
  std::size_t calls() const { return calls_; }
  void fail_with(std::optional<Trouble> trouble) {
    const std::lock_guard lock(mutex_);
    trouble_ = std::move(trouble);
  }

  std::expected<void, Trouble> hold(const kube::ResourceType& type, const kube::ObjectKey& key,
                                    const std::string& /*uid*/,
                                    const std::vector<HeldManifest>& manifests) override {
    ++calls_;
    const std::lock_guard lock(mutex_);
    if (trouble_) return std::unexpected(*trouble_);
    std::set<std::string> names;
    for (const auto& held : manifests) names.insert(held.repository.str() + "@" + held.digest.to_string());
    const std::string holder = type.kind + " " + key.to_string();
    if (names.empty()) {
      held_.erase(holder);
    } else {
      held_[holder] = std::move(names);
    }
    return {};
  }

 private:
  mutable std::mutex mutex_;  // Guards all below.
  std::map<std::string, std::set<std::string>> held_;
  std::optional<Trouble> trouble_;
  std::atomic<std::size_t> calls_ = 0;
};

/// Shows the objects of a FakeApi as a cache that is never behind.
class LiveExports final : public ExportCache {
 public:
  explicit LiveExports(const kube::testing::FakeApi& api) : api_(api) {}
  void say(ExportKind kind, Availability availability, std::string message = {}) {
    said_[kind] = {.availability = availability, .message = std::move(message)};
  }

  Status status(ExportKind kind) const override {
    const auto found = said_.find(kind);
    return found == said_.end() ? Status{.availability = Availability::kReady} : found->second;
  }
  std::optional<ExportState> find(ExportKind kind, const kube::ObjectKey& key) const override {
    const auto object = api_.find(type_of(kind), key);
    if (!object || !object->json.contains(R"("app.kubernetes.io/managed-by":"lamina")")) return std::nullopt;
    return parse_export_state(to_json(export_state(kind, object->json)));
  }
  std::vector<Owned> owned_by(const std::string& uid) const override {
    std::vector<Owned> owned;
    for (std::size_t index = 0; index < kExportKinds; ++index) {
      const auto kind = static_cast<ExportKind>(index);
      if (status(kind).availability != Availability::kReady) continue;
      for (const kube::Object& object : api_.all(type_of(kind))) {
        const auto state = find(kind, object.key);
        if (state && state->owner_uid == uid) owned.push_back({kind, object.key, object.uid});
      }
    }
    return owned;
  }

 private:
  const kube::testing::FakeApi& api_;
  std::map<ExportKind, Status> said_;
};

/// Everything that a reconciler works with, in memory.
struct TestBed {
  TestBed() {
    api.add_type(event_type());
    for (std::size_t index = 0; index < kExportKinds; ++index) {
      const auto kind = static_cast<ExportKind>(index);
      api.add_type(type_of(kind), {}, kind != ExportKind::kArtifact);
    }
    settings.registry = "registry.test:5000";
    settings.advertise_url = "http://files.test";
    settings.cluster = "cluster-1";
    settings.tenancy =
        Tenancy(std::vector<Tenancy::Rule>{{.namespace_pattern = "*", .repository_pattern = "sha-*"}});
  }

  static const kube::ResourceType& event_type() {
    static const kube::ResourceType kType{"", "v1", "events", "Event"};
    return kType;
  }

  /// Without events, which are sent when they are.
  std::vector<kube::testing::Call> writes() const {
    std::vector<kube::testing::Call> all = api.writes();
    std::erase_if(all, [](const kube::testing::Call& call) { return call.type == event_type(); });
    return all;
  }

  /// `type reason: message` of the events since the last call, in their order.
  std::vector<std::string> sent_events() {
    events.emplace(api, clock, random, "lamina-controller");  // The one before sends what waits.
    std::vector<std::string> texts;
    for (const kube::Object& object : api.all(event_type())) {
      const auto json = oci::parse_json(object.json).value();
      texts.push_back(fields::text(json, "type") + " " + fields::text(json, "reason") + ": " +
                      fields::text(json, "message"));
      api.erase(event_type(), object.key);
    }
    return texts;
  }

  ManualClock clock;
  CountingRandom random;
  kube::testing::FakeApi api;
  std::optional<kube::EventRecorder> events{std::in_place, api, clock, random, "lamina-controller"};
  FakeContent content;
  FakeHolds holds;
  Settings settings;
  Context context{.api = api,
                  .events = *events,
                  .content = content,
                  .holds = holds,
                  .clock = clock,
                  .settings = settings};
};

}  // namespace lamina::controller::testing
