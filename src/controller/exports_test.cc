// SPDX-License-Identifier: Apache-2.0
#include "controller/exports.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "controller/testing/test_bed.h"

namespace lamina::controller {
namespace {

using kube::testing::Call;
using kube::testing::Verb;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::LiveExports;
using ::testing::SizeIs;
using testing::TestBed;

const kube::ResourceType kSourceType{"lamina.dev", "v1alpha1", "ociartifacts", "OCIArtifact"};
const kube::ObjectKey kKey{"team-a", "app"};

class ExporterTest : public ::testing::Test {
 protected:
  ExporterTest() { set_layer("one"); }

  void set_layer(std::string_view layer) {
    content.content = bed.content.put("team-a/app", "1.0", layer);
    content.revision = revision_of("1.0", content.content.layer.digest);
  }
  ExportOutcome sync(const std::vector<Export>& wanted) { return exporter.sync(source, wanted, content); }
  std::string reason_of(const std::vector<Export>& wanted) {
    const ExportOutcome outcome = sync(wanted);
    EXPECT_TRUE(outcome.condition);
    return outcome.condition ? outcome.condition->status + " " + outcome.condition->reason : "";
  }
  oci::Json artifact() const {
    const auto made = bed.api.find(type_of(ExportKind::kExternalArtifact), kKey);
    if (!made) return {};
    const oci::Json json = oci::parse_json(made->json).value();
    const oci::Json* found = fields::find(json.find("status"), "artifact");
    return found == nullptr ? oci::Json() : *found;
  }
  /// Another client changes an object: what it says instead of `from`.
  void tamper(ExportKind kind, std::string_view from, std::string_view to) {
    std::string json = bed.api.find(type_of(kind), kKey).value().json;
    ASSERT_NE(json.find(from), std::string::npos) << json;
    json.replace(json.find(from), from.size(), to);
    bed.api.put(type_of(kind), json);
  }

