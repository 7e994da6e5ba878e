// SPDX-License-Identifier: Apache-2.0
#include "controller/conditions.h"

#include <algorithm>
#include <array>
#include <utility>

#include "controller/fields.h"
#include "kube/time.h"

namespace lamina::controller {
namespace {

constexpr std::array kReasons{
    ReasonRow{Reason::kSucceeded, "Succeeded", false},
    ReasonRow{Reason::kInvalidSpec, "InvalidSpec", true},
    ReasonRow{Reason::kAccessDenied, "AccessDenied", true},
    ReasonRow{Reason::kSecretNotFound, "SecretNotFound", false},
    ReasonRow{Reason::kArtifactNotFound, "ArtifactNotFound", false},
    ReasonRow{Reason::kDigestMismatch, "DigestMismatch", false},
    ReasonRow{Reason::kContentCorrupted, "ContentCorrupted", false},
    ReasonRow{Reason::kUnsupportedArtifact, "UnsupportedArtifact", true},
    ReasonRow{Reason::kAuthenticationFailed, "AuthenticationFailed", false},
    ReasonRow{Reason::kRegistryRateLimited, "RegistryRateLimited", false},
    ReasonRow{Reason::kRegistryUnavailable, "RegistryUnavailable", false},
};

bool same_but_for_numbers(std::string_view one, std::string_view other) {
  const auto skip_digits = [](std::string_view& text) {
    text.remove_prefix(std::min(text.find_first_not_of("0123456789"), text.size()));
  };
  for (;;) {
    skip_digits(one);
    skip_digits(other);
    if (one.empty() || other.empty()) return one.empty() && other.empty();
    if (one.front() != other.front()) return false;
    one.remove_prefix(1);
    other.remove_prefix(1);
  }
}

}  // namespace

const ReasonRow& row_of(Reason reason) { return *std::ranges::find(kReasons, reason, &ReasonRow::reason); }

void set_condition(Conditions& conditions, Condition condition) {
  const auto found = std::ranges::find(conditions, condition.type, &Condition::type);
  if (found == conditions.end()) {
    conditions.push_back(std::move(condition));
    return;
  }
  if (found->status == condition.status) condition.since = found->since;
  *found = std::move(condition);
}

void remove_condition(Conditions& conditions, std::string_view type) {
  std::erase_if(conditions, [&](const Condition& condition) { return condition.type == type; });
}

const Condition* find_condition(const Conditions& conditions, std::string_view type) {
  const auto found = std::ranges::find(conditions, type, &Condition::type);
  return found == conditions.end() ? nullptr : &*found;
}

bool is_true(const Conditions& conditions, std::string_view type) {
  const Condition* found = find_condition(conditions, type);
  return found != nullptr && found->status == "True";
}

std::string steady_message(const Conditions& conditions, std::string_view type, std::string_view reason,
                           std::string message) {
  const Condition* before = find_condition(conditions, type);
  const bool steady =
      before != nullptr && before->reason == reason && same_but_for_numbers(before->message, message);
  return steady ? before->message : std::move(message);
}

Conditions read_conditions(const oci::Json* list) {
  Conditions conditions;
  for (const oci::Json& entry : fields::array(list)) {
    Condition condition{.type = fields::text(entry, "type"),
                        .status = fields::text(entry, "status"),
                        .reason = fields::text(entry, "reason"),
                        .message = fields::text(entry, "message"),
                        .since = fields::time(entry, "lastTransitionTime"),
                        .observed_generation = fields::integer(entry, "observedGeneration")};
    if (!condition.type.empty()) conditions.push_back(std::move(condition));
  }
  return conditions;
}

void write_conditions(oci::JsonWriter& json, const Conditions& conditions) {
  json.begin_array();
  for (const Condition& condition : conditions) {
    json.begin_object();
    json.name("type").string(condition.type);
    json.name("status").string(condition.status);
    json.name("reason").string(condition.reason);
    json.name("message").string(condition.message);
    json.name("lastTransitionTime").string(kube::format_time(condition.since));
    if (condition.observed_generation > 0) {
      json.name("observedGeneration").integer(condition.observed_generation);
    }
    json.end_object();
  }
  json.end_array();
}

}  // namespace lamina::controller
