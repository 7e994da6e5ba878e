// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "kube/api.h"
#include "lamina/result.h"

/// What is sent for each verb; pure. kInvalid where a name could change the meaning of the path, or a name or
/// namespace that the verb needs is missing: a DELETE without name would remove the whole collection.
namespace lamina::kube {

struct Request {
  std::string method;
  std::string target;  ///< Path and query.
  std::string accept = "application/json";
  std::string content_type;  ///< Empty: no body.
  std::string body;
  std::string what;  ///< For messages: `patch ociartifacts team-a/x`.
};

Result<Request> get_request(const ResourceType& type, const ObjectKey& key);
Result<Request> list_request(const ResourceType& type, const ListOptions& options, std::string_view next);
Result<Request> watch_request(const ResourceType& type, const WatchOptions& options);
Result<Request> create_request(const ResourceType& type, std::string_view namespace_name,
                               std::string_view json, const WriteOptions& options);
Result<Request> update_request(const ResourceType& type, const ObjectKey& key, std::string_view json,
                               const WriteOptions& options);
Result<Request> patch_request(const ResourceType& type, const ObjectKey& key, PatchType patch_type,
                              std::string_view json, const WriteOptions& options);
Result<Request> remove_request(const ResourceType& type, const ObjectKey& key, const DeleteOptions& options);
/// `path` is /api, /apis or /apis/<group>/<version>; asks for the aggregated form where the server has it.
Request discovery_request(std::string path);

}  // namespace lamina::kube
