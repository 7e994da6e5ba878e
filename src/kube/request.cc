// SPDX-License-Identifier: Apache-2.0
#include "kube/request.h"

#include <utility>

#include "http/target.h"
#include "oci/json_writer.h"
#include "oci/quote.h"

namespace lamina::kube {
namespace {

constexpr std::string_view kMetadataOnly =
    "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json";
constexpr std::string_view kAggregated =
    "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,"
    "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json";

/// Kubernetes refuses such names too.
bool is_segment(std::string_view name) {
  return name != "." && name != ".." && name.find_first_of("/%") == std::string_view::npos;
}

/// A path with its query, put together part by part.
class Target {
 public:
  explicit Target(const ResourceType& type)
      : text_(type.group.empty() ? "/api/" + type.version : "/apis/" + type.group + "/" + type.version) {}

  void segment(std::string_view name) {
    text_ += '/';
    text_ += http::percent_encode(name, ":");  // RBAC has names like system:node.
  }
  void query(std::string_view name, std::string_view value) {
    text_ += std::exchange(separator_, '&');
    text_ += name;
    text_ += '=';
    text_ += http::percent_encode(value);
  }
  /// Unless it is empty.
  void option(std::string_view name, std::string_view value) {
    if (!value.empty()) query(name, value);
  }
  std::string take() { return std::move(text_); }

