// SPDX-License-Identifier: Apache-2.0
// Random operations against a model in memory, and several servers at once on the same records.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <map>
#include <random>
#include <set>
#include <thread>

#include "store/testing/conflicting_meta_store.h"
#include "store/testing/harness.h"

namespace lamina::store {
namespace {

const std::vector<std::string> kTexts = {"{}",
                                         "",
                                         "a",
                                         "small content",
                                         "sixteen bytes!!!",
                                         "seventeen bytes!!",
                                         "large content, number one, in a file",
                                         "large content, number two, in a file"};
const std::vector<std::string> kRepositories = {"a", "a/b", "a-b"};
const std::vector<std::string> kTags = {"v1", "v2", "latest", "sha256-0"};

std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

class Dice {
 public:
  explicit Dice(std::uint64_t seed) : random_(seed) {}
  std::size_t below(std::size_t n) { return static_cast<std::size_t>(random_() % n); }
  bool one_in(std::size_t n) { return below(n) == 0; }
  const std::string& of(const std::vector<std::string>& all) { return all[below(all.size())]; }
  std::vector<Tag> tags() {
    std::vector<Tag> some;
    for (const auto& name : kTags) {
      if (one_in(3)) some.push_back(tag(name));
    }
    return some;
  }

 private:
  std::mt19937_64 random_;
};

/// Pushes in one request, or in a session in pieces of any size. The error's code, or nothing.
std::optional<Code> push(Store& store, Dice& dice, const RepositoryName& repository, std::string_view text) {
  const auto code = [](const auto& result) { return std::optional(result.error().code); };
  std::unique_ptr<Upload> upload;
  std::string_view rest = text;
  if (dice.one_in(2)) {
    const auto id = store.uploads().begin(repository, Algorithm::kSha256);
    if (!id) return code(id);
    const std::string_view first = rest.substr(0, dice.below(rest.size() + 1));
    rest.remove_prefix(first.size());
    auto writer = store.uploads().resume(repository, id->str());
    if (!writer) return code(writer);
    if (auto done = (*writer)->append(bytes_of(first)); !done) return code(done);
    if (auto done = (*writer)->suspend(); !done) return code(done);
    if (dice.one_in(4)) {
      if (auto done = store.uploads().cancel(repository, id->str()); !done) return code(done);
      return push(store, dice, repository, text);
    }
    auto again = store.uploads().resume(repository, id->str());
    if (!again) return code(again);
    upload = *std::move(again);
  } else {
    auto direct = store.uploads().direct(repository, Algorithm::kSha256);
    if (!direct) return code(direct);
    upload = *std::move(direct);
  }
  if (auto done = upload->append(bytes_of(rest)); !done) return code(done);
  if (auto done = upload->finish(Digest::of(text)); !done) return code(done);
  return std::nullopt;
}

/// Layer, config, manifest and tags in one commit.
std::optional<Code> publish(Store& store, const RepositoryName& repository, std::string_view layer,
                            const ManifestPut& put) {
  std::vector<StagedBlob> staged;
  for (const std::string_view text : {layer, std::string_view("{}")}) {
    if (!staged.empty() && staged[0].digest == Digest::of(text)) continue;
    auto upload = store.uploads().direct(repository, Algorithm::kSha256).value();
    if (auto done = upload->append(bytes_of(text)); !done) return done.error().code;
    auto blob = upload->stage(Digest::of(text));
    if (!blob) return blob.error().code;
    staged.push_back(*std::move(blob));
  }
  const auto outcome = store.manifests().put(repository, put, staged);
  return outcome ? std::nullopt : std::optional(outcome.error().code);
}

/// What one repository has to hold.
struct Model {
  struct Entry {
    ManifestPut put;
    bool condemned = false;
  };
  std::set<Digest> links;
  std::map<Digest, Entry> manifests;
  std::map<std::string, Digest> tags;

  static std::vector<Digest> named(const ManifestPut& put) {
    std::vector<Digest> all;
    if (put.content.config) all.push_back(put.content.config->digest);
    for (const auto& layer : put.content.layers) all.push_back(layer.digest);
    for (const auto& child : put.content.manifests) all.push_back(child.digest);
    return all;
  }
  bool is_named(const Digest& digest) const {
    return std::ranges::any_of(manifests, [&](const auto& each) {
      const auto all = named(each.second.put);
      return std::ranges::find(all, digest) != all.end();
    });
  }
  void put(const ManifestPut& put) {
    manifests[put.digest] = {put, false};
    for (const Tag& name : put.tags) tags.insert_or_assign(name.str(), put.digest);
  }
  void remove(const Digest& digest) {
    std::erase_if(tags, [&](const auto& each) { return each.second == digest; });
    if (is_named(digest)) {
      manifests[digest].condemned = true;
      return;
    }
    const auto children = manifests[digest].put.content.manifests;
    manifests.erase(digest);
    for (const auto& child : children) {
      const auto entry = manifests.find(child.digest);
      if (entry != manifests.end() && entry->second.condemned && !is_named(child.digest))
        remove(child.digest);
    }
  }
};

class ModelTest : public testing::TestWithParam<Others> {
 protected:
  void run(std::uint64_t seed, int operations);
  void step(Dice& dice);
  void compare();

