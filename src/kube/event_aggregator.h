// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <unordered_map>

#include "base/clock.h"

namespace lamina::kube {

/// Decides which events are sent, and how: equal ones become one with a count, and no object has too many.
/// Pure; the time is passed in. Not thread-safe.
class EventAggregator {
 public:
  struct Sent {
    std::string name;       ///< Of the Event.
    std::size_t count = 0;  ///< 1: it is to be created, else it is there and gets this count.
    UnixTime first;
  };

  /// `object` names what the event is about, `content` all that makes two events equal; `new_name` gives the
  /// name of a new Event. Nothing where the object has had its share; the count goes on all the same.
  std::optional<Sent> take(const std::string& object, const std::string& content, UnixTime now,
                           const std::function<std::string()>& new_name);

 private:
  struct Known {
    Sent sent;
    UnixTime last;
  };
  struct Share {
    double left;
    UnixTime last;
  };

  bool spend(const std::string& object, UnixTime now);

  std::unordered_map<std::string, Known> known_;  // By content.
  std::unordered_map<std::string, Share> shares_;
};

}  // namespace lamina::kube
