// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>
#include <thread>

#include "cluster/kinds.h"
#include "cluster/testing/cluster_fixture.h"

namespace lamina::cluster::testing {
namespace {

using ::testing::ElementsAre;

const std::string kA = "sha256:" + std::string(64, 'a');
const std::string kB = "sha256:" + std::string(64, 'b');
const std::string kC = "sha256:" + std::string(64, 'c');

/// Texts that one thread adds and another waits for.
class Log {
 public:
  void add(std::string text) {
    const std::lock_guard lock(mutex_);
    texts_.push_back(std::move(text));
    changed_.notify_all();
  }
  std::vector<std::string> wait_for(std::size_t count) {
    std::unique_lock lock(mutex_);
    EXPECT_TRUE(changed_.wait_for(lock, std::chrono::seconds(60), [&] { return texts_.size() >= count; }));
    return texts_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> texts_;
};

class WatchTest : public ClusterTest {
 protected:
  ~WatchTest() override {
    if (watching_.joinable()) watching_.request_stop();
  }
  void watch(const std::string& name) {
    watching_ = std::jthread([this, name](const std::stop_token& stop) {
      result = cluster().watch(
          parse_object_name(name).value(),
          [&](const ObjectReference& reference) {
            seen.add(reference.version());
            return true;
          },
          stop);
    });
  }
  void end() {
    watching_.request_stop();
    watching_.join();
  }
  static std::string artifact(const std::string& digest, bool ready = true) {
    return R"(,"spec":{},"status":{"observedGeneration":1,"conditions":[{"type":"Ready","status":")" +
           std::string(ready ? "True" : "False") + R"("}],"artifact":{"repository":"team/x","digest":")" +
           digest + "\"}}";
  }

  Log seen;
  Result<void> result;

 private:
  std::jthread watching_;
};

TEST_F(WatchTest, HandsOverWhatIsThereAndThenEachNewDigest) {
  put(oci_artifact_type(), "a", artifact(kA));
  watch("OCIArtifact/team/a");
  EXPECT_THAT(seen.wait_for(1), ElementsAre(kA));
  put(oci_artifact_type(), "a", artifact(kA), R"(,"labels":{"x":"y"})");  // The same content.
  put(oci_artifact_type(), "a", artifact(kB, false));                     // Not ready.
  put(oci_artifact_type(), "a", artifact(kB));
  EXPECT_THAT(seen.wait_for(2), ElementsAre(kA, kB));
  end();
  EXPECT_TRUE(result) << result.error().message;
}

TEST_F(WatchTest, WaitsForTheObjectAndEndsWhenToldTo) {
  watch("OCIArtifact/team/a");
  api().wait_for_watches(oci_artifact_type(), 1);
  put(oci_artifact_type(), "a", artifact(kA));
  EXPECT_THAT(seen.wait_for(1), ElementsAre(kA));
  end();
  std::vector<std::string> once;
  ASSERT_TRUE(cluster().watch({"OCIArtifact", "team", "a"}, [&](const ObjectReference& reference) {
    once.push_back(reference.version());
    return false;
  }));
  EXPECT_THAT(once, ElementsAre(kA));
}

TEST_F(WatchTest, FollowsTheSnapshotOfAProducer) {
  const auto snapshot = [&](const std::string& name, const std::string& digest) {
    put(snapshot_type(), name,
        R"(,"spec":{"identity":{},"digest":")" + digest + R"(","tag":"1"},"status":{"digest":")" + digest +
            R"(","tag":"1","repositoryURL":"http://r.example:5000/sha-1"})");
  };
  put(producer_type(), "b", R"(,"status":{"snapshotName":""})");
  watch("Build/team/b");
  api().wait_for_watches(producer_type(), 1);
  snapshot("s", kA);
  put(producer_type(), "b", R"(,"status":{"snapshotName":"s"})");
  EXPECT_THAT(seen.wait_for(1), ElementsAre(kA));
  snapshot("s", kB);
  EXPECT_THAT(seen.wait_for(2), ElementsAre(kA, kB));
  snapshot("other", kC);
  put(producer_type(), "b", R"(,"status":{"snapshotName":"other"})");
  EXPECT_THAT(seen.wait_for(3), ElementsAre(kA, kB, kC));
}

TEST_F(WatchTest, FollowsWhatAProducerOwns) {
  const auto owner = put(producer_type(), "b");
  watch("Build/team/b");
  api().wait_for_watches(oci_artifact_type(), 1);
  put(oci_artifact_type(), "a", artifact(kA), owned_by(owner));
  EXPECT_THAT(seen.wait_for(1), ElementsAre(kA));
  put(oci_artifact_type(), "a", artifact(kB), owned_by(owner));
  EXPECT_THAT(seen.wait_for(2), ElementsAre(kA, kB));
}

