// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "lamina/result.h"
#include "oci/json.h"
#include "oci/json_writer.h"

namespace lamina::controller {

/// metav1.Condition.
struct Condition {
  std::string type;
  std::string status;  ///< "True", "False" or "Unknown".
  std::string reason;
  std::string message;
  UnixTime since{};  ///< lastTransitionTime: of `status`.
  std::int64_t observed_generation = 0;
  bool operator==(const Condition&) const = default;
};

using Conditions = std::vector<Condition>;

namespace condition {
// Positive polarity: True is good.
inline constexpr std::string_view kReady = "Ready";
inline constexpr std::string_view kExported = "Exported";
inline constexpr std::string_view kContentVerified = "ContentVerified";
// Negative polarity, there only while True, as kstatus has it.
inline constexpr std::string_view kReconciling = "Reconciling";
inline constexpr std::string_view kStalled = "Stalled";
inline constexpr std::string_view kHoldsInDoubt = "HoldsInDoubt";
}  // namespace condition

/// Why an object is as it is; docs/spec/v1alpha1 says of each when it is set and what to do.
enum class Reason : std::uint8_t {
  kSucceeded,
  kInvalidSpec,
  kAccessDenied,
  kSecretNotFound,
  kArtifactNotFound,
  kDigestMismatch,
  kContentCorrupted,
  kUnsupportedArtifact,
  kAuthenticationFailed,
  kRegistryRateLimited,
  kRegistryUnavailable,
};

struct ReasonRow {
  Reason reason;
  std::string_view name;  ///< As conditions carry it.
  bool stalled;           ///< Trying again is of no use before something changes.
};
const ReasonRow& row_of(Reason reason);

/// Adds the condition, or replaces the one of its type; `since` of a condition whose status stays is kept.
void set_condition(Conditions& conditions, Condition condition);
void remove_condition(Conditions& conditions, std::string_view type);
const Condition* find_condition(const Conditions& conditions, std::string_view type);
/// True where there is such a condition with status "True".
bool is_true(const Conditions& conditions, std::string_view type);

/// `message`, or that of the condition of this type where it has the same reason and differs in numbers only:
/// messages of the network tell milliseconds, which are not worth a write to the API.
std::string steady_message(const Conditions& conditions, std::string_view type, std::string_view reason,
                           std::string message);

/// `conditions` of a status; what is malformed is left out, as it will be written anew.
Conditions read_conditions(const oci::Json* list);
void write_conditions(oci::JsonWriter& json, const Conditions& conditions);

}  // namespace lamina::controller
