// SPDX-License-Identifier: Apache-2.0
#include "kube/testing/stored_object.h"

#include <cstdio>
#include <cstdlib>
#include <utility>

#include "oci/json_writer.h"

namespace lamina::kube::testing {

using oci::Json;

void abort_test(const std::string& message) {
  std::fprintf(stderr, "FakeApi: %s\n", message.c_str());
  std::abort();
}

std::string version_of(const Json& json) { return text_at(json, {"metadata", "resourceVersion"}); }

ObjectKey key_of(const ResourceType& type, const Json& json, std::string_view namespace_name) {
  ObjectKey key{.namespace_name = text_at(json, {"metadata", "namespace"}),
                .name = text_at(json, {"metadata", "name"})};
  if (key.namespace_name.empty()) key.namespace_name = namespace_name;
  if (!type.namespaced) key.namespace_name.clear();
  return key;
}

bool has_finalizers(const Json& json) {
  const Json* finalizers = find_at(json, {"metadata", "finalizers"});
  const auto* array = finalizers == nullptr ? nullptr : finalizers->as<Json::Array>();
  return array != nullptr && !array->empty();
}

Json keep_member(const Json& from, const Json& to, const JsonPath& path) {
  const Json* value = find_at(from, path);
  return value == nullptr ? without(to, path) : with(to, path, *value);
}

Json content_of(const Json& json) {
  return without(without(json, {"metadata", "resourceVersion"}), {"metadata", "generation"});
}

Json desire_of(const Json& json, bool status_subresource) {
  const Json desire = without(json, {"metadata"});
  return status_subresource ? without(desire, {"status"}) : desire;
}

Object read(const Json& json) {
  auto object = object_of(json);
  if (!object) abort_test(object.error().message);
  return *std::move(object);
}

Object answer(const Json& json, const WriteOptions& options) {
  if (!options.metadata_only) return read(json);
  Json partial = with(Json(), {"kind"}, json_text("PartialObjectMetadata"));
  partial = with(partial, {"apiVersion"}, json_text("meta.k8s.io/v1"));
  return read(keep_member(json, partial, {"metadata"}));
}

std::string event_line(std::string_view kind, std::string_view object) {
  return oci::JsonWriter()
      .begin_object()
      .name("type")
      .string(kind)
      .name("object")
      .raw(object)
      .end_object()
      .take();
}

std::string end_of_initial_events(const ResourceType& type, std::uint64_t version) {
  Json bookmark = with(Json(), {"kind"}, json_text(type.kind));
  bookmark = with(bookmark, {"apiVersion"}, json_text(type.api_version()));
  bookmark = with(bookmark, {"metadata", "resourceVersion"}, json_text(std::to_string(version)));
  bookmark = with(bookmark, {"metadata", "annotations", "k8s.io/initial-events-end"}, json_text("true"));
  return event_line("BOOKMARK", to_text(bookmark));
}

}  // namespace lamina::kube::testing
