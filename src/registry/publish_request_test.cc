// SPDX-License-Identifier: Apache-2.0
#include "registry/publish_request.h"

#include <gmock/gmock.h>

namespace lamina::registry {
namespace {

TEST(PublishRequest, DefaultsMakeAnArtifactOfOctets) {
  const auto request = parse_publish_json("{}");
  ASSERT_TRUE(request) << request.error().message;
  const Manifest manifest = manifest_of(*request, Digest::of("x"), 1);
  EXPECT_EQ(manifest.media_type, media_type::kImageManifest);
  EXPECT_EQ(manifest.config, empty_descriptor());
  EXPECT_EQ(manifest.layers,
            (std::vector<Descriptor>{
                {.media_type = "application/octet-stream", .digest = Digest::of("x"), .size = 1}}));
  EXPECT_TRUE(manifest.annotations.empty());
  EXPECT_FALSE(request->ttl || request->identity || request->condition.absent || request->condition.names);
}

TEST(PublishRequest, NamesTheFieldThatIsWrong) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {R"([])", "publish"},
      {R"("x")", "publish"},
      {R"({"nothing":1})", "nothing"},
      {R"({"Tags":[]})", "Tags"},
      {R"({"mediaType":1})", "mediaType"},
      {R"({"artifactType":null})", "artifactType"},
      {R"({"config":"x"})", "config"},
      {R"({"config":{"digest":"x"}})", "digest"},
      {R"({"config":{"mediaType":[]}})", "config.mediaType"},
      {R"({"config":{"mediaType":"a/b","data":"*"}})", "config.data"},
      {R"({"config":{"data":"eHl6"}})", "config"},
      {R"({"layer":[]})", "layer"},
      {R"({"layer":{"urls":[]}})", "urls"},
      {R"({"layer":{"size":-1}})", "layer.size"},
      {R"({"layer":{"size":1.5}})", "layer.size"},
      {R"({"layer":{"size":"1"}})", "layer.size"},
      {R"({"layer":{"annotations":{"a":1}}})", "a"},
      {R"({"annotations":[]})", "annotations"},
      {R"({"identity":{"a":1}})", "a"},
      {R"({"identity":[]})", "identity"},
      {R"({"identity":{}})", "identity"},
      {R"({"identity":{"":"x"}})", "identity"},
      {R"({"subject":{}})", "subject"},
      {R"({"subject":{"data":"x"}})", "data"},
      {R"({"subject":{"size":"x"}})", "subject.size"},
      {R"({"tags":"v1"})", "tags"},
      {R"({"tags":[1]})", "tags"},
      {R"({"ifMatch":1})", "ifMatch"},
      {R"({"ifNoneMatch":"*"})", "ifNoneMatch"},
      {R"({"ifNoneMatch":true})", "ifNoneMatch"},
      {R"({"ttl":"1h"})", "ttl"},
      {R"({"owner":{"cluster":"c","kind":"K"}})", "name of a holder"},
      {R"({"owner":{"cluster":"c","kind":"K","name":"n","holds":[]}})", "'holds'"},
      {R"({"owner":"n"})", "owner"},
      {R"({"ttl":0})", "ttl"},
      {R"({"ttl":-1})", "ttl"},
      {R"({"ttl":9223372036854775807})", "ttl"},
      {R"({"fieldOrder":"go"})", "fieldOrder"},
  };
  for (const auto& [json, field] : cases) {
    const auto request = parse_publish_json(json);
    ASSERT_FALSE(request) << json;
    EXPECT_EQ(request.error().code, Code::kInvalid) << json;
    EXPECT_THAT(request.error().message, testing::HasSubstr(field)) << json;
  }
}

TEST(PublishRequest, TheIdentityOverwritesItsAnnotation) {
  const auto request = parse_publish_json(
      R"({"annotations":{"dev.lamina.identity":"{\"a\":\"old\"}"},"identity":{"a":"new"}})");
  ASSERT_TRUE(request);
  EXPECT_EQ(manifest_of(*request, Digest::of("x"), 1).annotations,
            (Annotations{{"dev.lamina.identity", R"({"a":"new"})"}}));
}

TEST(PublishRequest, AQueryMakesWhatTheSameFieldsMake) {
  http::Request raw;
  raw.headers.add("Content-Type", "a/layer");
  raw.query = {{"artifactType", "a/b"}, {"configMediaType", "a/c"},
               {"annotation", "k=v=w"}, {"layerAnnotation", "t=u"},
               {"identity", "name=x"},  {"tag", "v1"},
               {"ttl", "60"},           {"ifMatch", Digest::of("y").to_string()},
               {"fieldOrder", "ggcr"},  {"digest", Digest::of("x").to_string()}};
  const auto query = parse_publish_query(raw);
  const auto json = parse_publish_json(
      R"({"artifactType":"a/b","config":{"mediaType":"a/c"},"annotations":{"k":"v=w"},
    "layer":{"mediaType":"a/layer","annotations":{"t":"u"},"digest":")" +
      Digest::of("x").to_string() + R"("},"identity":{"name":"x"},"tags":["v1"],"ttl":60,"ifMatch":")" +
      Digest::of("y").to_string() + R"(","fieldOrder":"ggcr"})");
  ASSERT_TRUE(query) << query.error().message;
  ASSERT_TRUE(json) << json.error().message;
  EXPECT_EQ(manifest_of(*query, Digest::of("x"), 1), manifest_of(*json, Digest::of("x"), 1));
  EXPECT_EQ(query->tags, json->tags);
  EXPECT_EQ(query->ttl, json->ttl);
  EXPECT_EQ(query->condition.names, json->condition.names);
  EXPECT_EQ(query->layer_digest, json->layer_digest);
  EXPECT_EQ(query->order, json->order);
}

TEST(PublishRequest, AnOwnerHasAnHour) {
  const std::string owner =
      R"("owner":{"cluster":"c","group":"g","kind":"K","namespace":"ns","name":"n","uid":"u"})";
  const auto request = parse_publish_json("{" + owner + "}");
  ASSERT_TRUE(request) << request.error().message;
  EXPECT_EQ(to_string(request->owner->owner), "c/g/K/ns/n");
  EXPECT_EQ(request->owner->uid, "u");
  EXPECT_EQ(request->ttl, std::chrono::hours(1));
  EXPECT_EQ(parse_publish_json(R"({"ttl":60,)" + owner + "}")->ttl, std::chrono::seconds(60));
}

}  // namespace
}  // namespace lamina::registry
