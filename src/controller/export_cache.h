// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/random.h"
#include "controller/export_documents.h"
#include "kube/api.h"
#include "kube/object.h"

namespace lamina::controller {

/// What is in the cluster of the exported kinds. Thread-safe.
class ExportCache {
 public:
  enum class Availability : std::uint8_t { kLoading, kReady, kNotInstalled, kFailing };
  struct Status {
    Availability availability = Availability::kLoading;
    std::string message;  ///< Of kFailing: what the API server said.
  };
  struct Owned {
    ExportKind kind{};
    kube::ObjectKey key;
    std::string uid;
  };

  virtual ~ExportCache() = default;
  virtual Status status(ExportKind kind) const = 0;
  virtual std::optional<ExportState> find(ExportKind kind, const kube::ObjectKey& key) const = 0;
  /// The exports that the object with this uid controls, in no order.
  virtual std::vector<Owned> owned_by(const std::string& uid) const = 0;
};

/// The object that an export was made from.
struct ExportOwner {
  std::string group;
  std::string kind;
  kube::ObjectKey key;
  friend bool operator==(const ExportOwner&, const ExportOwner&) = default;
};
/// The controlling owner of an export, as the cache keeps it. Nothing where it has none.
std::optional<ExportOwner> owner_of(const kube::Object& exported);

/// Keeps up with the objects that carry the controller's label. Kinds that the cluster does not have cost a
/// request now and then.
class WatchedExports final : public ExportCache {
 public:
  /// `api` and `random` outlive it. `on_change` is called on the informers' threads with the owner of each
  /// export that came, changed or went: it needs a look.
  WatchedExports(kube::Api& api, Random& random, std::function<void(const ExportOwner&)> on_change);
  ~WatchedExports() override;
  WatchedExports(const WatchedExports&) = delete;
  WatchedExports& operator=(const WatchedExports&) = delete;

  void start();
  void stop();
  /// Blocks until of each kind the objects are known, or that they cannot be had now; false where `stop`
  /// came.
  bool wait_for_sync(const std::stop_token& stop) const;

  Status status(ExportKind kind) const override;
  std::optional<ExportState> find(ExportKind kind, const kube::ObjectKey& key) const override;
  std::vector<Owned> owned_by(const std::string& uid) const override;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace lamina::controller