TEST_F(WatchTest, WhatWillNotPassIsAnError) {
  put(oci_artifact_type(), "a", R"(,"spec":{},"status":{"artifact":{"repository":"UPPER"}})");
  const auto never = [](const ObjectReference&) { return true; };
  EXPECT_EQ(cluster().watch({"OCIArtifact", "team", "a"}, never).error().code, Code::kInvalid);
  EXPECT_EQ(cluster().watch({"Nonsense", "team", "a"}, never).error().code, Code::kNotFound);
  api().on_call([](const kube::testing::Call& call) -> std::optional<Error> {
    if (call.verb != kube::testing::Verb::kList && call.verb != kube::testing::Verb::kWatch)
      return std::nullopt;
    return Error{Code::kDenied, About::kNothing, "may not watch builds"};
  });
  EXPECT_EQ(cluster().watch({"Build", "team", "b"}, never).error().code, Code::kDenied);
}

class ChangesTest : public ClusterTest {
 protected:
  static kube::ResourceType config_maps() {
    return {.group = {}, .version = "v1", .plural = "configmaps", .kind = "ConfigMap"};
  }
};

TEST_F(ChangesTest, EveryObjectThenEveryChangeThenTheEnd) {
  put(config_maps(), "a", R"(,"data":{"k":"1"})", R"(,"labels":{"pick":"yes"})");
  put(config_maps(), "b", R"(,"data":{"k":"1"})");
  Log seen;
  std::jthread running([&](const std::stop_token& stop) {
    EXPECT_TRUE(cluster().for_each_change(
        "cm", {.namespace_name = "team", .label_selector = "pick=yes"},
        [&](const ClusterObject& object) -> Result<void> {
          EXPECT_EQ(object.id.api_version, "v1");
          EXPECT_EQ(object.id.kind, "ConfigMap");
          seen.add(object.id.name + (object.deleted ? " gone " : " ") + object.map_at("data")["k"]);
          return {};
        },
        stop));
  });
  EXPECT_THAT(seen.wait_for(1), ElementsAre("a 1"));
  put(config_maps(), "a", R"(,"data":{"k":"2"})", R"(,"labels":{"pick":"yes"})");
  EXPECT_THAT(seen.wait_for(2), ElementsAre("a 1", "a 2"));
  api().erase(config_maps(), {"team", "a"});
  EXPECT_THAT(seen.wait_for(3), ElementsAre("a 1", "a 2", "a gone 2"));
}

TEST_F(ChangesTest, FailuresAreToldAndTriedAgain) {
  put(config_maps(), "a", R"(,"data":{"k":"1"})");
  Log seen;
  Log errors;
  std::jthread running([&](const std::stop_token& stop) {
    EXPECT_TRUE(cluster().for_each_change(
        "configmaps",
        {.namespace_name = "team",
         .label_selector = {},
         .on_error = [&](const ObjectId* id,
                         const Error& error) { errors.add(id->name + ": " + error.message); }},
        [&, failed = false](const ClusterObject& object) mutable -> Result<void> {
          if (!std::exchange(failed, true)) return fail(Code::kUnavailable, "later");
          seen.add(object.text_at("metadata.name"));
          return {};
        },
        stop));
  });
  EXPECT_THAT(errors.wait_for(1), ElementsAre("a: later"));
  EXPECT_THAT(seen.wait_for(1), ElementsAre("a"));
}

TEST_F(ChangesTest, AppliesDocuments) {
  const auto applied = cluster().apply(
      "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {k: v}\n---\n"
      "apiVersion: v1\nkind: Namespace\nmetadata: {name: n}\n",
      "manager", "team");
  ASSERT_TRUE(applied) << applied.error().message;
  ASSERT_EQ(applied->size(), 2U);
  EXPECT_EQ(applied->front().namespace_name, "team");
  EXPECT_EQ(applied->back().namespace_name, "");
  EXPECT_TRUE(api().find(config_maps(), {"team", "a"}));
  EXPECT_EQ(api().writes().front().field_manager, "manager");
  EXPECT_EQ(cluster().apply("kind: ConfigMap", "m").error().code, Code::kInvalid);
  EXPECT_EQ(cluster().apply("{apiVersion: x/v1, kind: X, metadata: {name: a}}", "m").error().code,
            Code::kNotFound);
}

}  // namespace
}  // namespace lamina::cluster::testing
