// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include <utility>

#include "lamina/manifest.h"
#include "oci/testing/vectors.h"

namespace lamina {
namespace {

using ::testing::HasSubstr;

const std::string kDigest =
    "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";  // of {}
constexpr std::string_view kSchema1 = "application/vnd.docker.distribution.manifest.v1+json";
constexpr std::string_view kSchema1Signed = "application/vnd.docker.distribution.manifest.v1+prettyjws";

/// A descriptor of the two bytes {} with more fields after the three that every one has.
std::string descriptor(const std::string& more = "", const std::string& type = "application/x") {
  return R"({"mediaType":")" + type + R"(","digest":")" + kDigest + R"(","size":2)" + more + "}";
}

std::string image(const std::string& more = "", const std::string& config = descriptor()) {
  return R"({"schemaVersion":2,"config":)" + config + more + "}";
}

std::string image_of(const std::string& layer) { return image(R"(,"layers":[)" + layer + "]"); }

std::string index(const std::string& more = R"(,"manifests":[])") {
  return R"({"schemaVersion":2)" + more + "}";
}

TEST(ManifestParse, ImageAsAValue) {
  const auto manifest = parse_manifest(
      image(
          R"(,"mediaType":"application/vnd.oci.image.manifest.v1+json","artifactType":"application/a",
              "layers":[)" +
          descriptor(R"(,"urls":["https://a.example"],"annotations":{"k":""},"data":"e30=",)"
                     R"("artifactType":"text/b")") +
          "],\"subject\":" + descriptor() + R"(,"annotations":{"x":"y"},"unknown":[{"size":-1}])"),
      media_type::kImageManifest);
  ASSERT_TRUE(manifest) << manifest.error().message;
  EXPECT_EQ(manifest->kind, ManifestKind::kImage);
  EXPECT_EQ(manifest->media_type, media_type::kImageManifest);
  EXPECT_EQ(manifest->artifact_type, "application/a");
  EXPECT_EQ(manifest->config->media_type, "application/x");
  ASSERT_EQ(manifest->layers.size(), 1U);
  const Descriptor& layer = manifest->layers[0];
  EXPECT_EQ(layer.digest.to_string(), kDigest);
  EXPECT_EQ(layer.size, 2U);
  EXPECT_EQ(layer.urls, std::vector<std::string>{"https://a.example"});
  EXPECT_EQ(layer.annotations, (Annotations{{"k", ""}}));
  EXPECT_EQ(layer.data, "{}");
  EXPECT_EQ(layer.artifact_type, "text/b");
  EXPECT_EQ(manifest->subject->digest, layer.digest);
  EXPECT_EQ(manifest->annotations, (Annotations{{"x", "y"}}));
}

struct Accepted {
  std::string text;
  std::string_view content_type;
  ManifestKind kind;
};

TEST(ManifestParse, Accepts) {
  using enum ManifestKind;
  const std::string size_limit =
      R"({"mediaType":"application/x","digest":")" + kDigest + R"(","size":9223372036854775807})";
  const std::string sha512 =
      R"({"mediaType":"application/x","size":0,"digest":"sha512:)" + std::string(128, '0') + "\"}";
  const Accepted cases[] = {
      // The kind follows the type, else the document's own, else the fields.
      {image(), media_type::kImageManifest, kImage},
      {image(), media_type::kDockerManifest, kImage},
      {index(), media_type::kImageIndex, kIndex},
      {index(), media_type::kDockerList, kIndex},
      {image(), "", kImage},
      {index(), "", kIndex},
      {index(R"(,"manifests":[],"mediaType":"application/vnd.docker.distribution.manifest.list.v2+json")"),
       "", kIndex},
      {image(R"(,"mediaType":"")"), media_type::kImageManifest, kImage},
      // Null is absent, as Go writes it.
      {image(R"(,"layers":null,"manifests":null,"subject":null,"annotations":null,"artifactType":null)"), "",
       kImage},
      {image_of(descriptor(R"(,"data":null,"urls":null,"annotations":null,"platform":null,"x":null)")), "",
       kImage},
      {index(R"(,"manifests":null,"layers":null,"config":null)"), media_type::kImageIndex, kIndex},
      // No layers; sizes; algorithms; types.
      {image(R"(,"layers":[])"), media_type::kImageManifest, kImage},
      {image_of(size_limit), "", kImage},
      {image_of(sha512), "", kImage},
      {image_of(descriptor("", "text/plain; charset=utf-8")), "", kImage},
      {image_of(descriptor("", "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip")), "", kImage},
      // The empty config with an artifact type; an image config of {} without one.
      {image(R"(,"artifactType":"application/a")", descriptor("", "application/vnd.oci.empty.v1+json")), "",
       kImage},
      {image("", descriptor("", "application/vnd.oci.image.config.v1+json")), "", kImage},
      // A platform without its required fields, and with more than the spec has.
      {index(R"(,"manifests":[)" + descriptor(R"(,"platform":{})") + "]"), "", kIndex},
      {index(R"(,"manifests":[)" + descriptor(R"(,"platform":{"os":"linux","features":["sse"]})") + "]"), "",
       kIndex},
      // Fields that the spec does not have, in any case; white space.
      {image(R"(,"org.X":"y","LAYER":1,"Sizes":[])"), "", kImage},
      {" \n" + image() + "\t\n", "", kImage},
  };
  for (const auto& [text, content_type, kind] : cases) {
    const auto manifest = parse_manifest(text, content_type);
    ASSERT_TRUE(manifest) << text << ": " << manifest.error().message;
    EXPECT_EQ(manifest->kind, kind) << text;
  }
}

struct Refused {
  std::string text;
  std::string_view content_type;
  std::string_view message;  // A part of it.
};

TEST(ManifestParse, RefusesAsInvalid) {
  const std::string hex = kDigest.substr(7);
  const auto with_size = [](const std::string& size) {
    return image_of(R"({"mediaType":"application/x","digest":")" + kDigest + R"(","size":)" + size + "}");
  };
  const auto with_digest = [](const std::string& digest) {
    return image_of(R"({"mediaType":"application/x","size":2,"digest":)" + digest + "}");
  };
  const Refused cases[] = {
      {"", "", "expected JSON"},
      {"{", "", "expected JSON"},
      {"[]", "", "JSON object"},
      {"null", "", "JSON object"},
      {image() + "x", "", "expected JSON"},
      {image("") + image(""), "", "expected JSON"},
      {image(R"(,"schemaVersion":2)"), "", "'schemaVersion' comes twice"},
      {image(R"(,"layers":[],"layers":[])"), "", "'layers' comes twice"},
      {image_of(descriptor(R"(,"size":2)")), "", "'size' comes twice"},
      {image(R"(,"annotations":{"a":"1","a":"2"})"), "", "'a' comes twice"},
      {image(",\"annotations\":{\"a\":\"\xff\"}"), "", "expected JSON"},
      {"{}", "", "expected a Content-Type"},
      {"{}", media_type::kImageManifest, "schemaVersion: expected 2"},
      {R"({"config":)" + descriptor() + "}", "", "schemaVersion: expected 2"},
      {R"({"schemaVersion":"2","config":)" + descriptor() + "}", "", "schemaVersion: expected 2"},
      {R"({"schemaVersion":2.0,"config":)" + descriptor() + "}", "", "schemaVersion: expected 2"},
      {R"({"schemaVersion":3,"config":)" + descriptor() + "}", "", "schemaVersion: expected 2"},
      {R"({"schemaVersion":1,"name":"a","fsLayers":[]})", media_type::kDockerManifest,
       "schemaVersion: 1 is not offered"},
      // One document, two meanings.
      {image(R"(,"layers":[],"manifests":[])"), "", "must not have the field"},
      {image(R"(,"manifests":[])"), media_type::kImageManifest, "must not have the field manifests"},
      {index(R"(,"manifests":[],"layers":[])"), media_type::kImageIndex, "must not have the field layers"},
      {index(R"(,"manifests":[],"config":{})"), media_type::kImageIndex, "must not have the field config"},
      {image(), media_type::kImageIndex, "must not have the field config"},
      {index(), media_type::kImageManifest, "must not have the field manifests"},
      {image(R"(,"mediaType":"application/vnd.oci.image.index.v1+json")"), media_type::kImageManifest,
       "Content-Type"},
      {image(R"(,"mediaType":"application/vnd.oci.image.manifest.v1+json")"), media_type::kDockerManifest,
       "Content-Type"},
      {image(R"(,"mediaType":1)"), media_type::kImageManifest, "mediaType: expected a string"},
      {image(R"(,"Layers":[])"), "", "'Layers'"},
      {image(R"(,"layers":[],"LAYERS":[])"), "", "'LAYERS'"},
      {image(",\"layer\u017f\":[]"), "", "in this very case"},
      {image_of(descriptor(R"(,"Digest":"x")")), "",
       "layers[0].digest: expected the name in this very case, found 'Digest'"},
      // Parts that are missing or of another type.
      {R"({"schemaVersion":2,"layers":[]})", media_type::kImageManifest, "config: an image must have one"},
      {R"({"schemaVersion":2,"config":null})", media_type::kImageManifest, "config: an image must have one"},
      {index(""), media_type::kImageIndex, "manifests: an index must have this field"},
      {image("", "[]"), "", "config: expected a descriptor"},
      {image(R"(,"layers":{})"), "", "layers: expected an array"},
      {image(R"(,"layers":["x"])"), "", "layers[0]: expected a descriptor"},
      {image(R"(,"layers":[null])"), "", "layers[0]: expected a descriptor"},
      {image(R"(,"subject":"x")"), "", "subject: expected a descriptor"},
      {image(R"(,"subject":{})"), "", "subject.mediaType"},
      {image(R"(,"artifactType":"x")"), "", "artifactType: expected a media type"},
      {image(R"(,"artifactType":1)"), "", "artifactType: expected a string"},
      {image("", descriptor("", "application/vnd.oci.empty.v1+json")), "", "artifactType: must be set"},
      {image(R"(,"annotations":[])"), "", "annotations: expected an object"},
      {image(R"(,"annotations":{"a":1})"), "", "annotations: expected a string for 'a'"},
      {image(R"(,"annotations":{"a":null})"), "", "annotations: expected a string for 'a'"},
      // Descriptors.
      {image_of(descriptor("", "")), "", "layers[0].mediaType: expected one"},
      {image_of(descriptor("", "x")), "", "layers[0].mediaType: expected a media type"},
      {image_of(descriptor("", "a/b/c")), "", "layers[0].mediaType: expected a media type"},
      {image_of(descriptor("", "a/")), "", "layers[0].mediaType: expected a media type"},
      {image_of(descriptor("", "*/*")), "", "layers[0].mediaType: expected a media type"},
      {image_of(descriptor("", R"(a/b;\n)")), "", "layers[0].mediaType: expected a media type"},
      {with_digest("null"), "", "layers[0].digest"},
      {with_digest("1"), "", "layers[0].digest"},
      {with_digest("\"\""), "", "layers[0].digest"},
      {with_digest("\"" + hex + "\""), "", "layers[0].digest"},
      {with_digest("\"sha256:" + std::string(64, 'A') + "\""), "", "layers[0].digest"},
      {with_size("null"), "", "layers[0].size"},
      {with_size("-1"), "", "layers[0].size"},
      {with_size("1.5"), "", "layers[0].size"},
      {with_size("2.0"), "", "layers[0].size"},
      {with_size("2e0"), "", "layers[0].size"},
      {with_size("\"2\""), "", "layers[0].size"},
      {with_size("9223372036854775808"), "", "layers[0].size"},
      {image_of(descriptor(R"(,"urls":"x")")), "", "layers[0].urls"},
      {image_of(descriptor(R"(,"urls":[1])")), "", "layers[0].urls"},
      {image_of(descriptor(R"(,"annotations":{"a":{}})")), "", "layers[0].annotations"},
      {image_of(descriptor(R"(,"artifactType":"x")")), "", "layers[0].artifactType"},
      {index(R"(,"manifests":[)" + descriptor(R"(,"platform":[])") + "]"), "", "manifests[0].platform"},
      {index(R"(,"manifests":[)" + descriptor(R"(,"platform":{"os":1})") + "]"), "",
       "manifests[0].platform.os"},
      {index(R"(,"manifests":[)" + descriptor() + "," + descriptor("", "x") + "]"), "",
       "manifests[1].mediaType"},
      // Data that is not the content.
      {image_of(descriptor(R"(,"data":1)")), "", "layers[0].data: expected a string"},
      {image_of(descriptor(R"(,"data":"e30")")), "", "layers[0].data: expected base64"},
      {image_of(descriptor(R"(,"data":"e3 0=")")), "", "layers[0].data: expected base64"},
      {image_of(descriptor(R"(,"data":"")")), "", "layers[0].data: expected the 2 bytes"},
      {image_of(descriptor(R"(,"data":"e30K")")), "", "layers[0].data: expected the 2 bytes"},
      {image_of(descriptor(R"(,"data":"e31=")")), "", "layers[0].data: expected base64"},
      {image_of(descriptor(R"(,"data":"W10=")")), "", "layers[0].data: expected the 2 bytes"},
  };
  for (const auto& [text, content_type, message] : cases) {
    const auto manifest = parse_manifest(text, content_type);
    ASSERT_FALSE(manifest) << text;
    EXPECT_EQ(manifest.error().code, Code::kInvalid) << text << ": " << manifest.error().message;
    EXPECT_EQ(manifest.error().about, About::kManifest) << text;
    EXPECT_THAT(manifest.error().message, HasSubstr(message)) << text;
  }
}

TEST(ManifestParse, RefusesAsUnsupported) {
  const Refused cases[] = {
      {image(), kSchema1, "schema 1 is not offered"},
      {"not even JSON", kSchema1Signed, "schema 1 is not offered"},
      {image(R"(,"mediaType":"application/vnd.docker.distribution.manifest.v1+json")"), "",
       "schema 1 is not offered"},
      {image(), "application/json", "'application/json'"},
      {image(), "application/vnd.oci.image.manifest.v1+json; charset=utf-8", "expected the media type"},
      {image(), "application/vnd.oci.artifact.manifest.v1+json", "expected the media type"},
      {image(R"(,"mediaType":"application/x")"), "", "'application/x'"},
      {image_of(R"({"mediaType":"application/x","size":2,"digest":"md5:99914b932bd37a50b983c5e7c90ae93b"})"),
       "", "layers[0].digest: digest algorithm 'md5' is not offered"},
      {image(R"(,"subject":{"mediaType":"application/x","size":2,"digest":"blake3:ab"})"), "",
       "subject.digest"},
  };
  for (const auto& [text, content_type, message] : cases) {
    const auto manifest = parse_manifest(text, content_type);
    ASSERT_FALSE(manifest) << text;
    EXPECT_EQ(manifest.error().code, Code::kUnsupported) << text << ": " << manifest.error().message;
    EXPECT_EQ(manifest.error().about, About::kManifest) << text;
    EXPECT_THAT(manifest.error().message, HasSubstr(message)) << text;
  }
}

TEST(ManifestParse, SizeLimit) {
  const std::string head = image();
  const std::string largest = head + std::string(kMaxManifestBytes - head.size(), ' ');
  EXPECT_TRUE(parse_manifest(largest, media_type::kImageManifest));
  const auto manifest = parse_manifest(largest + " ", media_type::kImageManifest);
  ASSERT_FALSE(manifest);
  EXPECT_EQ(manifest.error().code, Code::kTooLarge);
  EXPECT_EQ(manifest.error().about, About::kManifest);
}

TEST(ManifestParse, LargestManifestOfDescriptorsPasses) {
  const std::string layer = R"({"mediaType":"a/b","digest":")" + kDigest + R"(","size":0})";
  std::string layers = layer;
  while (layers.size() + layer.size() + 200 < kMaxManifestBytes) layers += "," + layer;
  const auto manifest = parse_manifest(image_of(layers), "");
  ASSERT_TRUE(manifest) << manifest.error().message;
  EXPECT_GT(manifest->layers.size(), 30'000U);
}

TEST(ManifestParse, EveryCutAndEveryFlippedByteIsAnswered) {
  for (const auto& entry : oci::testing::kManifestVectors) {
    for (std::size_t at = 0; at < entry.manifest.size(); ++at) {
      EXPECT_FALSE(parse_manifest(entry.manifest.substr(0, at), "")) << entry.name << " cut at " << at;
      for (const unsigned flip : {0x01U, 0x20U, 0x80U}) {
        std::string text(entry.manifest);
        text[at] = static_cast<char>(static_cast<unsigned char>(text[at]) ^ flip);
        const auto manifest = parse_manifest(text, "");
        // Where it still parses, its value is written and read back the same.
        if (!manifest) continue;
        const auto again = parse_manifest(serialize(*manifest, entry.order), "");
        ASSERT_TRUE(again) << text << ": " << again.error().message;
        EXPECT_EQ(*again, *manifest) << text;
      }
    }
  }
}

TEST(Manifest, EffectiveTypes) {
  Manifest manifest;
  EXPECT_EQ(manifest.effective_artifact_type(), "");
  EXPECT_EQ(manifest.effective_media_type(""), media_type::kImageManifest);
  manifest.config = empty_descriptor();
  EXPECT_EQ(manifest.effective_artifact_type(), media_type::kEmpty);
  manifest.artifact_type = "application/a";
  EXPECT_EQ(manifest.effective_artifact_type(), "application/a");
  manifest.kind = ManifestKind::kIndex;
  EXPECT_EQ(manifest.effective_media_type(""), media_type::kImageIndex);
  manifest.media_type = media_type::kDockerList;
  EXPECT_EQ(manifest.effective_media_type(""), media_type::kDockerList);
  EXPECT_EQ(manifest.effective_media_type(media_type::kImageIndex), media_type::kImageIndex);
}

TEST(Descriptor, EmptyIsThatOfTheSpec) {
  const Descriptor empty = empty_descriptor();
  EXPECT_EQ(empty.media_type, "application/vnd.oci.empty.v1+json");
  EXPECT_EQ(empty.digest.to_string(), kDigest);
  EXPECT_EQ(empty.size, 2U);
  EXPECT_EQ(empty.data, "{}");
}

TEST(Descriptor, NonDistributable) {
  for (const std::string_view type : {"application/vnd.oci.image.layer.nondistributable.v1.tar",
                                      "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
                                      "application/vnd.oci.image.layer.nondistributable.v1.tar+zstd",
                                      "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"}) {
    EXPECT_TRUE(is_non_distributable(type)) << type;
  }
  for (const std::string_view type : {"", "application/vnd.oci.image.layer.v1.tar+gzip",
                                      "application/vnd.docker.image.rootfs.diff.tar.gzip"}) {
    EXPECT_FALSE(is_non_distributable(type)) << type;
  }
}

}  // namespace
}  // namespace lamina
