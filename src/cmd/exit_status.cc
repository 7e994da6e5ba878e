// SPDX-License-Identifier: Apache-2.0
#include "cmd/exit_status.h"

#include <algorithm>

namespace lamina::cmd {
namespace {

constexpr ExitStatus kStatuses[] = {
    {0, "success"},
    {1, "a fault of the program or its machine"},
    {2, "wrong usage, configuration or input"},
    {3, "not found"},
    {4, "bytes differ from their digest or size, or are damaged"},
    {5, "unauthorized or denied"},
    {6, "conflict, or a stated condition does not hold"},
    {7, "unavailable: the registry or the network; try again later"},
    {8, "too large, or no space left"},
    {9, "not supported by this registry"},
    {130, "interrupted (SIGINT); 143 for SIGTERM"},
};

}  // namespace

std::span<const ExitStatus> exit_statuses() { return kStatuses; }

int exit_status(Code code) {
  switch (code) {
    case Code::kInvalid:
    case Code::kOutOfRange: return 2;
    case Code::kNotFound: return 3;
    case Code::kMismatch:
    case Code::kCorrupt: return 4;
    case Code::kUnauthorized:
    case Code::kDenied: return 5;
    case Code::kConflict:
    case Code::kPrecondition: return 6;
    case Code::kUnavailable: return 7;
    case Code::kTooLarge:
    case Code::kNoSpace: return 8;
    case Code::kUnsupported: return 9;
    case Code::kCancelled: return 130;
    case Code::kInternal: return 1;
  }
  return 1;
}

std::string code_name(Code code) {
  std::string name(to_string(code));
  std::ranges::replace(name, ' ', '-');
  return name;
}

}  // namespace lamina::cmd
