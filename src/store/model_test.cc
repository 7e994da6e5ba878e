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

#include "store/keys.h"
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
const std::vector<std::string> kObjects = {"o", "o-1", "p"};
const Scope kScope{"cluster", "group", "Kind"};

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
    UnixTime expires{};
    std::optional<std::string> owner;  // As long as the expiry waits for it.
  };
  std::set<Digest> links;
  std::map<Digest, Entry> manifests;
  std::map<std::string, Digest> tags;
  std::multiset<Digest> held;  // Once for each object.

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
  void put(const ManifestPut& put, UnixTime now) {
    Entry entry{.put = put};
    if (put.ttl) entry.expires = now + *put.ttl;
    if (put.owner) entry.owner = put.owner->owner.name;
    manifests[put.digest] = std::move(entry);
    for (const Tag& name : put.tags) tags.insert_or_assign(name.str(), put.digest);
  }
  void remove(const Digest& digest) {
    std::erase_if(tags, [&](const auto& each) { return each.second == digest; });
    if (is_named(digest) || held.contains(digest)) {
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
  void release(const Digest& digest, const std::string& object, UnixTime expires) {
    held.erase(held.find(digest));
    Entry& entry = manifests[digest];
    if (entry.condemned || entry.expires == UnixTime{}) return;
    entry.expires = expires;
    if (entry.owner == object) entry.owner.reset();
  }
  /// What the collector does after a list of all objects that began at `listed`.
  void collect(UnixTime now, UnixTime listed) {
    const auto due = [&](const auto& each) {
      const auto& [digest, entry] = each;
      if (held.contains(digest)) return false;
      if (entry.condemned) return !is_named(digest);
      return entry.expires != UnixTime{} && entry.expires <= now && (!entry.owner || listed > entry.expires);
    };
    for (auto next = manifests.begin(); next != manifests.end();) {
      next = std::ranges::find_if(manifests, due);
      if (next != manifests.end()) remove(Digest(next->first));
    }
  }
};

class ModelTest : public testing::TestWithParam<Others> {
 protected:
  void run(std::uint64_t seed, int operations);
  void step(Dice& dice);
  void compare();
  void hold(Dice& dice);
  void list_all_objects();
  void collect();
  /// Sometimes with an expiry, or that and an owner.
  ManifestPut expiring(Dice& dice, ManifestPut put) const {
    if (dice.one_in(3)) put.ttl = std::chrono::seconds(1 + dice.below(3'600));
    if (put.ttl && dice.one_in(2)) put.owner = {.owner = {kScope, "", dice.of(kObjects)}, .uid = {}};
    return put;
  }
  static Options options() {
    Options made = Harness::small();
    made.released_grace = std::chrono::seconds(1'800);
    return made;
  }

  Harness h{options(), GetParam()};
  std::map<std::string, Model> models;
  std::map<std::string, std::set<HeldManifest>> objects;  // And what they hold.
  std::set<std::string> emptied;  // Repositories that a power loss may have brought back into the list.
  UnixTime last_list{};           // When it was begun.
};

LAMINA_ALONE_AND_AMONG_OTHERS(ModelTest);

/// One object holds some manifests of any repository, one that is not there, or nothing.
void ModelTest::hold(Dice& dice) {
  const std::string& object = dice.of(kObjects);
  std::set<HeldManifest> wanted, missing;
  for (std::size_t n = dice.below(4); n > 0; --n) {
    const std::string& name = dice.of(kRepositories);
    const auto& manifests = models[name].manifests;
    const Digest absent = Digest::of("absent");
    const std::size_t at = dice.below(manifests.size() + 1);
    const bool there = at < manifests.size();
    const HeldManifest manifest{
        repo(name), there ? std::next(manifests.begin(), static_cast<std::ptrdiff_t>(at))->first : absent};
    (there ? wanted : missing).insert(manifest);
  }
  HoldsUpdate update{.scope = kScope, .holders = {{"", object, "uid", {}}}, .listed_ago = {}};
  std::ranges::copy(wanted, std::back_inserter(update.holders[0].holds));
  std::ranges::copy(missing, std::back_inserter(update.holders[0].holds));
  const auto outcome = h.store->holds().set(update);
  ASSERT_TRUE(outcome) << outcome.error().message;
  ASSERT_TRUE(std::ranges::equal(outcome->missing, missing));

  const std::set<HeldManifest> before = std::exchange(objects[object], wanted);
  for (const auto& [repository, digest] : wanted) {
    if (!before.contains({repository, digest})) models[repository.str()].held.insert(digest);
  }
  for (const auto& [repository, digest] : before) {
    if (wanted.contains({repository, digest})) continue;
    models[repository.str()].release(digest, object, h.clock.now() + h.options.released_grace);
  }
}

/// The controller's complete list.
void ModelTest::list_all_objects() {
  h.clock.advance(std::chrono::seconds(1));
  HoldsUpdate update{.scope = kScope, .complete = true, .listed_ago = std::chrono::seconds(0)};
  for (const auto& [name, holds] : objects) {
    update.holders.push_back({"", name, "uid", {holds.begin(), holds.end()}});
  }
  const auto outcome = h.store->holds().set(update);
  ASSERT_TRUE(outcome) << outcome.error().message;
  ASSERT_EQ(outcome->held + outcome->released, 0u);
  last_list = h.clock.now();
  collect();
}

void ModelTest::collect() {
  const std::string now = keys::due(h.clock.now() + std::chrono::seconds(1), repo("a"), Digest());
  for (;;) {
    const auto first = h.meta.scan(meta::Table::kExpiries, {}, {}, 1, meta::Include::kKeys);
    if (first->empty() || first->front().key.substr(0, 8) >= now.substr(0, 8)) break;
    ASSERT_TRUE(h.store->manifests().remove_expired());
  }
  for (auto& [name, model] : models) model.collect(h.clock.now(), last_list);
}

void ModelTest::compare() {
  collect();
  for (const auto& [name, holds] : objects) {
    const auto listed_objects = h.store->holds().list({}, {}, 100).value().entries;
    const auto object =
        std::ranges::find(listed_objects, name, [](const auto& each) { return each.holder.name; });
    ASSERT_EQ(object != listed_objects.end(), !holds.empty());
    if (!holds.empty()) {
      ASSERT_TRUE(std::ranges::equal(object->record.holds, holds));
    }
  }
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
    if (!model.manifests.empty()) emptied.erase(name);
    if (!emptied.contains(name)) {
      ASSERT_EQ(listed.has_value(), !model.manifests.empty());
    }
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
  std::string findings = h.audit();
  for (const auto& name : emptied) {
    const std::string left = "leftover: repository " + name + " is listed, and holds no manifest\n";
    if (const auto at = findings.find(left); at != std::string::npos) findings.erase(at, left.size());
  }
  ASSERT_EQ(findings, "");
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

  switch (dice.below(15)) {
    case 0:
    case 1: {
      ASSERT_EQ(push(*h.store, dice, repository, text), std::nullopt);
      model.links.insert(digest);
      break;
    }
    case 2:
    case 3: {
      const ManifestPut put = expiring(dice, image());
      ASSERT_EQ(publish(*h.store, repository, text, put), std::nullopt);
      model.links.insert(digest);
      model.links.insert(empty);
      model.put(put, h.clock.now());
      break;
    }
    case 4: {
      const ManifestPut put = expiring(dice, image());
      const bool may = model.manifests.contains(put.digest) ||
                       (model.links.contains(digest) && model.links.contains(empty));
      const auto outcome = h.store->manifests().put(repository, put);
      ASSERT_EQ(code(outcome), may ? std::nullopt : std::optional(Code::kNotFound));
      if (may) model.put(put, h.clock.now());
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
      const ManifestPut put = expiring(dice, h.index(children, dice.tags()));
      ASSERT_EQ(code(h.store->manifests().put(repository, put)), std::nullopt);
      model.put(put, h.clock.now());
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
      const bool force = dice.one_in(8);
      const auto removed =
          h.store->manifests().remove(repository, *manifest, force ? HoldsCount::kNo : HoldsCount::kYes);
      ASSERT_TRUE(removed);
      if (force && !model.is_named(*manifest)) {
        model.held.erase(*manifest);
        for (auto& [object, holds] : objects) holds.erase({repository, *manifest});
      }
      ASSERT_EQ(*removed, model.is_named(*manifest)        ? Removal::kIndexed
                          : model.held.contains(*manifest) ? Removal::kHeld
                                                           : Removal::kRemoved);
      model.remove(*manifest);
      break;
    }
    case 11:
    case 12: {
      hold(dice);
      break;
    }
    case 13: {
      if (dice.one_in(4)) list_all_objects();
      break;
    }
    default: {
      h.clock.advance(std::chrono::seconds(dice.below(3'600)));
      if (!dice.one_in(2)) break;
      const bool power_loss = dice.one_in(2);
      h.restart(power_loss);
      for (const auto& each : kRepositories) {
        if (power_loss && models[each].manifests.empty()) emptied.insert(each);
      }
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
        HoldsUpdate update{
            .scope = kScope, .holders = {{"", dice.of(kObjects), "uid", {}}}, .listed_ago = {}};
        if (dice.one_in(2)) update.holders[0].holds.push_back({repository, put.digest});
        if (dice.one_in(3)) update.holders[0].holds.push_back({repository, index.digest});
        switch (dice.below(12)) {
          case 0: note(push(store, dice, repository, text)); break;
          case 1:
          case 2: note(publish(store, repository, text, put)); break;
          case 3: note(code(store.manifests().put(repository, index))); break;
          case 4: note(code(store.manifests().remove(repository, put.digest))); break;
          case 5: note(code(store.manifests().remove(repository, index.digest))); break;
          case 6: note(code(store.manifests().untag(repository, tag(dice.of(kTags))))); break;
          case 7: note(code(store.blobs().remove(repository, Digest::of(text)))); break;
          case 8: note(code(store.holds().set(update))); break;
          case 9: {
            ManifestPut expiring = put;
            expiring.ttl = std::chrono::seconds(1);
            note(code(store.manifests().put(repository, expiring)));
            break;
          }
          case 10:
            h.clock.advance(std::chrono::seconds(1));
            note(code(store.manifests().remove_expired()));
            break;
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
  // What was condemned and released last waits for the collector.
  ASSERT_TRUE(h.store->manifests().remove_expired());
  EXPECT_EQ(h.audit(), "");
  h.restart(false);
  EXPECT_EQ(h.audit(), "");
}

}  // namespace
}  // namespace lamina::store
