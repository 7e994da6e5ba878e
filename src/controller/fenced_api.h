// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>

#include "kube/api.h"

namespace lamina::controller {

/// The API for as long as this process leads. Who slept past the end of its lease learns that from the
/// registry, which refuses its holds, before it knows the lease: what it would write then is not its to
/// write.
class FencedApi final : public kube::Api {
 public:
  explicit FencedApi(kube::Api& api) : api_(api) {}

  /// Whether another leads, by the latest answer to holds. Writes are then refused with kConflict.
  void close(bool closed) { closed_ = closed; }

  Result<kube::Object> get(const kube::ResourceType& type, const kube::ObjectKey& key) override {
    return api_.get(type, key);
  }
  Result<kube::Page> list(const kube::ResourceType& type, const kube::ListOptions& options,
                          std::string_view next) override {
    return api_.list(type, options, next);
  }
  Result<void> watch(const kube::ResourceType& type, const kube::WatchOptions& options,
                     const std::function<Result<void>(std::string_view)>& on_line,
                     std::stop_token stop) override {
    return api_.watch(type, options, on_line, std::move(stop));
  }
  Result<kube::ResourceType> resolve_type(std::string_view name) override { return api_.resolve_type(name); }

  Result<kube::Object> create(const kube::ResourceType& type, std::string_view namespace_name,
                              std::string_view json, const kube::WriteOptions& options) override {
    LAMINA_TRY(require_open());
    return api_.create(type, namespace_name, json, options);
  }
  Result<kube::Object> update(const kube::ResourceType& type, const kube::ObjectKey& key,
                              std::string_view json, const kube::WriteOptions& options) override {
    LAMINA_TRY(require_open());
    return api_.update(type, key, json, options);
  }
  Result<kube::Object> patch(const kube::ResourceType& type, const kube::ObjectKey& key,
                             kube::PatchType patch_type, std::string_view json,
                             const kube::WriteOptions& options) override {
    LAMINA_TRY(require_open());
    return api_.patch(type, key, patch_type, json, options);
  }
  Result<void> remove(const kube::ResourceType& type, const kube::ObjectKey& key,
                      const kube::DeleteOptions& options) override {
    LAMINA_TRY(require_open());
    return api_.remove(type, key, options);
  }

 private:
  Result<void> require_open() const {
    if (closed_)
      return fail(Code::kConflict, "another controller leads, says the registry; nothing is written");
    return {};
  }

  kube::Api& api_;
  std::atomic<bool> closed_ = false;
};

}  // namespace lamina::controller
