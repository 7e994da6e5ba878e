// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "kube/object.h"
#include "lamina/result.h"

/// What the API of Kubernetes offers, as verbs. Errors of every verb, by what the server's Status said:
/// kNotFound; kConflict (AlreadyExists, Conflict: read again); kInvalid (a schema or CEL rule refused it: the
/// message has every cause); kDenied (Forbidden); kUnauthorized; kOutOfRange (410 Expired or Gone: list
/// again); kUnavailable (429, 5xx, or no connection: try again later); kCancelled. Error::detail holds the
/// Status's reason, then `retryAfterSeconds=N` where the server named a delay.
namespace lamina::kube {

struct ListOptions {
  std::string namespace_name;  ///< Empty: all of them.
  std::string label_selector;
  std::string field_selector;
  std::size_t limit = 500;  ///< Of one page.
};

struct WatchOptions {
  std::string namespace_name;
  std::string label_selector;
  std::string field_selector;
  std::string resource_version;       ///< From here on; may be empty with `initial_events`.
  bool initial_events = false;        ///< WatchList: begins with all objects and a bookmark that ends them.
  std::chrono::seconds timeout{300};  ///< The server ends the watch after so long.
};

struct Page {
  std::vector<Object> items;
  std::string resource_version;
  std::string next;  ///< Continues the list; empty on the last page.
};

struct WriteOptions {
  std::string subresource;    ///< `status`, or empty.
  std::string field_manager;  ///< Needed to apply.
  bool force = false;         ///< Apply: take fields over from other managers.
  bool dry_run = false;
  bool strict = true;  ///< fieldValidation=Strict for create and update: an unknown field is an error.
  /// The answer carries metadata only (Object::json too): less to send and to read where nobody looks.
  bool metadata_only = false;
};

enum class PatchType : std::uint8_t {
  kApply,  ///< Server-side apply; the body is JSON.
  kMerge,  ///< RFC 7396.
  kJson,   ///< RFC 6902.
};

enum class Propagation : std::uint8_t { kBackground, kForeground, kOrphan };
struct DeleteOptions {
  Propagation propagation = Propagation::kBackground;
  std::string uid;               ///< Precondition; empty: none.
  std::string resource_version;  ///< Precondition; empty: none.
};

/// The kube-apiserver. Thread-safe; blocks. Requests are repeated only where the server says that it did not
/// act on them (429, 503 with Retry-After), a few times and for a few seconds.
class Api {
 public:
  virtual ~Api() = default;

  virtual Result<Object> get(const ResourceType& type, const ObjectKey& key) = 0;
  /// One page; `next` is that of the page before, or empty.
  virtual Result<Page> list(const ResourceType& type, const ListOptions& options, std::string_view next) = 0;
  /// Hands each line of a watch to `on_line` as it comes, until the server ends it, `on_line` fails (its
  /// error comes back), or `stop` is requested (kCancelled, within a second).
  virtual Result<void> watch(const ResourceType& type, const WatchOptions& options,
                             const std::function<Result<void>(std::string_view)>& on_line,
                             std::stop_token stop) = 0;

  virtual Result<Object> create(const ResourceType& type, std::string_view namespace_name,
                                std::string_view json, const WriteOptions& options = {}) = 0;
  /// `json` carries the resourceVersion that it replaces.
  virtual Result<Object> update(const ResourceType& type, const ObjectKey& key, std::string_view json,
                                const WriteOptions& options = {}) = 0;
  virtual Result<Object> patch(const ResourceType& type, const ObjectKey& key, PatchType patch_type,
                               std::string_view json, const WriteOptions& options = {}) = 0;
  virtual Result<void> remove(const ResourceType& type, const ObjectKey& key,
                              const DeleteOptions& options = {}) = 0;

  /// The kind that people mean by `name`: `Kind`, `plural`, `singular`, a short name, each with or without
  /// `.group` or `.version.group`; letter case does not matter. Asks the server's discovery and keeps the
  /// answer. The core group comes first, as with kubectl. kNotFound where there is none, kInvalid where
  /// several other groups have one and `name` has no group (the message lists them).
  virtual Result<ResourceType> resolve_type(std::string_view name) = 0;
};

}  // namespace lamina::kube