  TestBed bed;
  LiveExports cache{bed.api};
  Exporter exporter{bed.context, cache};
  kube::Object object{.key = kKey, .uid = "uid-1", .resource_version = "1", .generation = 3};
  ExportSource source{.type = kSourceType, .object = object};
  ExportContent content{.repository = RepositoryName::parse("team-a/app").value(), .tag = "1.0"};
};

TEST_F(ExporterTest, MakesAllKindsWithTwoWritesAtMost) {
  content.identity = {{"a", "b"}};
  content.repository = RepositoryName::parse("sha-3629586248519120669").value();
  const ExportOutcome outcome =
      sync({{"ExternalArtifact"}, {"OCIRepository"}, {"Artifact"}, {"Snapshot", "snap"}});
  ASSERT_TRUE(outcome.condition);
  EXPECT_EQ(outcome.condition->status, "True") << outcome.condition->message;
  EXPECT_EQ(outcome.condition->type, "Exported");
  EXPECT_EQ(outcome.condition->observed_generation, 3);
  EXPECT_THAT(bed.writes(), SizeIs(5)) << "one each, and the status of the ExternalArtifact";
  for (const Call& call : bed.writes()) EXPECT_EQ(call.field_manager, "lamina");
  EXPECT_TRUE(bed.api.find(type_of(ExportKind::kOciRepository), kKey));
  EXPECT_TRUE(bed.api.find(type_of(ExportKind::kArtifact), {"team-a", "ociartifact-team-a-app"}));
  EXPECT_TRUE(bed.api.find(type_of(ExportKind::kSnapshot), {"team-a", "snap"}));
  EXPECT_EQ(fields::text(artifact(), "revision"), content.revision);
}

TEST_F(ExporterTest, WritesNothingWhereAllIsWell) {
  const std::vector<Export> wanted{{"ExternalArtifact"}, {"OCIRepository"}, {"Artifact"}};
  sync(wanted);
  bed.api.forget_calls();
  bed.clock.advance(std::chrono::hours(1));
  EXPECT_EQ(reason_of(wanted), "True Succeeded");
  EXPECT_THAT(bed.api.calls(), IsEmpty());
}

TEST_F(ExporterTest, UnchangedContentKeepsItsTime) {
  sync({{"ExternalArtifact"}});
  const std::string first = fields::text(artifact(), "lastUpdateTime");
  bed.clock.advance(std::chrono::hours(1));
  bed.settings.advertise_url = "http://moved.test";
  sync({{"ExternalArtifact"}});
  EXPECT_THAT(fields::text(artifact(), "url"), HasSubstr("http://moved.test/files/"));
  EXPECT_EQ(fields::text(artifact(), "lastUpdateTime"), first);
  set_layer("two");
  sync({{"ExternalArtifact"}});
  EXPECT_NE(fields::text(artifact(), "lastUpdateTime"), first);
  EXPECT_EQ(fields::text(artifact(), "revision"), "1.0@" + Digest::of("two").to_string());
}

TEST_F(ExporterTest, TheSourcesTimeCounts) {
  content.updated = bed.clock.now() - std::chrono::hours(5);
  sync({{"ExternalArtifact"}});
  EXPECT_EQ(fields::time(artifact(), "lastUpdateTime"), content.updated);
}

TEST_F(ExporterTest, RepairsWhatOthersChanged) {
  sync({{"ExternalArtifact"}, {"OCIRepository"}});
  const std::string url = fields::text(artifact(), "url");
  tamper(ExportKind::kExternalArtifact, "http://files.test", "http://evil.test");
  tamper(ExportKind::kOciRepository, R"("operation":"copy")", R"("operation":"extract")");
  bed.api.forget_calls();
  EXPECT_EQ(reason_of({{"ExternalArtifact"}, {"OCIRepository"}}), "True Succeeded");
  EXPECT_EQ(fields::text(artifact(), "url"), url);
  EXPECT_THAT(bed.api.find(type_of(ExportKind::kOciRepository), kKey)->json,
              HasSubstr(R"("operation":"copy")"));
  EXPECT_THAT(bed.writes(), SizeIs(2));
}

TEST_F(ExporterTest, TakesBackWhatLostItsLabel) {
  sync({{"OCIRepository"}});
  tamper(ExportKind::kOciRepository, R"("app.kubernetes.io/managed-by":"lamina")", R"("x":"y")");
  EXPECT_EQ(reason_of({{"OCIRepository"}}), "True Succeeded");
  EXPECT_TRUE(cache.find(ExportKind::kOciRepository, kKey));
}

TEST_F(ExporterTest, RemovesWhatIsNoLongerListed) {
  sync({{"ExternalArtifact"}, {"OCIRepository"}});
  EXPECT_EQ(reason_of({{"OCIRepository", "other"}}), "True Succeeded");
  EXPECT_THAT(bed.api.all(type_of(ExportKind::kExternalArtifact)), IsEmpty());
  EXPECT_THAT(bed.api.all(type_of(ExportKind::kOciRepository)), SizeIs(1));
  const ExportOutcome none = sync({});
  EXPECT_FALSE(none.condition);
  EXPECT_THAT(bed.api.all(type_of(ExportKind::kOciRepository)), IsEmpty());
}

TEST_F(ExporterTest, WithdrawsAll) {
  sync({{"ExternalArtifact"}, {"OCIRepository"}});
  EXPECT_FALSE(exporter.withdraw(source).failed);
  EXPECT_THAT(cache.owned_by("uid-1"), IsEmpty());
}

TEST_F(ExporterTest, WhatCanNoLongerBeMadeGoes) {
  sync({{"ExternalArtifact"}});
  content.content.layer.media_type = "text/plain";
  EXPECT_EQ(reason_of({{"ExternalArtifact"}}), "False UnsupportedLayer");
  EXPECT_THAT(bed.api.all(type_of(ExportKind::kExternalArtifact)), IsEmpty());
}

TEST_F(ExporterTest, LeavesOthersObjectsAlone) {
  const char* const mine[] = {
      R"({"metadata":{"name":"app","namespace":"team-a"},"spec":{"url":"oci://theirs"}})",
      R"({"metadata":{"name":"app","namespace":"team-a","labels":{"app.kubernetes.io/managed-by":"lamina"},
          "ownerReferences":[{"apiVersion":"lamina.dev/v1alpha1","kind":"OCIArtifact","name":"x","uid":"uid-2",
          "controller":true}]},"spec":{"url":"oci://theirs"}})",
  };
  for (const char* json : mine) {
    bed.api.put(type_of(ExportKind::kOciRepository), json);
    const ExportOutcome outcome = sync({{"OCIRepository"}, {"ExternalArtifact"}});
    ASSERT_TRUE(outcome.condition);
    EXPECT_EQ(outcome.condition->reason, "ExportConflict");
    EXPECT_FALSE(outcome.failed);
    EXPECT_GT(outcome.retry_after.count(), 0);
    EXPECT_THAT(bed.api.find(type_of(ExportKind::kOciRepository), kKey)->json, HasSubstr("oci://theirs"));
    EXPECT_TRUE(bed.api.find(type_of(ExportKind::kExternalArtifact), kKey)) << "the others are made";
    sync({});
    EXPECT_TRUE(bed.api.find(type_of(ExportKind::kOciRepository), kKey)) << "nor removed";
    bed.api.erase(type_of(ExportKind::kOciRepository), kKey);
  }
}

