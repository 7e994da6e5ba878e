// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "client/remote.h"
#include "lamina/client.h"
#include "lamina/result.h"

namespace lamina::client {

struct ChangesQuery {
  std::string since;                           ///< Empty: only the present position is wanted.
  const RepositoryName* repository = nullptr;  ///< Null: all.
  const Tag* tag = nullptr;                    ///< Null: all.
  std::chrono::seconds wait{};
  std::stop_token stop;
};

/// A page of Lamina's change log: docs/api/changes.md. Nothing where the log does not go back to `since`.
/// Sent once: who follows a log has a back-off of its own.
Result<std::optional<RegistryChanges>> read_changes(Remote& remote, const ChangesQuery& query);

/// What such an answer says. kUnavailable where it is none, as where a proxy answers in the registry's place.
Result<RegistryChanges> parse_changes(const std::string& body);

}  // namespace lamina::client
