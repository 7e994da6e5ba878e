// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "base/clock.h"
#include "kube/config.h"
#include "kube/exec_plugin.h"
#include "lamina/result.h"

namespace lamina::kube {

/// Who a request comes from.
struct Identity {
  std::string authorization;  ///< The field's value; empty: none.
  std::string certificate;    ///< PEM; empty: none.
  std::string key;            ///< PEM
};

/// The identity that a Config describes, read again as it says. Thread-safe.
class Credentials {
 public:
  using PluginRunner = std::function<Result<ExecCredential>(const Config&)>;

  /// `config` and `clock` outlive it.
  Credentials(const Config& config, const Clock& clock, PluginRunner run = &run_exec_plugin);

  Result<std::shared_ptr<const Identity>> get();
  /// The server answered 401 to `identity`. False where the next get() can only be the same.
  bool refused(const std::shared_ptr<const Identity>& identity);

 private:
  Result<void> read();
  Result<void> read_token_file();
  Result<void> run_plugin();

  const Config& config_;
  const Clock& clock_;
  const PluginRunner run_;
  std::mutex mutex_;                          // Guards all below; held while a plug-in runs.
  std::shared_ptr<const Identity> identity_;  // Null: not read yet.
  std::optional<UnixTime> until_;             // When it is read again; empty: never.
};

}  // namespace lamina::kube