TEST_F(ExporterTest, DoesNotTakeOverWhatIsMadeMeanwhile) {
  bed.api.on_call([&](const Call& call) -> std::optional<Error> {
    if (call.verb == Verb::kPatch) {
      bed.api.on_call({});
      const auto made =
          bed.api.patch(type_of(ExportKind::kOciRepository), kKey, kube::PatchType::kApply,
                        R"({"metadata":{"name":"app","namespace":"team-a"},"spec":{"url":"oci://theirs"}})",
                        {.field_manager = "another"});
      EXPECT_TRUE(made);
    }
    return std::nullopt;
  });
  const ExportOutcome outcome = sync({{"OCIRepository"}});
  EXPECT_TRUE(outcome.failed);
  EXPECT_THAT(bed.api.find(type_of(ExportKind::kOciRepository), kKey)->json, HasSubstr("oci://theirs"));
  EXPECT_EQ(reason_of({{"OCIRepository"}}), "False ExportConflict");
}

TEST_F(ExporterTest, OneArtifactOnly) {
  EXPECT_EQ(reason_of({{"Artifact", "one"}, {"Artifact", "two"}}), "False ExportConflict");
  EXPECT_THAT(bed.api.all(type_of(ExportKind::kArtifact)), SizeIs(1));
}

TEST_F(ExporterTest, MissingKindsAreSaidWithTheirCure) {
  cache.say(ExportKind::kExternalArtifact, ExportCache::Availability::kNotInstalled);
  const ExportOutcome outcome = sync({{"ExternalArtifact"}, {"OCIRepository"}});
  ASSERT_TRUE(outcome.condition);
  EXPECT_EQ(outcome.condition->reason, "KindNotInstalled");
  EXPECT_THAT(outcome.condition->message, HasSubstr("Flux 2.7"));
  EXPECT_FALSE(outcome.failed);
  EXPECT_GT(outcome.retry_after.count(), 0);
  EXPECT_TRUE(bed.api.find(type_of(ExportKind::kOciRepository), kKey));
}

TEST_F(ExporterTest, KindsThatCannotBeListedAreNotWritten) {
  cache.say(ExportKind::kExternalArtifact, ExportCache::Availability::kFailing, "forbidden");
  const ExportOutcome outcome = sync({{"ExternalArtifact"}});
  EXPECT_TRUE(outcome.failed);
  EXPECT_THAT(outcome.condition->message, HasSubstr("forbidden"));
  EXPECT_THAT(bed.writes(), IsEmpty());
}

