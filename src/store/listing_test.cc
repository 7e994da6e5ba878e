// SPDX-License-Identifier: Apache-2.0
#include "store/listing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/testing/harness.h"

namespace lamina::store {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

bool everyone(const RepositoryName&) { return true; }

class ListingTest : public testing::TestWithParam<Others> {
 protected:
  Listing& listing() { return h.store->listing(); }

  /// Puts an image with this identity; its layer is its name.
  Digest put(std::string_view repository, std::string_view name, const Identity& identity,
             std::vector<Tag> tags = {}) {
    return h.put_image(repo(repository), name, std::move(tags),
                       {{std::string(kIdentityAnnotation), canonical_json(identity)}});
  }
  /// A manifest of that type that refers to the subject.
  Digest refer(const Digest& subject, std::string_view type, std::string_view name) {
    ManifestPut put = h.image("{}", {});
    put.content.artifact_type = type;
    put.content.annotations["name"] = name;
    put.content.subject = Descriptor{.media_type = "x/y", .digest = subject, .size = 1};
    put = finished(std::move(put));
    h.push(a, "{}");
    EXPECT_TRUE(h.store->manifests().put(a, put));
    return put.digest;
  }
  /// All pages of that size, joined by '|'.
  std::string pages_of_tags(std::size_t limit) {
    std::string text, last;
    for (;;) {
      const auto page = listing().tags(a, last, limit).value();
      for (const auto& entry : page.entries) text += entry + ' ';
      if (!page.more) return text;
      EXPECT_EQ(page.entries.size(), limit);
      text += '|';
      last = page.entries.back();
    }
  }

  Harness h{Harness::small(), GetParam()};
  RepositoryName a = repo("a");
};

LAMINA_ALONE_AND_AMONG_OTHERS(ListingTest);

TEST_P(ListingTest, PagesOfTags) {
  h.put_image(a, "layer", {tag("b"), tag("a"), tag("B"), tag("a-b"), tag("_")});
  h.put_image(repo("a-b"), "layer", {tag("other")});
  h.put_image(repo("a/b"), "layer", {tag("other")});
  EXPECT_EQ(pages_of_tags(1), "B |_ |a |a-b |b ");
  EXPECT_EQ(pages_of_tags(2), "B _ |a a-b |b ");
  EXPECT_EQ(pages_of_tags(4), "B _ a a-b |b ");
  EXPECT_EQ(pages_of_tags(5), "B _ a a-b b ") << "no page follows that is empty";
  EXPECT_EQ(pages_of_tags(6), "B _ a a-b b ");
  EXPECT_THAT(listing().tags(a, "zz", 5)->entries, IsEmpty());
  EXPECT_THAT(listing().tags(a, "a-a", 1)->entries, ElementsAre("a-b")) << "after what is not there";
}

TEST_P(ListingTest, APageGoesOnAfterATagThatWasDeleted) {
  h.put_image(a, "layer", {tag("a"), tag("b"), tag("c")});
  EXPECT_THAT(listing().tags(a, "", 2)->entries, ElementsAre("a", "b"));
  ASSERT_TRUE(h.store->manifests().untag(a, tag("b")));
  EXPECT_THAT(listing().tags(a, "b", 2)->entries, ElementsAre("c"));
}

TEST_P(ListingTest, TagsOfNothing) {
  EXPECT_EQ(listing().tags(a, "", 10).error().about, About::kRepository);
  h.push(a, "x");
  EXPECT_EQ(listing().tags(a, "", 10).error().code, Code::kNotFound) << "blobs do not make a repository";
  h.put_image(a, "layer", {});
  EXPECT_THAT(listing().tags(a, "", 10)->entries, IsEmpty());
}

TEST_P(ListingTest, PagesOfRepositories) {
  for (const std::string_view name : {"b", "a/b", "a", "a-b"}) h.put_image(repo(name), "layer", {});
  const auto first = listing().repositories("", 3).value();
  EXPECT_THAT(first.entries, ElementsAre("a", "a-b", "a/b"));
  EXPECT_TRUE(first.more);
  const auto second = listing().repositories("a/b", 3).value();
  EXPECT_THAT(second.entries, ElementsAre("b"));
  EXPECT_FALSE(second.more);
  EXPECT_FALSE(listing().repositories("", 4)->more);
}

TEST_P(ListingTest, ReferrersByTypeAndPage) {
  const Digest subject = Digest::of("a subject that is not there");
  std::vector<Digest> signatures, all;
  for (const std::string_view name : {"1", "2", "3"}) signatures.push_back(refer(subject, "a/sig", name));
  all = signatures;
  all.push_back(refer(subject, "a/sbom", "4"));
  refer(Digest::of("another subject"), "a/sig", "5");
  std::ranges::sort(signatures);
  std::ranges::sort(all);

  const auto read = [&](std::string_view type, std::size_t limit) {
    std::vector<Digest> found;
    std::optional<Digest> last;
    for (;;) {
      const auto page = listing().referrers(a, subject, type, last, limit).value();
      for (const auto& entry : page.entries) found.push_back(entry.digest);
      if (!page.more) return found;
      last = found.back();
    }
  };
  for (const std::size_t limit : {1u, 2u, 3u, 4u, 5u}) {
    EXPECT_EQ(read("", limit), all);
    EXPECT_EQ(read("a/sig", limit), signatures);
    EXPECT_THAT(read("a/none", limit), IsEmpty());
  }
  const auto page = listing().referrers(a, subject, "a/sbom", {}, 10).value();
  ASSERT_EQ(page.entries.size(), 1u);
  EXPECT_THAT(page.entries[0].descriptor, testing::HasSubstr(R"("artifactType":"a/sbom")"));
  EXPECT_THAT(page.entries[0].descriptor, testing::HasSubstr(R"("annotations":{"name":"4"})"));
  EXPECT_THAT(listing().referrers(repo("b"), subject, "", {}, 10)->entries, IsEmpty());
  // After one that was deleted.
  ASSERT_TRUE(h.store->manifests().remove(a, all[1]));
  EXPECT_EQ(listing().referrers(a, subject, "", all[1], 10)->entries.front().digest, all[2]);
}

TEST_P(ListingTest, SearchWantsEveryPart) {
  const Digest one = put("a", "one", {{"name", "x"}, {"version", "1"}}, {tag("v1"), tag("latest")});
  put("a", "two", {{"name", "x"}, {"version", "2"}});
  put("b", "three", {{"name", "y"}, {"version", "1"}});
  h.put_image(a, "no identity", {});
  const auto find = [&](const Identity& parts) {
    return listing().find(parts, {}, 10, everyone).value().entries;
  };
  EXPECT_EQ(find({{"name", "x"}}).size(), 2u);
  EXPECT_EQ(find({{"version", "1"}}).size(), 2u);
  EXPECT_THAT(find({{"name", "x"}, {"version", "3"}}), IsEmpty());
  EXPECT_THAT(find({{"other", "x"}}), IsEmpty());
  const auto found = find({{"name", "x"}, {"version", "1"}});
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].repository, a);
  EXPECT_EQ(found[0].manifest.digest, one);
  EXPECT_EQ(found[0].identity, (Identity{{"name", "x"}, {"version", "1"}}));
  EXPECT_THAT(found[0].tags, ElementsAre("latest", "v1"));
  ASSERT_TRUE(found[0].layer);
  EXPECT_EQ(found[0].layer->digest, Digest::of("one"));
}

