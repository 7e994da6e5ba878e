// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/random.h"
#include "kube/api.h"

namespace lamina::kube {

enum class EventType : std::uint8_t { kNormal, kWarning };

/// Events of core/v1 about objects, as `kubectl describe` shows them. Sent by a thread of its own, so that
/// who records never waits; equal ones within ten minutes become one with a count; an object has a burst of
/// 25 and then one in five minutes, as with client-go; what cannot be sent is dropped. Thread-safe.
class EventRecorder {
 public:
  EventRecorder(Api& api, const Clock& clock, Random& random, std::string component);
  ~EventRecorder();  ///< Sends what waits, for a second and the request in progress at most.

  /// `message` is cut to 1024 bytes. `annotations` may be empty.
  void record(const ResourceType& type, const Object& about, EventType event_type, const std::string& reason,
              std::string message, const std::map<std::string, std::string>& annotations = {});

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace lamina::kube
