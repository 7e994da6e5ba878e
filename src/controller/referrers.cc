// SPDX-License-Identifier: Apache-2.0
#include "controller/referrers.h"

#include <algorithm>
#include <utility>

#include "controller/concerns.h"

namespace lamina::controller {
kube::InformerOptions Referrers::informer_options() const {
  kube::InformerOptions options;
  options.keep = [this](const kube::Object& object) { return to_json(read_(object, context_.settings)); };
  return options;
}

bool Referrers::needs_look(const kube::Object& before, const kube::Object& now) const {
  return before.json != now.json || before.deleting != now.deleting;
}

std::vector<HeldManifest> Referrers::allowed(const kube::Object& object, const Referred& referred) const {
  std::vector<HeldManifest> held;
  if (object.deleting) return held;
  for (const Referred::Entry& entry : referred.contents) {
    if (context_.settings.tenancy.allows(object.key.namespace_name, entry.manifest.repository)) {
      held.push_back(entry.manifest);
    }
  }
  return held;
}

std::optional<std::vector<HeldManifest>> Referrers::held_by(const kube::Object& object) const {
  return allowed(object, parse_referred(object.json));
}

Outcome Referrers::reconcile(const kube::ObjectKey& key, const kube::Object* object, const std::stop_token&) {
  if (object == nullptr || object->deleting) {
    rereading_.forget(key);
    failing_.erase(key);
    const auto released = context_.holds.hold(type_, key, object == nullptr ? "" : object->uid, {});
    return released ? Outcome::done() : Outcome::failure(released.error().message);
  }
  const Referred referred = parse_referred(object->json);
  const bool verifies = std::ranges::any_of(referred.contents, &Referred::Entry::verify);
  const UnixTime now = context_.clock.now();
  // What was there before we were is held by the first full comparison; its bytes are read bit by bit. What
  // refers to nothing here needs no word to the registry, unless it did before.
  const bool nothing = referred.contents.empty() && referred.malformed.empty();
  const bool is_new = !nothing && referred.created >= started_;
  Outcome outcome;
  if (rereading_.is_due(key, object->json, is_new, now)) {
    outcome = report(*object, examine(*object, referred));
    if (!outcome.failed) rereading_.was_read(key, now);
  }
  if (!outcome.failed && verifies) outcome.after = rereading_.left(key, now);
  for (const Referred::Entry& entry : referred.contents) {
    const HeldManifest& manifest = entry.manifest;
    outcome.concerns.push_back(Concerns::of_manifest(manifest.repository.str(), manifest.digest.to_string()));
  }
  return outcome;
}

std::optional<Trouble> Referrers::examine(const kube::Object& object, const Referred& referred) const {
  std::optional<Trouble> trouble;
  if (!referred.malformed.empty()) trouble = {.reason = Reason::kInvalidSpec, .message = referred.malformed};
  const std::vector<HeldManifest> held = allowed(object, referred);
  if (held.size() < referred.contents.size()) {
    trouble = {
        .reason = Reason::kAccessDenied,
        .message = "objects of namespace " + object.key.namespace_name +
                   " may not name the repository that this one refers to: it is not held. Allow it with "
                   "--allow-repository"};
  }
  if (const auto answer = context_.holds.hold(type_, object.key, object.uid, held); !answer)
    return answer.error();
  if (trouble) return trouble;
  for (const Referred::Entry& entry : referred.contents) {
    if (!entry.verify) continue;
    Expected expected;
    // Digests of other algorithms are not ours to compute; the manifest binds all the same.
    if (const auto digest = Digest::parse(entry.layer_digest)) expected.layer_digest = *digest;
    if (entry.layer_size > 0) expected.layer_size = static_cast<std::uint64_t>(entry.layer_size);
    const auto seen = context_.content.look({.registry = context_.settings.registry,
                                             .repository = entry.manifest.repository,
                                             .tag = {},
                                             .digest = entry.manifest.digest},
                                            expected, nullptr, object.key.namespace_name);
    if (!seen) return seen.error();
  }
  return std::nullopt;
}

Outcome Referrers::report(const kube::Object& object, const std::optional<Trouble>& trouble) {
  if (!trouble) {
    if (failing_.erase(object.key)) {
      context_.events.record(type_, object, kube::EventType::kNormal,
                             std::string(row_of(Reason::kSucceeded).name),
                             "the content is there again, as it should be");
    }
    return Outcome::done();
  }
  const ReasonRow& row = row_of(trouble->reason);
  if (failing_.insert(object.key)) {
    context_.events.record(type_, object, kube::EventType::kWarning, std::string(row.name), trouble->message);
  }
  return row.stalled ? Outcome::done() : Outcome::failure(trouble->message, trouble->retry_after);
}

}  // namespace lamina::controller
