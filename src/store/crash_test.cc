// SPDX-License-Identifier: Apache-2.0
// The server ends, or one call fails, at every step of a series of writes: what was acknowledged is there
// afterwards, nothing else is half there, and no file is left over.

#include <gtest/gtest.h>

#include <algorithm>
#include <utility>

#include "store/testing/harness.h"

namespace lamina::store {
namespace {

constexpr std::string_view kSmall = "small";
constexpr std::string_view kLarge = "more than sixteen bytes of content";
constexpr std::string_view kOther = "other content beyond sixteen bytes";

std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

/// What a client was told.
struct Acknowledged {
  std::vector<std::string_view> blobs;
  std::vector<Digest> manifests;
  std::optional<Digest> tagged;  ///< What tag v1 names.
  bool second_removed = false;
  bool held = false;      ///< That an object holds the first manifest,
  bool released = false;  ///< and then that it holds nothing.
};

/// The writes of a client that goes on after an error.
class Client {
 public:
  explicit Client(Harness& harness) : h(harness) {}

  Acknowledged run() {
    push("{}");
    push(kSmall);
    push(kLarge);
    push(kLarge);  // the same content once more
    session(kOther);
    publish("published beyond sixteen bytes", {tag("v1")}, {});
    publish("a second one beyond sixteen bytes", {tag("v1"), tag("v2")}, {});
    publish("a third one whose condition fails", {tag("v1")}, {.absent = true});
    if (told.manifests.size() == 2) {
      told.held = hold({{a, told.manifests[0]}});
      told.second_removed = h.store->manifests().remove(a, told.manifests[1]).has_value();
      removal_tried = true;
      told.released = hold({});
      release_tried = true;
    }
    return told;
  }

  bool removal_tried = false;
  bool release_tried = false;

 private:
  void push(std::string_view text) {
    auto upload = h.store->uploads().direct(a, Algorithm::kSha256);
    if (upload && (*upload)->append(bytes_of(text)) && (*upload)->finish(Digest::of(text)))
      told.blobs.push_back(text);
  }

  bool hold(std::vector<HeldManifest> manifests) {
    return h.store->holds()
        .set({.scope = {"cluster", "group", "Kind"},
              .generation = ++generation,
              .holders = {{"ns", "object", "uid", std::move(manifests)}},
              .listed_ago = {}})
        .has_value();
  }

  void session(std::string_view text) {
    const auto id = h.store->uploads().begin(a, Algorithm::kSha256);
    if (!id) return;
    for (const auto& chunk : {text.substr(0, 5), text.substr(5)}) {
      auto upload = h.store->uploads().resume(a, id->str());
      if (!upload || !(*upload)->append(bytes_of(chunk)) || !(*upload)->suspend()) return;
    }
    auto upload = h.store->uploads().resume(a, id->str());
    if (upload && (*upload)->finish(Digest::of(text))) told.blobs.push_back(text);
  }

  void publish(std::string_view layer, std::vector<Tag> tags, TagCondition condition) {
    auto upload = h.store->uploads().direct(a, Algorithm::kSha256);
    if (!upload || !(*upload)->append(bytes_of(layer))) return;
    auto layer_staged = (*upload)->stage(Digest::of(layer));
    if (!layer_staged) return;
    auto config = h.store->uploads().direct(a, Algorithm::kSha256);
    if (!config || !(*config)->append(bytes_of("{}"))) return;
    auto config_staged = (*config)->stage(Digest::of("{}"));
    ManifestPut put = h.image(layer, std::move(tags));
    put.condition = condition;
    // Where the configuration could not be staged it is not brought; it may be there.
    std::vector<StagedBlob> staged = {*layer_staged};
    if (config_staged) staged.push_back(*config_staged);
    if (!h.store->manifests().put(a, put, staged)) return;
    told.blobs.push_back(layer);
    told.manifests.push_back(put.digest);
    told.tagged = put.digest;
  }

