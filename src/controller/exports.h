// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <optional>
#include <span>
#include <string>

#include "controller/conditions.h"
#include "controller/export_cache.h"
#include "controller/export_documents.h"
#include "controller/kind.h"

namespace lamina::controller {

struct ExportOutcome {
  /// Exported; absent where nothing is to be exported. Reasons: Succeeded; False: UnsupportedLayer,
  /// UnsupportedRegistry, UnsupportedRepository, NoAdvertiseURL, KindNotInstalled, ExportConflict,
  /// ExportFailed.
  std::optional<Condition> condition;
  bool failed = false;                      ///< Again after a growing delay.
  std::chrono::milliseconds retry_after{};  ///< Again after this; 0: when something changes.
  std::string log;                          ///< Where it failed.
};

/// Brings the objects that a source exports to what they should be. Thread-safe; one source is never in two
/// calls. Writes nothing where the cache shows that all is well; an object that the source does not control
/// is never touched.
class Exporter {
 public:
  /// All outlive it.
  Exporter(const Context& context, const ExportCache& cache) : context_(context), cache_(cache) {}

  /// Makes and repairs what is wanted, and removes what is not, or can no longer be made of this content.
  ExportOutcome sync(const ExportSource& source, std::span<const Export> wanted,
                     const ExportContent& content) const;

  /// Removes all exports of the source: there is nothing that it may show. Not needed for a source that is
  /// gone: its exports go with it.
  ExportOutcome withdraw(const ExportSource& source) const;

 private:
  std::optional<ExportTrouble> unavailable(ExportKind kind, ExportOutcome& outcome) const;
  Result<std::optional<ExportState>> state_of(ExportKind kind, const kube::ObjectKey& key) const;
  std::optional<ExportTrouble> write(ExportKind kind, const std::string& name, const ExportSource& source,
                                     const ExportContent& content, ExportOutcome& outcome) const;
  void remove(const ExportCache::Owned& owned, ExportOutcome& outcome) const;

  const Context& context_;
  const ExportCache& cache_;
};

}  // namespace lamina::controller
