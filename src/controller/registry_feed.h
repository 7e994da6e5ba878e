// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <functional>
#include <stop_token>
#include <string>

#include "lamina/client.h"
#include "lamina/result.h"

namespace lamina::controller {

/// What the follower of a change log is given.
struct FeedParts {
  /// Client::changes(), for one registry.
  std::function<Result<RegistryChanges>(const std::string& since, std::chrono::seconds wait)> changes;
  std::function<void(const RegistryChange&)> on_change;
  /// Changes are told from here on: first of all, and again where the log was lost.
  std::function<void()> on_begin;
  /// The registry can be reached again, after it could not for a while. `log_lost`: its log is another one,
  /// or does not go back far enough, so that anything may have changed.
  std::function<void(bool log_lost)> on_return;
  /// Waits; returns early where it is to stop.
  std::function<void(std::chrono::milliseconds)> pause;
  std::function<void(const Error&)> on_trouble;  ///< The first failure of each interruption.
};

/// Follows the change log of Lamina's registry until `stop`. A registry without one (kUnsupported, kNotFound)
/// is asked again once in a while; its content is looked at by interval alone.
void follow_registry(const FeedParts& parts, const std::stop_token& stop);

}  // namespace lamina::controller
