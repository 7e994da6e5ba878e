// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/clock.h"
#include "controller/content.h"
#include "controller/holds.h"
#include "controller/settings.h"
#include "kube/api.h"
#include "kube/events.h"
#include "kube/informer.h"

namespace lamina::controller {

/// What reconcilers work with; all of it outlives them.
struct Context {
  kube::Api& api;
  kube::EventRecorder& events;
  ContentSource& content;
  Holds& holds;
  const Clock& clock;
  const Settings& settings;
};

/// A change of its value asks for a look that takes nothing for granted; Flux's tools set it.
inline constexpr std::string_view kRequestAnnotation = "reconcile.fluxcd.io/requestedAt";

/// What becomes of a key after one look at it.
struct Outcome {
  bool failed = false;                ///< Again after a growing delay.
  std::chrono::milliseconds after{};  ///< Again after this; 0: when something changes.
  std::string log;                    ///< For the log where it failed.
  /// resourceVersion of the object as this reconcile has left it; empty: not written. The key waits until the
  /// cache has seen it.
  std::string written;
  /// Names of Concerns: changes of them in Lamina's registry mean another look.
  std::vector<std::string> concerns;

  static Outcome done() { return {}; }
  static Outcome again(std::chrono::milliseconds after) { return {.after = after}; }
  static Outcome failure(std::string log, std::chrono::milliseconds after = {}) {
    return {.failed = true, .after = after, .log = std::move(log)};
  }
};

/// One kind of object that the controller looks after. Level-based: reconcile() looks at the object as it is
/// now, and does what is missing. Thread-safe; one key is never in two calls.
class Kind {
 public:
  virtual ~Kind() = default;
  virtual const kube::ResourceType& type() const = 0;
  /// What the cache keeps of its objects, and which ones.
  virtual kube::InformerOptions informer_options() const { return {}; }
  /// Does this change of an object need a look? By default: of its generation, deletion, uid, or the
  /// annotation kRequestAnnotation.
  virtual bool needs_look(const kube::Object& before, const kube::Object& now) const;
  /// Told of each change before a look at it, and of every object before the first look. On the informer's
  /// thread: must be quick. `now` is null where the object is gone.
  virtual void note(const kube::ObjectKey& /*key*/, const kube::Object* /*now*/) {}
  /// What the object holds by its present state. Nothing where it cannot be told (then the kind is in doubt).
  virtual std::optional<std::vector<HeldManifest>> held_by(const kube::Object& object) const = 0;
  /// The next look at this object takes nothing of its status for granted.
  virtual void distrust(const kube::ObjectKey&) {}
  /// Changes of Lamina's registry are told from now on; those until now may have been missed. The next look
  /// at each object finds out what its tag names.
  virtual void distrust_tags() {}
  /// So many holds of this kind are of objects that nobody knows, and are kept for now. True where that is
  /// news that its objects tell of: all are looked at then.
  virtual bool set_in_doubt(std::uint64_t) { return false; }
  /// `object` is null where it is gone: then what it held is released.
  virtual Outcome reconcile(const kube::ObjectKey& key, const kube::Object* object,
                            const std::stop_token& stop) = 0;
};

}  // namespace lamina::controller
