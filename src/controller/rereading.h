// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>

namespace lamina::controller {

/// How often content is read again for objects that have no interval of their own.
inline constexpr std::chrono::hours kRereadInterval{1};

/// The first time after a start: spread over the interval, by the object's uid.
inline std::chrono::milliseconds first_reading(const std::string& uid) {
  constexpr auto kWhole = std::chrono::milliseconds(kRereadInterval).count();
  return std::chrono::milliseconds(1 + static_cast<std::int64_t>(std::hash<std::string>{}(uid) % kWhole));
}

}  // namespace lamina::controller
