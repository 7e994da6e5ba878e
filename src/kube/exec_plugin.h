// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "kube/config.h"
#include "lamina/result.h"

/// The protocol of client-go's credential plug-ins: ExecCredential of client.authentication.k8s.io.
namespace lamina::kube {

struct ExecCredential {
  std::string token;
  std::string certificate;  ///< PEM
  std::string key;          ///< PEM
  std::optional<UnixTime> expires;
};

/// The document that a plug-in finds in KUBERNETES_EXEC_INFO. `config.exec` is set.
std::string exec_info(const Config& config);

/// What a plug-in printed. kUnauthorized where that is no credential of this version; the message holds
/// nothing of it.
Result<ExecCredential> parse_exec_credential(std::string_view json, std::string_view api_version);

/// Runs `config.exec` without a terminal and waits for its end. What it writes to standard error goes to
/// ours.
Result<ExecCredential> run_exec_plugin(const Config& config);

}  // namespace lamina::kube
