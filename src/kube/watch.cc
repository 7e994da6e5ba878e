// SPDX-License-Identifier: Apache-2.0
#include "kube/watch.h"

#include <algorithm>
#include <charconv>
#include <utility>
#include <vector>

#include "kube/json_text.h"
#include "kube/status.h"

namespace lamina::kube {
namespace {

using std::chrono::milliseconds;

/// That a server may ask for.
constexpr std::chrono::seconds kLongestDelay{300};

std::string text_at(const std::vector<TextMember>& members, std::string_view name) {
  return string_of(value_of(members, name)).value_or(std::string());
}

/// The Status of an ERROR line, as the verbs of Api give it.
Result<void> refused(std::string_view status) {
  LAMINA_ASSIGN(const auto members, members_of(status));
  unsigned code = 0;
  const std::string_view number = value_of(members, "code");
  std::from_chars(number.data(), number.data() + number.size(), code);
  return std::unexpected(error_of({.status = code, .body = std::string(status)}, "watch"));
}

}  // namespace

Watcher::Watcher(ObjectSink& sink, bool watch_list, std::function<double()> jitter, WatchTiming timing)
    : sink_(sink), jitter_(std::move(jitter)), timing_(timing), watch_list_(watch_list) {}

Watcher::Step Watcher::next(Instant now) {
  if (state_ == State::kBackingOff) {
    if (now < until_) return Wait{until_};
    if (!version_.empty()) {
      state_ = State::kWatching;
    } else if (watch_list_ && list_.next.empty() && !list_.whole) {
      state_ = State::kWatchListing;
    } else {
      state_ = State::kListing;
    }
  }
  if (state_ == State::kListing) return list_;

  started_ = now;
  lines_ = 0;
  const auto timeout = std::chrono::ceil<std::chrono::seconds>(timing_.watch * (1 + jitter_()));
  give_up_ = overdue_ = now + timeout + timing_.overdue;
  if (state_ == State::kWatching) return Watch{version_, false, timeout};
  give_up_ = std::min(overdue_, now + timing_.initial_events);
  sink_.list_begins();
  return Watch{{}, true, timeout};
}

void Watcher::page(Page page) {
  works();
  if (list_.next.empty()) sink_.list_begins();
  for (Object& object : page.items) sink_.present(std::move(object));
  if (page.next.empty()) return list_ended(std::move(page.resource_version));
  list_.next = std::move(page.next);
}

Result<void> Watcher::line(std::string_view line) {
  ++lines_;
  const bool live = state_ == State::kWatching;
  LAMINA_ASSIGN(const auto event, members_of(line));
  const std::string type = text_at(event, "type");
  const std::string_view object = value_of(event, "object");
  if (type == "ERROR") return refused(object);
  if (type == "BOOKMARK") {
    LAMINA_TRY(bookmark(object));
  } else if (type == "ADDED" || type == "MODIFIED" || type == "DELETED") {
    LAMINA_ASSIGN(Object read, parse_object(object));
    if (live) version_ = read.resource_version;
    if (type == "DELETED") {
      sink_.gone(std::move(read));
    } else {
      sink_.present(std::move(read));
    }
  }
  works();
  if (live) worked_since_list_ = true;
  return {};
}

Result<void> Watcher::bookmark(std::string_view object) {
  LAMINA_ASSIGN(const auto members, members_of(object));
  LAMINA_ASSIGN(const auto metadata, members_of(value_of(members, "metadata")));
  std::string version = text_at(metadata, "resourceVersion");
  if (version.empty()) return fail(Code::kInvalid, "expected a bookmark with a resourceVersion, found none");
  if (state_ == State::kWatching) {
    version_ = std::move(version);
    return {};
  }
  const auto annotations = members_of(value_of(metadata, "annotations"));
  if (annotations && text_at(*annotations, "k8s.io/initial-events-end") == "true") {
    give_up_ = overdue_;
    list_ended(std::move(version));
  }
  return {};
}

void Watcher::finished(const Result<void>& result, Instant now) {
  if (!result) return failed(result.error(), now);
  if (state_ == State::kWatchListing) {
    return failed({Code::kUnsupported, About::kNothing, "the server ended a watch before its initial events"},
                  now);
  }
  if (lines_ == 0 && now - started_ < timing_.shortest_watch) {
    return failed({Code::kUnavailable, About::kNothing, "the server ended a watch as soon as it began"}, now);
  }
  works();
  worked_since_list_ = true;
}

void Watcher::failed(const Error& error, Instant now) {
  if (state_ == State::kWatchListing && !says_nothing_of_watch_list(error, now)) {
    watch_list_ = false;
    return list_again();
  }
  switch (error.code) {
    case Code::kNotFound:
      type_missing_ = true;
      list_again();
      return wait(error, now + timing_.missing_type + random_part(timing_.missing_type / 4));
    case Code::kOutOfRange:
      if (state_ == State::kListing && !list_.next.empty()) {
        list_ = {.next = {}, .whole = true};
        return;
      }
      list_again();
      if (std::exchange(worked_since_list_, false)) return;
      break;
    case Code::kInvalid: list_again(); break;
    default: break;
  }
  back_off(error, now);
}

void Watcher::back_off(const Error& error, Instant now) {
  if (const auto delay = retry_after(error)) {
    return wait(error, now + std::min(*delay, kLongestDelay) + random_part(timing_.first_back_off));
  }
  if (!last_failure_ || now - *last_failure_ >= timing_.healthy_after)
    next_back_off_ = timing_.first_back_off;
  last_failure_ = now;
  const milliseconds least = std::min(next_back_off_, timing_.longest_back_off / 2);
  next_back_off_ = least * 2;
  wait(error, now + least + random_part(least));
}

void Watcher::wait(const Error& error, Instant until) {
  trouble_ = error;
  ++failures_;
  state_ = State::kBackingOff;
  until_ = until;
}

void Watcher::list_again() {
  version_.clear();
  list_ = {};
  state_ = watch_list_ ? State::kWatchListing : State::kListing;
}

void Watcher::list_ended(std::string resource_version) {
  version_ = std::move(resource_version);
  list_ = {};
  state_ = State::kWatching;
  sink_.list_ends();
  synced_ = true;
}

void Watcher::works() {
  trouble_.reset();
  type_missing_ = false;
}

bool Watcher::says_nothing_of_watch_list(const Error& error, Instant now) const {
  if (lines_ > 0 || now >= give_up_) return false;
  if (retry_after(error)) return true;
  switch (error.code) {
    case Code::kNotFound:
    case Code::kUnauthorized:
    case Code::kDenied: return true;
    case Code::kUnavailable: return error.detail.empty();  // No answer at all.
    default: return false;
  }
}

milliseconds Watcher::random_part(milliseconds all) const {
  return std::chrono::duration_cast<milliseconds>(all * jitter_());
}

}  // namespace lamina::kube
