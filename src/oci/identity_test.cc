// SPDX-License-Identifier: Apache-2.0
#include "lamina/identity.h"

#include <gmock/gmock.h>

#include <vector>

namespace lamina {
namespace {

struct MapHash {
  Identity identity;
  std::uint64_t hash;
};

// Computed by mitchellh/hashstructure v2.
const MapHash kMapHashes[] = {
    {{}, 12161962213042174405U},
    {{{"a", "b"}}, 3629586248519120669U},
    {{{"component-name", "github.com/acme/podinfo"},
      {"component-version", "1.0.0"},
      {"resource-name", "manifests"},
      {"resource-version", "latest"}},
     525361613279342027U},
    {{{"component-name", "github.com/acme/podinfo"},
      {"component-version", "1.0.0"},
      {"resource-name", "manifests"},
      {"resource-version", "v6.2.0"}},
     12400343793237901512U},
    {{{"chartVersion", "6.2.0"},
      {"component-name", "github.com/acme/podinfo"},
      {"component-version", "1.0.0"},
      {"resource-name", "chart"},
      {"resource-version", "6.2.0"}},
     2248982623254406260U},
    {{{"arch", "amd64"},
      {"component-name", "github.com/acme/podinfo"},
      {"component-version", "1.0.0"},
      {"resource-name", "manifests"},
      {"resource-reference-path", R"("name"="backend":"name"="redis":)"},
      {"resource-version", "v6.2.0"}},
     12152019715335497738U},
    {{{"component-name", ""}, {"component-version", ""}}, 9919388129273076723U},
    {{{"", "x"}, {"a", "\u00fc"}}, 13984755518741117746U},
};

TEST(Identity, OcmV1Hash) {
  for (const auto& [identity, hash] : kMapHashes) {
    EXPECT_EQ(ocm_v1_hash(identity), hash);
    EXPECT_EQ(repository_of(identity, NamingScheme::kOcmV1)->str(), "sha-" + std::to_string(hash));
  }
}

struct ListHash {
  std::vector<std::string> elements;
  std::uint64_t hash;
};

TEST(Identity, OcmV2Hash) {
  const ListHash cases[] = {
      {{}, 0},
      {{""}, 8639833553635170090U},
      {{"a"}, 2658857044330921654U},
      {{"a", "b"}, 2712570657419664240U},
      {{"ocm.software/acme/podinfo"}, 14625665918924187531U},
      {{"ocm.software/acme/podinfo", "manifests", "1.0.0"}, 7249647669421723558U},
      {{"sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"}, 10296385653098323954U},
  };
  for (const auto& [elements, hash] : cases) EXPECT_EQ(ocm_v2_hash(elements), hash);
}

TEST(Identity, OcmV2NamesAComponentByItsNameAndAResourceByAllThree) {
  const Identity component = {{"component-name", "ocm.software/acme/podinfo"},
                              {"component-version", "1.0.0"}};
  EXPECT_EQ(repository_of(component, NamingScheme::kOcmV2)->str(), "sha-14625665918924187531");
  Identity resource = component;
  resource.emplace("resource-name", "manifests");
  EXPECT_FALSE(repository_of(resource, NamingScheme::kOcmV2));
  resource.emplace("resource-version", "1.0.0");
  EXPECT_EQ(repository_of(resource, NamingScheme::kOcmV2)->str(), "sha-7249647669421723558");
  resource.erase("resource-name");
  EXPECT_FALSE(repository_of(resource, NamingScheme::kOcmV2));
  EXPECT_FALSE(repository_of({{"resource-name", "a"}, {"resource-version", "1"}}, NamingScheme::kOcmV2));
  EXPECT_FALSE(repository_of({}, NamingScheme::kOcmV2));
}

TEST(Identity, OcmV2TagHasNoPlus) {
  EXPECT_EQ(ocm_v2_tag("1.2.3+4+5"), "1.2.3.build-4.build-5");
  EXPECT_EQ(ocm_v2_tag("1.2.3"), "1.2.3");
}

TEST(Identity, LaminaNameIsTheDigestOfTheCanonicalJson) {
  const Identity identity = {{"b", "2"}, {"a", "1"}};
  EXPECT_EQ(canonical_json(identity), R"({"a":"1","b":"2"})");
  // printf '{"a":"1","b":"2"}' | sha256sum
  const std::string name = "sha256-21f76dfbfe6dfe21f762080ef484112cf2952974cef30741fd1931e1c6d92112";
  EXPECT_EQ(identity_digest(identity), Digest::of(R"({"a":"1","b":"2"})"));
  EXPECT_EQ(repository_of(identity)->str(), name);
  EXPECT_EQ(repository_of(identity, NamingScheme::kLamina, "team-a")->str(), "team-a/" + name);
}

TEST(Identity, CanonicalJsonEscapesAsRfc8785) {
  EXPECT_EQ(canonical_json({}), "{}");
  EXPECT_EQ(canonical_json({{"k", "\"\\/\b\f\n\r\t\x01\x1f\x7f<>&\u2028\u00fc\U0001f600"}}),
            "{\"k\":\"\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\\u001f\x7f<>&\u2028\u00fc\U0001f600\"}");
  // By bytes: U+FF5E (ef bd 9e) is before U+1F600 (f0 9f 98 80), unlike in UTF-16.
  EXPECT_EQ(canonical_json({{"\U0001f600", ""}, {"\uff5e", ""}, {"B", ""}, {"a", ""}}),
            "{\"B\":\"\",\"a\":\"\",\"\uff5e\":\"\",\"\U0001f600\":\"\"}");
}

TEST(Identity, ParseIsTheInverseOfCanonicalJson) {
  for (const auto& [identity, hash] : kMapHashes)
    EXPECT_EQ(*parse_identity(canonical_json(identity)), identity);
  const Identity control = {{std::string("\0\x1f\n", 3), "\u2028<&>"}};
  EXPECT_EQ(*parse_identity(canonical_json(control)), control);
  EXPECT_EQ(*parse_identity(" { \"b\" : \"\\u0041\" } \n"), (Identity{{"b", "A"}}));
}

TEST(Identity, ParseRefuses) {
  for (const std::string_view json :
       {"", "[]", "null", R"("a")", R"({"a":1})", R"({"a":null})", R"({"a":{}})", R"({"a":"1","a":"2"})",
        R"({"a":"1"} x)", "{\"a\":\"\xff\"}"}) {
    const auto identity = parse_identity(json);
    ASSERT_FALSE(identity) << json;
    EXPECT_EQ(identity.error().code, Code::kInvalid) << json;
  }
}

TEST(Identity, Pairs) {
  const std::vector<std::string> pairs = {"a=1", "b=x=y", "c="};
  EXPECT_EQ(*parse_identity_pairs(pairs), (Identity{{"a", "1"}, {"b", "x=y"}, {"c", ""}}));
  for (const std::vector<std::string>& wrong :
       std::vector<std::vector<std::string>>{{""}, {"a"}, {"=1"}, {"a=1", "a=1"}}) {
    EXPECT_EQ(parse_identity_pairs(wrong).error().code, Code::kInvalid);
  }
}

TEST(Identity, Limits) {
  const auto of_size = [](std::size_t entries) {
    Identity identity;
    for (std::size_t i = 0; i < entries; ++i) identity.emplace("k" + std::to_string(i), "");
    return identity;
  };
  EXPECT_TRUE(validate(of_size(64)));
  EXPECT_FALSE(validate(of_size(65)));
  EXPECT_FALSE(validate({}));
  EXPECT_FALSE(validate({{"", "x"}}));
  EXPECT_FALSE(validate({{"\xff", "x"}}));
  EXPECT_FALSE(validate({{"x", "\xed\xa0\x80"}}));
  const std::size_t overhead = canonical_json({{"k", ""}}).size();
  EXPECT_TRUE(validate({{"k", std::string(kMaxIdentityBytes - overhead, 'v')}}));
  EXPECT_FALSE(validate({{"k", std::string(kMaxIdentityBytes - overhead + 1, 'v')}}));
  EXPECT_FALSE(repository_of({}));
}

TEST(Identity, OcmNamesAreFlat) {
  for (const NamingScheme scheme : {NamingScheme::kOcmV1, NamingScheme::kOcmV2}) {
    EXPECT_EQ(repository_of({{"component-name", "a"}}, scheme, "team-a").error().about, About::kRepository);
  }
  for (const std::string_view tenant : {"A", "a/", "/a", "..", "_a"}) {
    EXPECT_FALSE(repository_of({{"a", "b"}}, NamingScheme::kLamina, tenant)) << tenant;
  }
}

TEST(Identity, NamingSchemes) {
  EXPECT_EQ(parse_naming_scheme("lamina"), NamingScheme::kLamina);
  EXPECT_EQ(parse_naming_scheme("ocm-v1"), NamingScheme::kOcmV1);
  EXPECT_EQ(parse_naming_scheme("ocm-v2"), NamingScheme::kOcmV2);
  EXPECT_EQ(parse_naming_scheme("ocm").error().code, Code::kInvalid);
}

}  // namespace
}  // namespace lamina
