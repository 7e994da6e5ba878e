// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "lamina/result.h"

/// Times and durations as objects of Kubernetes carry them.
namespace lamina::kube {

/// metav1.Time: "2006-01-02T15:04:05Z".
std::string format_time(UnixTime time);
/// RFC 3339 with any offset; a fraction is dropped. kInvalid for anything else.
Result<UnixTime> parse_time(std::string_view text);

/// metav1.MicroTime: "2006-01-02T15:04:05.000000Z".
std::string format_micro_time(std::chrono::sys_time<std::chrono::microseconds> time);

/// A duration as Go writes it: "1h30m", "90s", "1.5h", "250ms"; not negative. kInvalid says what was
/// expected.
Result<std::chrono::milliseconds> parse_duration(std::string_view text);

}  // namespace lamina::kube
