// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include "registry/testing/registry_server.h"

namespace lamina::registry {
namespace {

using testing::HasSubstr;

const std::string kImage(media_type::kImageManifest);
const std::string kIndex(media_type::kImageIndex);

class ManifestsTest : public testing::Test {
 protected:
  Reply put(std::string_view reference, std::string_view bytes, const std::string& type = kImage,
            Fields fields = {}) {
    if (!type.empty()) fields.emplace_back("Content-Type", type);
    return server.request("PUT", "/v2/a/manifests/" + std::string(reference), fields, bytes);
  }
  /// An index over these manifests of "a", which are stored.
  Manifest index_of(const std::vector<Digest>& children) {
    Manifest index;
    index.kind = ManifestKind::kIndex;
    index.media_type = kIndex;
    for (const Digest& child : children) {
      const Reply reply = server.get(manifest_path("a", child));
      index.manifests.push_back(
          {.media_type = reply.field("Content-Type"), .digest = child, .size = reply.body.size()});
    }
    return index;
  }

  RegistryServer server;
};

TEST_F(ManifestsTest, ServesTheBytesThatWerePushed) {
  // White space and an unknown field: neither may be lost.
  std::string bytes = serialize(server.image("a"), FieldOrder::kOras);
  bytes.insert(1, " \"org.example\": 1,\n");
  const Digest digest = Digest::of(bytes);
  const Reply stored = put("v1", bytes);
  EXPECT_EQ(stored.status, 201u) << stored.body;
  EXPECT_EQ(stored.field("Location"), manifest_path("a", digest));
  EXPECT_EQ(stored.field("Docker-Content-Digest"), digest.to_string());
  EXPECT_EQ(stored.field("ETag"), '"' + digest.to_string() + '"');
  EXPECT_EQ(stored.field("OCI-Subject"), "");
  for (const std::string& path : {std::string("/v2/a/manifests/v1"), manifest_path("a", digest)}) {
    const Reply got = server.get(path, {{"Accept", "application/nothing"}});
    EXPECT_EQ(got.status, 200u) << "Accept is ignored";
    EXPECT_EQ(got.body, bytes);
    EXPECT_EQ(got.field("Content-Type"), kImage);
    EXPECT_EQ(got.field("Docker-Content-Digest"), digest.to_string());
    const Reply head = server.head(path);
    EXPECT_EQ(head.status, 200u);
    EXPECT_EQ(head.field("Content-Length"), std::to_string(bytes.size()));
    EXPECT_EQ(server.get(path, {{"If-None-Match", '"' + digest.to_string() + '"'}}).status, 304u);
    EXPECT_EQ(server.get(path, {{"If-None-Match", "\"other\""}}).status, 200u);
  }
}

TEST_F(ManifestsTest, TakesAllFourKindsUnderTheirOwnType) {
  Manifest image = server.image("a");
  const std::string oci = serialize(image, FieldOrder::kGgcr);
  image.media_type = media_type::kDockerManifest;
  const std::string docker = serialize(image, FieldOrder::kGgcr);
  Manifest index = index_of({});
  const std::string oci_index = serialize(index, FieldOrder::kGgcr);
  index.media_type = media_type::kDockerList;
  const std::string docker_list = serialize(index, FieldOrder::kGgcr);
  for (const auto& [type, bytes] : {std::pair{media_type::kImageManifest, oci},
                                    {media_type::kDockerManifest, docker},
                                    {media_type::kImageIndex, oci_index},
                                    {media_type::kDockerList, docker_list}}) {
    EXPECT_EQ(put("v1", bytes, std::string(type)).status, 201u) << type;
    EXPECT_EQ(server.get("/v2/a/manifests/v1").field("Content-Type"), type);
    EXPECT_EQ(put("v2", bytes, std::string(type) + "; charset=utf-8").status, 201u) << type;
    EXPECT_EQ(server.get("/v2/a/manifests/v2").field("Content-Type"), type) << "without parameters";
    EXPECT_EQ(put("v3", bytes, "").status, 201u) << "the document's own type decides";
    EXPECT_EQ(server.get("/v2/a/manifests/v3").field("Content-Type"), type);
  }
}

TEST_F(ManifestsTest, AManifestPushedBySha512KeepsThatName) {
  const std::string bytes = serialize(server.image("a"), FieldOrder::kOras);
  const std::string digest = Digest::of(bytes, Algorithm::kSha512).to_string();
  EXPECT_EQ(put(digest + "?tag=big", bytes).status, 201u);
  EXPECT_EQ(server.get("/v2/a/manifests/big").field("Docker-Content-Digest"), digest);
  EXPECT_EQ(server.get("/v2/a/manifests/" + digest).body, bytes);
  EXPECT_EQ(server.get(manifest_path("a", Digest::of(bytes))).status, 404u) << "no look-up across algorithms";
}

TEST_F(ManifestsTest, SeveralTagsInOnePut) {
  const std::string bytes = serialize(server.image("a"), FieldOrder::kOras);
  const Reply stored = put(Digest::of(bytes).to_string() + "?tag=one&tag=two", bytes);
  EXPECT_EQ(stored.status, 201u);
  EXPECT_THAT(stored.headers.all("OCI-Tag"), testing::ElementsAre("one", "two"));
  EXPECT_EQ(put("three?tag=four&tag=three", bytes).status, 201u);
  for (const std::string_view tag : {"one", "two", "three", "four"}) {
    EXPECT_EQ(server.get("/v2/a/manifests/" + std::string(tag)).body, bytes) << tag;
  }
  const Reply refused = put("five?tag=six&tag=-bad", bytes);
  EXPECT_EQ(refused.status, 400u);
  EXPECT_EQ(server.head("/v2/a/manifests/five").status, 404u) << "all tags or none";
}

TEST_F(ManifestsTest, ASubjectIsConfirmedWhetherItIsThereOrNot) {
  Manifest manifest = server.image("a");
  const Digest absent = Digest::of("no such manifest");
  manifest.subject = Descriptor{.media_type = kImage, .digest = absent, .size = 16};
  const Reply stored = put("v1", serialize(manifest, FieldOrder::kOras));
  EXPECT_EQ(stored.status, 201u) << stored.body;
  EXPECT_EQ(stored.field("OCI-Subject"), absent.to_string());
}

TEST_F(ManifestsTest, RefusesBadBodies) {
  const Manifest good = server.image("a");
  const std::string bytes = serialize(good, FieldOrder::kOras);
  const std::string config = serialize(*good.config, FieldOrder::kOras);
  const std::string layer = serialize(good.layers[0], FieldOrder::kOras);
  const std::string head = R"({"schemaVersion":2,"mediaType":")" + kImage + R"(",)";
  const std::string both = head + R"("config":)" + config + R"(,"layers":[)" + layer + R"(],"manifests":[]})";
  const auto with_layer = [&](std::string_view fields) {
    return head + R"("config":)" + config + R"(,"layers":[{)" + std::string(fields) + "}]}";
  };
  const std::string digest = R"("digest":")" + good.layers[0].digest.to_string() + R"(")";
  struct Case {
    std::string what, bytes, type;
    unsigned status;
  };
  const Case cases[] = {
      {"nothing", "", kImage, 400},
      {"no JSON", "manifest", kImage, 400},
      {"half a document", bytes.substr(0, bytes.size() / 2), kImage, 400},
      {"text behind the document", bytes + "x", kImage, 400},
      {"two documents", bytes + bytes, kImage, 400},
      {"an array", "[]", kImage, 400},
      {"null", "null", kImage, 400},
      {"a number", "1", kImage, 400},
      {"not UTF-8", head + "\"annotations\":{\"a\":\"\xff\"},\"config\":" + config + "}", kImage, 400},
      {"too deep", std::string(10'000, '['), kImage, 400},
      {"no fields", "{}", kImage, 400},
      {"no schemaVersion", R"({"config":)" + config + R"(,"layers":[]})", kImage, 400},
      {"schemaVersion 3", R"({"schemaVersion":3,"config":)" + config + R"(,"layers":[]})", kImage, 400},
      {"schemaVersion as text", R"({"schemaVersion":"2","config":)" + config + R"(,"layers":[]})", kImage,
       400},
      {"a name twice", R"({"schemaVersion":2,"schemaVersion":2,)" + bytes.substr(1), kImage, 400},
      {"a name twice inside", with_layer(R"("mediaType":"a/b","size":1,"size":5,)" + digest), kImage, 400},
      {"a name in another case", R"({"Layers":[],)" + bytes.substr(1), kImage, 400},
      {"layers and manifests", both, kImage, 400},
      {"an index with layers", R"({"schemaVersion":2,"manifests":[],"layers":[)" + layer + "]}", kIndex, 400},
      {"an image under the type of an index", bytes, kIndex, 400},
      {"an image under Docker's type", bytes, std::string(media_type::kDockerManifest), 400},
      {"an index without manifests", R"({"schemaVersion":2,"mediaType":")" + kIndex + "\"}", kIndex, 400},
      {"an image without config", R"({"schemaVersion":2,"layers":[]})", kImage, 400},
      {"a type that is none", bytes, "application/json", 415},
      {"a layer's type", bytes, std::string(media_type::kLayerTarGzip), 415},
      {"a type that is malformed", bytes, "manifest", 400},
      {"a type of its own that is none", R"({"schemaVersion":2,"mediaType":"text/plain"})", "", 415},
      {"no type anywhere and no fields", R"({"schemaVersion":2})", "", 400},
      {"Docker schema 1", R"({"schemaVersion":1,"name":"a","fsLayers":[]})",
       "application/vnd.docker.distribution.manifest.v1+json", 415},
      {"signed Docker schema 1", R"({"schemaVersion":1,"name":"a","fsLayers":[]})",
       "application/vnd.docker.distribution.manifest.v1+prettyjws", 415},
      {"schema 1 under another type", R"({"schemaVersion":1,"name":"a","fsLayers":[]})", kImage, 400},
      {"a layer without digest", with_layer(R"("mediaType":"a/b","size":5)"), kImage, 400},
      {"a layer without size", with_layer(R"("mediaType":"a/b",)" + digest), kImage, 400},
      {"a layer without type", with_layer(R"("size":5,)" + digest), kImage, 400},
      {"a negative size", with_layer(R"("mediaType":"a/b","size":-5,)" + digest), kImage, 400},
      {"a size with a fraction", with_layer(R"("mediaType":"a/b","size":5.5,)" + digest), kImage, 400},
      {"a size beyond 64 bits", with_layer(R"("mediaType":"a/b","size":99999999999999999999,)" + digest),
       kImage, 400},
      {"a malformed digest", with_layer(R"("mediaType":"a/b","size":5,"digest":"sha256:abc")"), kImage, 400},
      {"an unsupported algorithm",
       with_layer(R"("mediaType":"a/b","size":5,"digest":"sha384:)" + std::string(96, 'a') + '"'), kImage,
       415},
      {"data that is other bytes", with_layer(R"("mediaType":"a/b","size":5,"data":"b3RoZXI=",)" + digest),
       kImage, 400},
      {"data that is no base64", with_layer(R"("mediaType":"a/b","size":5,"data":"*",)" + digest), kImage,
       400},
      {"a type that would split a header", with_layer(R"("mediaType":"a/b\r\nX-Evil: 1","size":5,)" + digest),
       kImage, 400},
      {"annotations that are no strings",
       head + R"("annotations":{"a":1},"config":)" + config + ",\"layers\":[]}", kImage, 400},
      {"a subject that is text", head + R"("subject":"x","config":)" + config + R"(,"layers":[]})", kImage,
       400},
  };
  for (const Case& c : cases) {
    const Reply reply = put("bad", c.bytes, c.type);
    EXPECT_EQ(reply.status, c.status) << c.what << ": " << reply.body;
    EXPECT_EQ(reply.error_id(), "MANIFEST_INVALID") << c.what << ": " << reply.body;
    EXPECT_EQ(server.head("/v2/a/manifests/bad").status, 404u) << c.what;
    EXPECT_EQ(server.head(manifest_path("a", Digest::of(c.bytes))).status, 404u) << c.what;
  }
  EXPECT_EQ(server.store().count(meta::Table::kManifests), 0u);
}

TEST_F(ManifestsTest, TheLimitIsFourMebibytesToTheByte) {
  Manifest manifest = server.image("a");
  manifest.annotations["padding"] = "";
  manifest.annotations["padding"].resize(kMaxManifestBytes - serialize(manifest, FieldOrder::kOras).size(),
                                         'x');
  const std::string largest = serialize(manifest, FieldOrder::kOras);
  ASSERT_EQ(largest.size(), kMaxManifestBytes);
  const std::string larger = largest + ' ';
  const Fields streamed{{"Transfer-Encoding", "chunked"}};

  const Reply sized = put("v1", largest);
  EXPECT_EQ(sized.status, 201u) << sized.body;
  const Reply framed = put("v2", chunked(largest, 100'000), kImage, streamed);
  EXPECT_EQ(framed.status, 201u) << framed.body;
  EXPECT_TRUE(server.get("/v2/a/manifests/v2").body == largest);

  for (const Reply& reply : {put("v3", larger), put("v3", chunked(larger, 100'000), kImage, streamed)}) {
    EXPECT_EQ(reply.status, 413u);
    EXPECT_EQ(reply.error_id(), "MANIFEST_INVALID");
    EXPECT_THAT(reply.error_message(), HasSubstr("the body is larger than the limit of 4194304 bytes"));
  }
  EXPECT_EQ(server.head("/v2/a/manifests/v3").status, 404u);
}

TEST_F(ManifestsTest, TheDigestOfTheAddressMustBeThatOfTheBytes) {
  const std::string bytes = serialize(server.image("a"), FieldOrder::kOras);
  const std::string hex = Digest::of(bytes).hex();
  for (const std::string& reference :
       {Digest::of(bytes + "  ").to_string(), Digest::of("").to_string(),
        std::string("sha256:baddigeststring"), "sha256:" + hex.substr(1), "sha256:" + hex + '0',
        "SHA256:" + hex, "md5:" + hex.substr(32), "sha512:" + hex, "sha384:" + hex + hex.substr(32),
        std::string("sha256:")}) {
    const Reply reply = put(reference, bytes);
    EXPECT_EQ(reply.status, 400u) << reference;
    EXPECT_EQ(reply.error_id(), "DIGEST_INVALID") << reference;
  }
  EXPECT_EQ(server.get("/v2/a/manifests/sha256:baddigeststring").status, 400u);
  EXPECT_EQ(server.store().count(meta::Table::kManifests), 0u);
}

TEST_F(ManifestsTest, RefusesTagsOutsideTheGrammar) {
  const std::string bytes = serialize(server.image("a"), FieldOrder::kOras);
  EXPECT_EQ(put(std::string(128, 't'), bytes).status, 201u);
  EXPECT_EQ(put("_A.b-C", bytes).status, 201u);
  for (const std::string& tag : {std::string(129, 't'), std::string(300, 't'), std::string(".a"),
                                 std::string("-a"), std::string("a+b"), std::string("a%20b"),
                                 std::string("a%40b"), std::string("%C3%A4"), std::string("a*")}) {
    for (const std::string_view method : {"GET", "PUT", "DELETE"}) {
      const Reply reply = server.request(method, "/v2/a/manifests/" + tag, {{"Content-Type", kImage}}, bytes);
      EXPECT_EQ(reply.status, 400u) << method << ' ' << tag;
      EXPECT_EQ(reply.error_id(), "MANIFEST_INVALID") << method << ' ' << tag;
    }
  }
}

TEST_F(ManifestsTest, RefusesToNameWhatItsRepositoryDoesNotHold) {
  const Manifest good = server.image("a", {"one layer", "and another"});
  server.push_blob("b", "a layer of b");
  struct Case {
    std::string what;
    std::function<void(Manifest&)> change;
    unsigned status;
    std::string id;
  };
  const Case cases[] = {
      {"an absent layer", [](Manifest& m) { m.layers[1].digest = Digest::of("absent"); }, 404,
       "MANIFEST_BLOB_UNKNOWN"},
      {"an absent config", [](Manifest& m) { m.config->digest = Digest::of("absent"); }, 404,
       "MANIFEST_BLOB_UNKNOWN"},
      {"a blob of another repository",
       [](Manifest& m) {
         m.layers[0].digest = Digest::of("a layer of b");
         m.layers[0].size = 12;
       },
       404, "MANIFEST_BLOB_UNKNOWN"},
      {"a blob under another algorithm",
       [](Manifest& m) { m.layers[0].digest = Digest::of("one layer", Algorithm::kSha512); }, 404,
       "MANIFEST_BLOB_UNKNOWN"},
      {"a layer that is larger", [](Manifest& m) { --m.layers[0].size; }, 400, "SIZE_INVALID"},
      {"a layer that is smaller", [](Manifest& m) { ++m.layers[1].size; }, 400, "SIZE_INVALID"},
      {"a config that is larger", [](Manifest& m) { m.config->size = 0; }, 400, "SIZE_INVALID"},
  };
  for (const Case& c : cases) {
    Manifest manifest = good;
    c.change(manifest);
    const Reply reply = put("bad", serialize(manifest, FieldOrder::kOras));
    EXPECT_EQ(reply.status, c.status) << c.what << ": " << reply.body;
    EXPECT_EQ(reply.error_id(), c.id) << c.what;
    EXPECT_EQ(server.head("/v2/a/manifests/bad").status, 404u) << c.what;
  }
  const Digest image = server.push("a", "good", good);
  Manifest index = index_of({image});
  index.manifests[0].size += 1;
  EXPECT_EQ(put("bad", serialize(index, FieldOrder::kOras), kIndex).error_id(), "SIZE_INVALID");
  index.manifests[0].digest = Digest::of("absent");
  EXPECT_EQ(put("bad", serialize(index, FieldOrder::kOras), kIndex).error_id(), "MANIFEST_BLOB_UNKNOWN");
  EXPECT_EQ(server.head("/v2/a/manifests/bad").status, 404u);
}

TEST_F(ManifestsTest, NeedsNoBytesOfForeignLayers) {
  Manifest manifest = server.image("a");
  manifest.layers[0] = {.media_type = "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
                        .digest = Digest::of("elsewhere"),
                        .size = 123456,
                        .urls = {"https://example.com/layer"}};
  EXPECT_EQ(put("v1", serialize(manifest, FieldOrder::kOras)).status, 201u);
}

TEST(SparseManifests, AreTakenWhereThePolicyAdmitsThem) {
  store::Options options = store::Harness::small();
  options.accepts_sparse = [](const RepositoryName& name) { return name.str().starts_with("sparse/"); };
  RegistryServer server({}, options);
  Manifest manifest = server.image("sparse/a");
  manifest.layers[0].digest = Digest::of("absent");
  server.push("sparse/a", "v1", manifest);
  server.push_blob("a", "{}");
  EXPECT_EQ(server
                .request("PUT", "/v2/a/manifests/v1", {{"Content-Type", kImage}},
                         serialize(manifest, FieldOrder::kOras))
                .error_id(),
            "MANIFEST_BLOB_UNKNOWN");
}

TEST_F(ManifestsTest, ConditionsOnTheTag) {
  Manifest manifest = server.image("a");
  const std::string first = serialize(manifest, FieldOrder::kOras);
  manifest.annotations["n"] = "2";
  const std::string second = serialize(manifest, FieldOrder::kOras);
  const std::string first_tag = '"' + Digest::of(first).to_string() + '"';
  const std::string second_tag = '"' + Digest::of(second).to_string() + '"';
  struct Step {
    std::string name, value, bytes;
    unsigned status;
    std::string tag_then;  // what the tag names after it
  };
  const Step steps[] = {
      {"If-Match", first_tag, first, 412, ""},
      {"If-None-Match", "*", first, 201, first_tag},
      {"If-None-Match", "*", second, 412, first_tag},
      {"If-None-Match", "*", first, 201, first_tag},  // the first answer was lost
      {"If-Match", second_tag, second, 412, first_tag},
      {"If-Match", first_tag, second, 201, second_tag},
      {"If-Match", first_tag, second, 201, second_tag},  // the first answer was lost
      {"If-Match", first_tag, first, 412, second_tag},
      {"If-None-Match", second_tag, second, 400, second_tag},
      {"If-Match", "*", second, 400, second_tag},
      {"If-Match", first_tag + ", " + second_tag, second, 400, second_tag},
      {"If-Match", "\"latest\"", second, 400, second_tag},
      {"If-Match", Digest::of(first).to_string(), second, 400, second_tag},  // no quotes
  };
  for (const Step& step : steps) {
    const Reply reply = put("v1", step.bytes, kImage, {{step.name, step.value}});
    EXPECT_EQ(reply.status, step.status) << step.name << ' ' << step.value << ": " << reply.body;
    if (step.status == 412) {
      EXPECT_EQ(reply.error_id(), "DENIED");
    }
    EXPECT_EQ(server.head("/v2/a/manifests/v1").field("ETag"), step.tag_then)
        << step.name << ' ' << step.value;
  }
  EXPECT_EQ(put(Digest::of(first).to_string(), first, kImage, {{"If-None-Match", "*"}}).status, 400u)
      << "a condition without a tag";
}

TEST_F(ManifestsTest, UnknownManifests) {
  server.push_image("a", "v1");
  for (const std::string& path : {std::string("/v2/a/manifests/v2"), manifest_path("a", Digest::of("absent")),
                                  std::string("/v2/nobody/manifests/v1")}) {
    for (const std::string_view method : {"GET", "DELETE"}) {
      const Reply reply = server.request(method, path);
      EXPECT_EQ(reply.status, 404u) << method << ' ' << path;
      EXPECT_EQ(reply.error_id(), "MANIFEST_UNKNOWN") << method << ' ' << path;
    }
    EXPECT_EQ(server.head(path).status, 404u) << path;
  }
}

TEST_F(ManifestsTest, DeletingATagLeavesTheManifest) {
  const Digest digest = server.push_image("a", "v1");
  EXPECT_EQ(server.remove("/v2/a/manifests/v1").status, 202u);
  EXPECT_EQ(server.head("/v2/a/manifests/v1").status, 404u);
  EXPECT_EQ(server.remove("/v2/a/manifests/v1").status, 404u);
  EXPECT_EQ(server.head(manifest_path("a", digest)).status, 200u);
}

TEST_F(ManifestsTest, DeletingAManifestTakesItsTags) {
  const Manifest manifest = server.image("a");
  const Digest digest = server.push("a", "v1", manifest);
  server.push("a", "v2", manifest);
  EXPECT_EQ(server.remove(manifest_path("a", digest)).status, 202u);
  for (const std::string& path :
       {std::string("/v2/a/manifests/v1"), std::string("/v2/a/manifests/v2"), manifest_path("a", digest)}) {
    EXPECT_EQ(server.head(path).status, 404u) << path;
  }
  EXPECT_EQ(server.get("/v2/a/tags/list").error_id(), "NAME_UNKNOWN")
      << "the repository went with its last manifest";
}

TEST_F(ManifestsTest, AChildGoesWithTheLastIndexThatNamesIt) {
  const Digest child = server.push_image("a", "child");
  const Digest first = server.push("a", "first", index_of({child}));
  Manifest other = index_of({child});
  other.annotations["n"] = "2";
  const Digest second = server.push("a", "second", other);

  const Reply held = server.remove(manifest_path("a", child));
  EXPECT_EQ(held.status, 202u);
  EXPECT_THAT(held.field("Warning"), testing::StartsWith("299 - \""));
  EXPECT_EQ(server.head("/v2/a/manifests/child").status, 404u) << "its tags are gone";
  EXPECT_EQ(server.head(manifest_path("a", child)).status, 200u);

  const Reply removed = server.remove(manifest_path("a", first));
  EXPECT_EQ(removed.status, 202u);
  EXPECT_EQ(removed.field("Warning"), "");
  EXPECT_EQ(server.head(manifest_path("a", child)).status, 200u);
  EXPECT_EQ(server.remove(manifest_path("a", second)).status, 202u);
  EXPECT_EQ(server.head(manifest_path("a", child)).status, 404u);
  EXPECT_EQ(server.store().count(meta::Table::kEdges), 0u);
}

TEST_F(ManifestsTest, PushingACondemnedChildAgainKeepsIt) {
  const Manifest image = server.image("a");
  const Digest child = server.push("a", "", image);
  const Digest index = server.push("a", "index", index_of({child}));
  EXPECT_EQ(server.remove(manifest_path("a", child)).status, 202u);
  server.push("a", "again", image);
  EXPECT_EQ(server.remove(manifest_path("a", index)).status, 202u);
  EXPECT_EQ(server.head("/v2/a/manifests/again").status, 200u);
}

}  // namespace
}  // namespace lamina::registry