  Harness& h;
  RepositoryName a = repo("a");
  std::uint64_t generation = 0;
  Acknowledged told;
};

void expect_kept(Harness& h, const Client& client, const Acknowledged& told) {
  const RepositoryName a = repo("a");
  const bool removal_tried = client.removal_tried;
  const auto held = h.store->holds().list({}, {}, 10);
  ASSERT_TRUE(held);
  if (told.held && !client.release_tried) {
    EXPECT_EQ(held->entries.size(), 1u);
  }
  if (told.released) {
    EXPECT_TRUE(held->entries.empty());
  }
  for (const auto text : told.blobs) EXPECT_EQ(h.read(a, Digest::of(text)), text);
  for (std::size_t i = 0; i < told.manifests.size(); ++i) {
    const bool there = h.store->manifests().get(a, told.manifests[i]).has_value();
    if (i == 1 && told.second_removed) {
      EXPECT_FALSE(there) << "its removal was acknowledged";
    } else if (i != 1 || !removal_tried) {
      EXPECT_TRUE(there);
    }
  }
  const auto tagged = h.store->manifests().get(a, tag("v1"));
  if (told.tagged && !removal_tried) {
    ASSERT_TRUE(tagged) << "v1 may name what was put last and not acknowledged, but something";
  }
  if (tagged) {
    // Whatever is visible is whole.
    const auto content = parse_manifest(tagged->bytes, tagged->media_type).value();
    EXPECT_NE(h.read(a, content.layers[0].digest), "[not found]");
  }
  // Space and lists that a crash leaves to the collector; lost content is never among it.
  std::string rest = h.audit();
  for (const std::string_view left : {"leftover: repository a is listed, and holds no manifest\n"}) {
    if (const auto at = rest.find(left); at != std::string::npos) rest.erase(at, left.size());
  }
  EXPECT_EQ(rest, "");
  // And everything can be done again.
  h.push(a, kLarge);
  h.push(a, kOther);
  const Digest again = h.put_image(a, "published beyond sixteen bytes", {tag("v1")});
  EXPECT_EQ(h.store->manifests().get(a, tag("v1"))->digest, again);
  EXPECT_EQ(h.read(a, Digest::of(kLarge)), kLarge);
}

enum class End : std::uint8_t { kProcess, kPower, kPowerBySeed };

/// Counts the calls that can fail and breaks by their number.
struct Breaker {
  enum class What : std::uint8_t { kFile, kCommit, kAnswer };
  What what;
  std::uint64_t at;
  bool for_good;  ///< Nothing works from then on: the process has ended.
  std::uint64_t seen = 0;
  bool broken = false;

  std::optional<Error> step(What kind) {
    Error error{Code::kInternal, About::kNothing, "broken by the test"};
    if (broken && for_good) return error;
    if (kind != what || seen++ != at) return std::nullopt;
    broken = true;
    return error;
  }
};

/// False once `at` is past the last step.
bool break_at(Breaker breaker, End end) {
  Harness h;
  h.files.set_fault([&](const fs::Call&) { return breaker.step(Breaker::What::kFile); });
  h.meta.before_commit([&](const meta::Batch&) -> std::optional<Result<meta::Outcome>> {
    if (auto error = breaker.step(Breaker::What::kCommit)) return std::unexpected(*error);
    return std::nullopt;
  });
  h.meta.after_commit([&](const meta::Batch&) { return breaker.step(Breaker::What::kAnswer); });
  Client client(h);
  const Acknowledged told = client.run();
  h.files.set_fault({});
  h.meta.before_commit({});
  h.meta.after_commit({});
  if (!breaker.broken) {
    EXPECT_EQ(told.blobs.size(), 7u) << "without a fault everything works";
    EXPECT_TRUE(told.second_removed && told.held && told.released);
  }
  if (end == End::kPowerBySeed) h.files.lose_unsynced(breaker.at);
  h.restart(end != End::kProcess);
  expect_kept(h, client, told);
  return breaker.broken;
}

class CrashTest : public testing::TestWithParam<std::tuple<Breaker::What, bool, End>> {};

TEST_P(CrashTest, AtEveryStep) {
  const auto [what, for_good, end] = GetParam();
  std::uint64_t steps = 0;
  while (break_at({.what = what, .at = steps, .for_good = for_good}, end)) {
    ASSERT_FALSE(HasFailure()) << "at step " << steps;
    ++steps;
  }
  EXPECT_GT(steps, 10u) << "there is something to break";
}

INSTANTIATE_TEST_SUITE_P(
    , CrashTest,
    testing::Combine(testing::Values(Breaker::What::kFile, Breaker::What::kCommit, Breaker::What::kAnswer),
                     testing::Bool(), testing::Values(End::kProcess, End::kPower, End::kPowerBySeed)));

class FailureTest : public testing::Test {
 protected:
  /// All calls of that kind fail while it is set.
  void fail(std::optional<fs::Operation> operation, Code code = Code::kNoSpace) {
    h.files.set_fault([operation, code](const fs::Call& call) -> std::optional<Error> {
      if (call.operation == operation) return Error{code, About::kNothing, "the disk is full"};
      return std::nullopt;
    });
  }