TEST_F(ExporterTest, FailuresOfTheServer) {
  struct Row {
    Code code;
    bool failed;  // Else it is tried again slowly.
  };
  for (const Row& row : {Row{Code::kUnavailable, true}, Row{Code::kConflict, true}, Row{Code::kDenied, false},
                         Row{Code::kInvalid, false}}) {
    for (const Verb verb : {Verb::kGet, Verb::kPatch}) {
      bed.api.on_call([&](const Call& call) -> std::optional<Error> {
        if (call.verb != verb) return std::nullopt;
        return Error{.code = row.code, .message = "no"};
      });
      const ExportOutcome outcome = sync({{"ExternalArtifact"}});
      EXPECT_EQ(outcome.condition->reason, "ExportFailed");
      EXPECT_EQ(outcome.failed, row.failed) << to_string(row.code);
      EXPECT_EQ(outcome.retry_after.count() > 0, !row.failed);
      EXPECT_FALSE(outcome.log.empty());
    }
  }
}

TEST_F(ExporterTest, SeveralTroublesAreAllTold) {
  content.content.layer.media_type = "text/plain";
  const ExportOutcome outcome = sync({{"ExternalArtifact"}, {"Artifact"}, {"Snapshot", "s"}});
  EXPECT_EQ(outcome.condition->reason, "UnsupportedLayer");
  EXPECT_THAT(outcome.condition->message, HasSubstr("Snapshot s: "));
}

TEST(WatchedExports, TellWhoseExportChanged) {
  TestBed bed;
  std::mutex mutex;
  std::condition_variable told;
  std::vector<ExportOwner> owners;
  WatchedExports watched(bed.api, bed.random, [&](const ExportOwner& owner) {
    const std::lock_guard lock(mutex);
    owners.push_back(owner);
    told.notify_all();
  });
  const auto wait_for = [&](std::size_t count) {
    std::unique_lock lock(mutex);
    return told.wait_for(lock, std::chrono::seconds(20), [&] { return owners.size() >= count; });
  };
  bed.api.remove_type(type_of(ExportKind::kArtifact));
  watched.start();
  const std::stop_source stop;
  ASSERT_TRUE(watched.wait_for_sync(stop.get_token()));
  EXPECT_EQ(watched.status(ExportKind::kArtifact).availability, ExportCache::Availability::kNotInstalled);
  EXPECT_EQ(watched.status(ExportKind::kSnapshot).availability, ExportCache::Availability::kReady);

  const kube::Object object{.key = kKey, .uid = "uid-1", .resource_version = "1", .generation = 3};
  ExportContent content{.repository = RepositoryName::parse("team-a/app").value()};
  const Exporter exporter(bed.context, watched);
  const std::vector<Export> wanted{{"ExternalArtifact"}};
  content.content = bed.content.put("team-a/app", "1.0", "one");
  exporter.sync({kSourceType, object}, wanted, content);
  ASSERT_TRUE(wait_for(2)) << "of the object and of its status";
  EXPECT_EQ(owners.front(), (ExportOwner{"lamina.dev", "OCIArtifact", kKey}));
  ASSERT_THAT(watched.owned_by("uid-1"), SizeIs(1));
  EXPECT_EQ(watched.owned_by("uid-1").front().key, kKey);

  bed.api.forget_calls();
  exporter.sync({kSourceType, object}, wanted, content);
  EXPECT_THAT(bed.writes(), IsEmpty());

  bed.api.erase(type_of(ExportKind::kExternalArtifact), kKey);
  ASSERT_TRUE(wait_for(3));
  EXPECT_THAT(watched.owned_by("uid-1"), IsEmpty());
  EXPECT_FALSE(watched.find(ExportKind::kExternalArtifact, kKey));
  watched.stop();
}

}  // namespace
}  // namespace lamina::controller
