// SPDX-License-Identifier: Apache-2.0
#include "lamina/manifest.h"
#include "oci/base64.h"
#include "oci/json_writer.h"

namespace lamina {
namespace {

using oci::JsonWriter;

// Go's `omitempty`, which every optional field of both libraries carries.
void write_text(JsonWriter& out, std::string_view name, std::string_view text) {
  if (!text.empty()) out.name(name).string(text);
}

void write_texts(JsonWriter& out, std::string_view name, const std::vector<std::string>& texts) {
  if (texts.empty()) return;
  out.name(name).begin_array();
  for (const std::string& text : texts) out.string(text);
  out.end_array();
}

void write_annotations(JsonWriter& out, const Annotations& annotations) {
  if (annotations.empty()) return;
  out.name("annotations").begin_object();
  for (const auto& [key, value] : annotations) out.name(key).string(value);
  out.end_object();
}

void write_platform(JsonWriter& out, const std::optional<Platform>& platform) {
  if (!platform) return;
  out.name("platform").begin_object();
  out.name("architecture").string(platform->architecture).name("os").string(platform->os);
  write_text(out, "os.version", platform->os_version);
  write_texts(out, "os.features", platform->os_features);
  write_text(out, "variant", platform->variant);
  out.end_object();
}

void write_descriptor(JsonWriter& out, const Descriptor& descriptor, FieldOrder order) {
  const std::string data = oci::to_base64(descriptor.data.value_or(""));
  const std::string digest = descriptor.digest.to_string();
  out.begin_object().name("mediaType").string(descriptor.media_type);
  if (order == FieldOrder::kOras) {
    out.name("digest").string(digest).name("size").integer(descriptor.size);
    write_texts(out, "urls", descriptor.urls);
    write_annotations(out, descriptor.annotations);
    write_text(out, "data", data);
  } else {
    out.name("size").integer(descriptor.size).name("digest").string(digest);
    write_text(out, "data", data);
    write_texts(out, "urls", descriptor.urls);
    write_annotations(out, descriptor.annotations);
  }
  write_platform(out, descriptor.platform);
  write_text(out, "artifactType", descriptor.artifact_type);
  out.end_object();
}

void write_descriptors(JsonWriter& out, std::string_view name, const std::vector<Descriptor>& descriptors,
                       FieldOrder order) {
  out.name(name).begin_array();
  for (const Descriptor& descriptor : descriptors) write_descriptor(out, descriptor, order);
  out.end_array();
}

void write_optional(JsonWriter& out, std::string_view name, const std::optional<Descriptor>& descriptor,
                    FieldOrder order) {
  if (descriptor) write_descriptor(out.name(name), *descriptor, order);
}

}  // namespace

std::string serialize(const Manifest& manifest, FieldOrder order) {
  JsonWriter out;
  out.begin_object().name("schemaVersion").integer(2);
  write_text(out, "mediaType", manifest.media_type);
  if (order == FieldOrder::kOras) write_text(out, "artifactType", manifest.artifact_type);
  if (manifest.kind == ManifestKind::kIndex) {
    write_descriptors(out, "manifests", manifest.manifests, order);
  } else {
    write_optional(out, "config", manifest.config, order);
    write_descriptors(out, "layers", manifest.layers, order);
  }
  if (order == FieldOrder::kOras) {
    write_optional(out, "subject", manifest.subject, order);
    write_annotations(out, manifest.annotations);
  } else {
    write_annotations(out, manifest.annotations);
    write_optional(out, "subject", manifest.subject, order);
    write_text(out, "artifactType", manifest.artifact_type);
  }
  return out.end_object().take();
}

std::string serialize(const Descriptor& descriptor, FieldOrder order) {
  JsonWriter out;
  write_descriptor(out, descriptor, order);
  return out.take();
}

}  // namespace lamina