 private:
  std::string text_;
  char separator_ = '?';
};

Result<Target> collection(const ResourceType& type, std::string_view namespace_name) {
  Target target(type);
  if (!is_segment(namespace_name))
    return fail(Code::kInvalid, "expected the name of a namespace, found " + oci::quote(namespace_name));
  if (type.namespaced && !namespace_name.empty()) {
    target.segment("namespaces");
    target.segment(namespace_name);
  }
  target.segment(type.plural);
  return target;
}

std::unexpected<Error> no_namespace(const ResourceType& type) {
  return fail(Code::kInvalid, type.plural + " are in namespaces, and none was named");
}

Result<Target> item(const ResourceType& type, const ObjectKey& key, std::string_view subresource = {}) {
  if (type.namespaced && key.namespace_name.empty()) return no_namespace(type);
  if (key.name.empty() || !is_segment(key.name))
    return fail(Code::kInvalid,
                "expected the name of one of " + type.plural + ", found " + oci::quote(key.name));
  LAMINA_ASSIGN(Target target, collection(type, key.namespace_name));
  target.segment(key.name);
  if (!subresource.empty()) target.segment(subresource);
  return target;
}

std::string describe(std::string_view verb, const ResourceType& type, const ObjectKey& key) {
  std::string what = std::string(verb) + " " + type.plural;
  if (!key.name.empty()) {
    what += " " + key.to_string();
  } else if (!key.namespace_name.empty()) {
    what += " in " + key.namespace_name;
  }
  return what;
}

Request write_request(const char* method, Target target, std::string_view content_type, std::string_view json,
                      const WriteOptions& options, std::string what) {
  target.option("fieldManager", options.field_manager);
  if (options.dry_run) target.query("dryRun", "All");
  Request request{.method = method,
                  .target = target.take(),
                  .content_type = std::string(content_type),
                  .body = std::string(json),
                  .what = std::move(what)};
  if (options.metadata_only) request.accept = kMetadataOnly;
  return request;
}

}  // namespace

Result<Request> get_request(const ResourceType& type, const ObjectKey& key) {
  LAMINA_ASSIGN(Target target, item(type, key));
  return Request{.method = "GET",
                 .target = target.take(),
                 .content_type = {},
                 .body = {},
                 .what = describe("get", type, key)};
}

Result<Request> list_request(const ResourceType& type, const ListOptions& options, std::string_view next) {
  LAMINA_ASSIGN(Target target, collection(type, options.namespace_name));
  target.option("labelSelector", options.label_selector);
  target.option("fieldSelector", options.field_selector);
  if (options.limit > 0) target.query("limit", std::to_string(options.limit));
  target.option("continue", next);
  return Request{.method = "GET",
                 .target = target.take(),
                 .content_type = {},
                 .body = {},
                 .what = describe("list", type, {options.namespace_name, {}})};
}

Result<Request> watch_request(const ResourceType& type, const WatchOptions& options) {
  LAMINA_ASSIGN(Target target, collection(type, options.namespace_name));
  target.query("watch", "true");
  target.query("allowWatchBookmarks", "true");
  target.query("timeoutSeconds", std::to_string(options.timeout.count()));
  target.option("labelSelector", options.label_selector);
  target.option("fieldSelector", options.field_selector);
  target.option("resourceVersion", options.resource_version);
  if (options.initial_events) {
    target.query("sendInitialEvents", "true");
    target.query("resourceVersionMatch", "NotOlderThan");
  }
  return Request{.method = "GET",
                 .target = target.take(),
                 .content_type = {},
                 .body = {},
                 .what = describe("watch", type, {options.namespace_name, {}})};
}

Result<Request> create_request(const ResourceType& type, std::string_view namespace_name,
                               std::string_view json, const WriteOptions& options) {
  if (type.namespaced && namespace_name.empty()) return no_namespace(type);
  LAMINA_ASSIGN(Target target, collection(type, namespace_name));
  if (options.strict) target.query("fieldValidation", "Strict");
  return write_request("POST", std::move(target), "application/json", json, options,
                       describe("create", type, {std::string(namespace_name), {}}));
}

Result<Request> update_request(const ResourceType& type, const ObjectKey& key, std::string_view json,
                               const WriteOptions& options) {
  LAMINA_ASSIGN(Target target, item(type, key, options.subresource));
  if (options.strict) target.query("fieldValidation", "Strict");
  return write_request("PUT", std::move(target), "application/json", json, options,
                       describe("update", type, key));
}

Result<Request> patch_request(const ResourceType& type, const ObjectKey& key, PatchType patch_type,
                              std::string_view json, const WriteOptions& options) {
  LAMINA_ASSIGN(Target target, item(type, key, options.subresource));
  std::string_view content_type;
  switch (patch_type) {
    case PatchType::kApply:
      if (options.field_manager.empty())
        return fail(Code::kInvalid, describe("apply", type, key) + ": expected a field manager, found none");
      target.query("force", options.force ? "true" : "false");
      content_type = "application/apply-patch+yaml";  // JSON is YAML; servers before 1.34 know no other name.
      break;
    case PatchType::kMerge: content_type = "application/merge-patch+json"; break;
    case PatchType::kJson: content_type = "application/json-patch+json"; break;
  }
  return write_request("PATCH", std::move(target), content_type, json, options,
                       describe(patch_type == PatchType::kApply ? "apply" : "patch", type, key));
}

Result<Request> remove_request(const ResourceType& type, const ObjectKey& key, const DeleteOptions& options) {
  LAMINA_ASSIGN(Target target, item(type, key));
  oci::JsonWriter body;
  body.begin_object().name("kind").string("DeleteOptions").name("apiVersion").string("v1");
  body.name("propagationPolicy");
  switch (options.propagation) {
    case Propagation::kBackground: body.string("Background"); break;
    case Propagation::kForeground: body.string("Foreground"); break;
    case Propagation::kOrphan: body.string("Orphan"); break;
  }
  if (!options.uid.empty() || !options.resource_version.empty()) {
    body.name("preconditions").begin_object();
    if (!options.uid.empty()) body.name("uid").string(options.uid);
    if (!options.resource_version.empty()) body.name("resourceVersion").string(options.resource_version);
    body.end_object();
  }
  return Request{.method = "DELETE",
                 .target = target.take(),
                 .content_type = "application/json",
                 .body = body.end_object().take(),
                 .what = describe("delete", type, key)};
}

Request discovery_request(std::string path) {
  return {.method = "GET",
          .target = std::move(path),
          .accept = std::string(kAggregated),
          .content_type = {},
          .body = {},
          .what = "discover types"};
}

}  // namespace lamina::kube