TEST_P(ListingTest, PagesOfASearchAreFilteredByWhatTheCallerMayRead) {
  // More than one scan of the index takes.
  for (int i = 0; i < 300; ++i) put("private/" + std::to_string(i), "layer", {{"k", "v"}});
  std::vector<std::string> readable;
  for (const std::string_view name : {"m", "q1", "q2", "q3"}) {
    put(name, "layer", {{"k", "v"}});
    readable.emplace_back(name);
  }
  const auto may_read = [](const RepositoryName& name) { return !name.str().starts_with("private/"); };
  for (const std::size_t limit : {1u, 2u, 3u, 4u, 5u}) {
    std::vector<std::string> found;
    std::optional<SearchCursor> last;
    for (;;) {
      const auto page = listing().find({{"k", "v"}}, last, limit, may_read).value();
      for (const auto& each : page.entries) found.push_back(each.repository.str());
      if (!page.more) break;
      ASSERT_EQ(page.entries.size(), limit);
      last = SearchCursor{page.entries.back().repository, page.entries.back().manifest.digest};
    }
    EXPECT_EQ(found, readable) << "pages of " << limit;
  }
}

TEST_P(ListingTest, ASearchGoesOnAfterAnArtifactThatWasDeleted) {
  const Digest one = put("a", "layer", {{"k", "v"}});
  put("b", "layer", {{"k", "v"}});
  ASSERT_TRUE(h.store->manifests().remove(a, one));
  const auto page = listing().find({{"k", "v"}}, SearchCursor{a, one}, 10, everyone).value();
  ASSERT_EQ(page.entries.size(), 1u);
  EXPECT_EQ(page.entries[0].repository, repo("b"));
}

}  // namespace
}  // namespace lamina::store