  Harness h;
  RepositoryName a = repo("a");
};

TEST_F(FailureTest, ASessionGoesOnAfterAFullDisk) {
  const std::string id = h.store->uploads().begin(a, Algorithm::kSha256)->str();
  for (const fs::Operation operation : {fs::Operation::kCreate, fs::Operation::kWrite}) {
    fail(operation);
    auto upload = h.store->uploads().resume(a, id).value();
    EXPECT_EQ(upload->append(bytes_of(kLarge)).error().code, Code::kNoSpace);
    (void)upload->suspend();
    h.files.set_fault({});
    EXPECT_EQ(h.store->uploads().status(a, id).value(), 0u);
  }
  auto upload = h.store->uploads().resume(a, id).value();
  ASSERT_TRUE(upload->append(bytes_of(kLarge.substr(0, 20))));
  ASSERT_TRUE(upload->suspend());
  fail(fs::Operation::kWrite);
  upload = h.store->uploads().resume(a, id).value();
  EXPECT_FALSE(upload->append(bytes_of(kLarge.substr(20))));
  (void)upload->suspend();
  h.files.set_fault({});
  EXPECT_EQ(h.store->uploads().status(a, id).value(), 20u) << "what was acknowledged";
  upload = h.store->uploads().resume(a, id).value();
  ASSERT_TRUE(upload->append(bytes_of(kLarge.substr(20))));
  ASSERT_TRUE(upload->finish(Digest::of(kLarge)));
  EXPECT_EQ(h.read(a, Digest::of(kLarge)), kLarge);
}

TEST_F(FailureTest, AnUploadWhoseBytesCannotBeMadeDurableLeavesNothing) {
  for (const fs::Operation operation :
       {fs::Operation::kMakeDirectory, fs::Operation::kSync, fs::Operation::kRename}) {
    const std::string id = h.store->uploads().begin(a, Algorithm::kSha256)->str();
    auto upload = h.store->uploads().resume(a, id).value();
    ASSERT_TRUE(upload->append(bytes_of(kLarge)));
    fail(operation);
    EXPECT_EQ(upload->finish(Digest::of(kLarge)).error().code, Code::kNoSpace);
    upload.reset();
    h.files.set_fault({});
    EXPECT_EQ(h.store->uploads().status(a, id).error().code, Code::kNotFound);
    EXPECT_EQ(h.audit(), "") << "without a restart";
  }
}

TEST_F(FailureTest, AFailureAfterTheRenameDoesNotEndTheProgram) {
  int synced = 0;
  h.files.set_fault([&](const fs::Call& call) -> std::optional<Error> {
    // The directory of the file, after its own was synced for a new shard.
    if (call.operation != fs::Operation::kSyncDirectory || ++synced != 2) return std::nullopt;
    return Error{Code::kInternal, About::kNothing, "input/output error"};
  });
  auto upload = h.store->uploads().direct(a, Algorithm::kSha256).value();
  ASSERT_TRUE(upload->append(bytes_of(kLarge)));
  EXPECT_FALSE(upload->finish(Digest::of(kLarge)));
  upload.reset();
  h.files.set_fault({});
  EXPECT_EQ(h.audit(), "");
  h.push(a, kLarge);
  EXPECT_EQ(h.read(a, Digest::of(kLarge)), kLarge);
}

TEST_F(FailureTest, APublicationWhoseConditionFailsLeavesNothing) {
  h.push(a, "{}");
  h.put_image(a, "layer", {tag("v1")});
  auto upload = h.store->uploads().direct(a, Algorithm::kSha256).value();
  ASSERT_TRUE(upload->append(bytes_of(kLarge)));
  const std::vector<StagedBlob> staged = {upload->stage(Digest::of(kLarge)).value()};
  upload.reset();
  ManifestPut put = h.image(kLarge, {tag("v1")});
  put.condition.absent = true;
  EXPECT_EQ(h.store->manifests().put(a, put, staged).error().code, Code::kPrecondition);
  EXPECT_TRUE(h.blobs->list({}, 10)->empty());
  EXPECT_EQ(h.count(meta::Table::kUploads), 0u);
  EXPECT_EQ(h.audit(), "");
}

TEST_F(FailureTest, ACopyThatWasNotNeededGoesAlsoWhereTheServerEndsBeforeItDoes) {
  auto upload = h.store->uploads().direct(a, Algorithm::kSha256).value();
  ASSERT_TRUE(upload->append(bytes_of(kLarge)));
  bool pushed = false;
  h.meta.before_commit([&](const meta::Batch& batch) -> std::optional<Result<meta::Outcome>> {
    const bool names_blob =
        std::ranges::any_of(batch.writes, [](const auto& each) { return each.table == meta::Table::kBlobs; });
    if (names_blob && !std::exchange(pushed, true)) h.push(repo("b"), kLarge);
    return std::nullopt;
  });
  h.meta.after_commit([&](const meta::Batch&) -> std::optional<Error> {
    if (!pushed) return std::nullopt;
    return Error{Code::kUnavailable, About::kNothing, "no answer"};
  });
  EXPECT_FALSE(upload->finish(Digest::of(kLarge)));
  h.meta.before_commit({});
  h.meta.after_commit({});
  ASSERT_TRUE(pushed);
  EXPECT_EQ(h.blobs->list({}, 10)->size(), 2u);
  upload.reset();
  h.restart(true);
  EXPECT_EQ(h.blobs->list({}, 10)->size(), 1u);
  EXPECT_EQ(h.read(a, Digest::of(kLarge)), kLarge);
  EXPECT_EQ(h.audit(), "");
}

TEST_F(FailureTest, ASessionThatIsCancelledWhileItIsCommittedEndsInAnAnswer) {
  const std::string id = h.store->uploads().begin(a, Algorithm::kSha256)->str();
  auto upload = h.store->uploads().resume(a, id).value();
  ASSERT_TRUE(upload->append(bytes_of(kSmall)));
  // Another server on the same records.
  Store other(h.meta, *h.blobs, h.clock, h.random, h.options);
  h.before_next_commit([&] { EXPECT_TRUE(other.uploads().cancel(a, id)); });
  const auto result = upload->finish(Digest::of(kSmall));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, Code::kNotFound);
  EXPECT_EQ(h.read(a, Digest::of(kSmall)), "[not found]");
}

TEST_F(FailureTest, AStagedSessionCannotBeTakenUpBeforeItsCommit) {
  const std::string id = h.store->uploads().begin(a, Algorithm::kSha256)->str();
  auto upload = h.store->uploads().resume(a, id).value();
  ASSERT_TRUE(upload->append(bytes_of(kSmall)));
  h.before_next_commit([&] {
    EXPECT_EQ(h.store->uploads().resume(a, id).error().code, Code::kConflict);
    EXPECT_EQ(h.store->uploads().cancel(a, id).error().code, Code::kConflict);
  });
  EXPECT_TRUE(upload->finish(Digest::of(kSmall)));
  EXPECT_EQ(h.store->uploads().resume(a, id).error().code, Code::kNotFound);
}

}  // namespace
}  // namespace lamina::store
