// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "controller/snapshots.h"
#include "controller/testing/test_bed.h"

namespace lamina::controller::testing {

/// Snapshots in a cluster and a registry in memory, with a cache that is never behind.
struct SnapshotBed : TestBed {
  explicit SnapshotBed(SnapshotMode mode) { settings.snapshots = mode; }

  /// The repository of {"component-name": `component`}.
  static std::string repository_of(const std::string& component) {
    return lamina::repository_of({{"component-name", component}}, NamingScheme::kOcmV1).value().str();
  }
  /// Stores content under a tag, and a Snapshot of it as ocm-controller's producers write them.
  Content publish(const std::string& name, const std::string& component, const std::string& tag,
                  std::string_view layer) {
    write(name, component, tag, Digest::of(layer).to_string());
    return content.put(repository_of(component), tag, layer);
  }
  void write(const std::string& name, const std::string& component, const std::string& tag,
             const std::string& digest, const std::string& more_spec = {}) {
    const std::string spec = R"({"spec":{"identity":{"component-name":")" + component + R"("},"tag":")" +
                             tag + R"(","digest":")" + digest + '"' + more_spec + "}}";
    const kube::ObjectKey key{"team-a", name};
    if (api.find(snapshot_type(), key)) {
      api.patch(snapshot_type(), key, kube::PatchType::kMerge, spec, {.field_manager = "producer"}).value();
    } else {
      api.put(snapshot_type(),
              R"({"metadata":{"namespace":"team-a","name":")" + name + R"("},)" + spec.substr(1));
    }
    see(name);
  }
  /// Deletes as a user does; finalizers keep the object.
  void remove(const std::string& name) {
    EXPECT_TRUE(api.remove(snapshot_type(), {"team-a", name}));
    see(name);
  }

  std::optional<kube::Object> find(const std::string& name) const {
    return api.find(snapshot_type(), {"team-a", name});
  }
  Snapshot read(const std::string& name) const { return read_snapshot(find(name).value().json).value(); }
  /// `status reason` of a condition; empty where there is none.
  std::string condition(const std::string& name, std::string_view type) const {
    const Snapshot snapshot = read(name);
    const Condition* found = find_condition(snapshot.status.conditions, type);
    return found == nullptr ? "" : found->status + " " + found->reason;
  }

  std::optional<kube::Object> cached(const std::string& name) const {
    auto object = find(name);
    if (object) object->json = kept_of_snapshot(*object);
    return object;
  }
  void see(const std::string& name) {
    const auto object = cached(name);
    snapshots.note({"team-a", name}, object ? &*object : nullptr);
  }
  /// A look in earnest.
  Outcome look(const std::string& name) {
    see(name);
    snapshots.distrust({"team-a", name});
    const auto object = cached(name);
    Outcome outcome = snapshots.reconcile({"team-a", name}, object ? &*object : nullptr, {});
    see(name);
    return outcome;
  }

  LiveExports exports{api};
  Exporter exporter{context, exports};
  Snapshots snapshots{context, exporter};
};

}  // namespace lamina::controller::testing