  Harness h{Harness::small(), GetParam()};
  std::map<std::string, Model> models;
};

LAMINA_ALONE_AND_AMONG_OTHERS(ModelTest);

void ModelTest::compare() {
  for (const auto& name : kRepositories) {
    const RepositoryName repository = repo(name);
    const Model& model = models[name];
    for (const auto& text : kTexts) {
      const Digest digest = Digest::of(text);
      ASSERT_EQ(h.read(repository, digest), model.links.contains(digest) ? text : "[not found]");
    }
    std::vector<std::string> tags;
    for (const auto& [each, digest] : model.tags) {
      tags.push_back(each);
      ASSERT_EQ(h.store->manifests().get(repository, tag(each))->digest, digest);
    }
    const auto listed = h.store->listing().tags(repository, "", 100);
    ASSERT_EQ(listed.has_value(), !model.manifests.empty());
    if (listed) {
      ASSERT_EQ(listed->entries, tags);
    }
    for (const auto& [digest, entry] : model.manifests) {
      ASSERT_EQ(h.store->manifests().get(repository, digest)->bytes, entry.put.bytes);
    }
  }
  std::size_t stored = 0;
  for (const auto& [name, model] : models) stored += model.manifests.size();
  ASSERT_EQ(h.count(meta::Table::kManifests), stored);
  ASSERT_EQ(h.audit(), "");
}

void ModelTest::step(Dice& dice) {
  const std::string name = dice.of(kRepositories);
  const RepositoryName repository = repo(name);
  Model& model = models[name];
  const std::string text = dice.of(kTexts);
  const Digest digest = Digest::of(text);
  const Digest empty = Digest::of("{}");
  const auto code = [](const auto& result) {
    return result ? std::nullopt : std::optional(result.error().code);
  };
  const auto any_manifest = [&]() -> std::optional<Digest> {
    if (model.manifests.empty()) return std::nullopt;
    return std::next(model.manifests.begin(), static_cast<std::ptrdiff_t>(dice.below(model.manifests.size())))
        ->first;
  };
  const auto image = [&] { return h.image(text, dice.tags(), {{"variant", std::to_string(dice.below(2))}}); };

  switch (dice.below(12)) {
    case 0:
    case 1: {
      ASSERT_EQ(push(*h.store, dice, repository, text), std::nullopt);
      model.links.insert(digest);
      break;
    }
    case 2:
    case 3: {
      const ManifestPut put = image();
      ASSERT_EQ(publish(*h.store, repository, text, put), std::nullopt);
      model.links.insert(digest);
      model.links.insert(empty);
      model.put(put);
      break;
    }
    case 4: {
      const ManifestPut put = image();
      const bool may = model.manifests.contains(put.digest) ||
                       (model.links.contains(digest) && model.links.contains(empty));
      const auto outcome = h.store->manifests().put(repository, put);
      ASSERT_EQ(code(outcome), may ? std::nullopt : std::optional(Code::kNotFound));
      if (may) model.put(put);
      break;
    }
    case 5: {
      std::vector<StoredManifest> children;
      for (std::size_t n = dice.below(3); n > 0; --n) {
        const auto child = any_manifest();
        if (child) children.push_back(h.store->manifests().get(repository, *child).value());
      }
      // Deeper and deeper indexes would only make the test slow.
      std::erase_if(children, [](const auto& child) { return child.bytes.size() > 1'000; });
      const ManifestPut put = h.index(children, dice.tags());
      ASSERT_EQ(code(h.store->manifests().put(repository, put)), std::nullopt);
      model.put(put);
      break;
    }
    case 6: {
      const std::string from = dice.of(kRepositories);
      const bool anywhere = dice.one_in(2);
      const bool may = anywhere
                           ? std::ranges::any_of(
                                 models, [&](const auto& each) { return each.second.links.contains(digest); })
                           : models[from].links.contains(digest);
      const auto source = anywhere ? std::nullopt : std::optional(repo(from));
      const auto mounted =
          h.store->blobs().mount(repository, digest, source, [](const auto&) { return true; });
      ASSERT_EQ(code(mounted), may ? std::nullopt : std::optional(Code::kNotFound));
      if (may) model.links.insert(digest);
      break;
    }
    case 7: {
      const std::string tag_name = dice.of(kTags);
      const auto removed = h.store->manifests().untag(repository, tag(tag_name));
      ASSERT_EQ(code(removed),
                model.tags.erase(tag_name) > 0 ? std::nullopt : std::optional(Code::kNotFound));
      break;
    }
    case 8: {
      const auto removed = h.store->blobs().remove(repository, digest);
      std::optional<Code> expected;
      if (!model.links.contains(digest)) {
        expected = Code::kNotFound;
      } else if (model.is_named(digest)) {
        expected = Code::kUnsupported;
      } else {
        model.links.erase(digest);
      }
      ASSERT_EQ(code(removed), expected);
      break;
    }
    case 9:
    case 10: {
      const auto manifest = any_manifest();
      if (!manifest) break;
      const auto removed = h.store->manifests().remove(repository, *manifest);
      ASSERT_TRUE(removed);
      ASSERT_EQ(*removed, model.is_named(*manifest) ? Removal::kIndexed : Removal::kRemoved);
      model.remove(*manifest);
      break;
    }
    default: {
      h.clock.advance(std::chrono::seconds(dice.below(3'600)));
      if (dice.one_in(2)) h.restart(dice.one_in(2));
      break;
    }
  }
}

void ModelTest::run(std::uint64_t seed, int operations) {
  Dice dice(seed);
  for (int i = 0; i < operations; ++i) {
    step(dice);
    if (i % 100 == 0) compare();
    ASSERT_FALSE(HasFatalFailure()) << "operation " << i << " of seed " << seed;
  }
  compare();
}

// LAMINA_MODEL_SEED runs another series than that of every build, which is the same so that its outcome is.
TEST_P(ModelTest, TheStoreDoesWhatTheModelDoes) {
  const char* given = std::getenv("LAMINA_MODEL_SEED");
  const std::uint64_t seed = given ? std::strtoull(given, nullptr, 10) : 1;
  std::cout << "LAMINA_MODEL_SEED=" << seed << '\n';
  run(seed, 20'000);
}

// Three servers on one set of records and files, none of which knows of the others.
TEST(ConcurrentWritersTest, LeaveASoundStore) {
  constexpr int kWriters = 3;
  constexpr int kOperations = 1'500;
  Harness h;
  std::vector<std::thread> writers;
  std::vector<std::map<Code, int>> errors(kWriters);
  for (int writer = 0; writer < kWriters; ++writer) {
    writers.emplace_back([&h, &errors, writer] {
      Dice dice(static_cast<std::uint64_t>(writer) + 1);
      ConflictingMetaStore records(h.meta, static_cast<std::uint64_t>(writer));
      Store store(records, *h.blobs, h.clock, h.random, h.options);
      const auto note = [&](const std::optional<Code>& code) {
        if (code) ++errors[static_cast<std::size_t>(writer)][*code];
      };
      const auto code = [](const auto& result) {
        return result ? std::nullopt : std::optional(result.error().code);
      };
      for (int i = 0; i < kOperations; ++i) {
        // Few names, so that they meet.
        const RepositoryName repository = repo(kRepositories[dice.below(2)]);
        const std::string& text = dice.of(kTexts);
        const ManifestPut put = h.image(text, dice.tags());
        const auto stored = store.manifests().get(repository, put.digest);
        const ManifestPut index = h.index({{put.digest, put.media_type, put.bytes}}, dice.tags());
        switch (dice.below(9)) {
          case 0: note(push(store, dice, repository, text)); break;
          case 1:
          case 2: note(publish(store, repository, text, put)); break;
          case 3: note(code(store.manifests().put(repository, index))); break;
          case 4: note(code(store.manifests().remove(repository, put.digest))); break;
          case 5: note(code(store.manifests().remove(repository, index.digest))); break;
          case 6: note(code(store.manifests().untag(repository, tag(dice.of(kTags))))); break;
          case 7: note(code(store.blobs().remove(repository, Digest::of(text)))); break;
          default:
            note(code(
                store.blobs().mount(repository, Digest::of(text), {}, [](const auto&) { return true; })));
            break;
        }
      }
    });
  }
  for (auto& writer : writers) writer.join();
  for (const auto& of_writer : errors) {
    for (const auto& [code, times] : of_writer) {
      // What the others removed meanwhile; nothing else goes wrong.
      EXPECT_TRUE(code == Code::kNotFound || code == Code::kUnsupported)
          << to_string(code) << ", " << times << " times";
    }
  }
  EXPECT_EQ(h.audit(), "");
  h.restart(false);
  EXPECT_EQ(h.audit(), "");
}

}  // namespace
}  // namespace lamina::store
