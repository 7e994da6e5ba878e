// SPDX-License-Identifier: Apache-2.0
#include "kube/events.h"

#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "kube/event_aggregator.h"
#include "kube/time.h"
#include "oci/json_writer.h"

namespace lamina::kube {
namespace {

constexpr std::size_t kLongestMessage = 1024;
constexpr std::size_t kLongestNameOfObject = 200;
constexpr std::size_t kMostWaiting = 1000;
constexpr std::chrono::seconds kPatienceAtEnd{1};

/// At most `most` bytes of `text`, without a broken character at the end.
std::string cut(std::string text, std::size_t most) {
  if (text.size() <= most) return text;
  constexpr unsigned kContinuationMask = 0xC0;
  constexpr unsigned kContinuation = 0x80;
  while (most > 0 && (static_cast<unsigned char>(text[most]) & kContinuationMask) == kContinuation) --most;
  text.resize(most);
  return text;
}

/// What is to be sent of one Event.
struct Message {
  ObjectKey key;
  bool repeated = false;
  std::string event;   ///< The whole of it.
  std::string repeat;  ///< A merge patch: what a repeated one changes.
};

}  // namespace

struct EventRecorder::State {
  State(Api& the_api, const Clock& the_clock, Random& the_random, std::string the_component)
      : api(the_api), clock(the_clock), random(the_random), component(std::move(the_component)) {}

  void send(const Message& message) {
    if (message.repeated) {
      const auto patched = api.patch(type, message.key, PatchType::kMerge, message.repeat, options);
      if (patched || patched.error().code != Code::kNotFound) return;  // kNotFound: the server forgot it.
    }
    static_cast<void>(api.create(type, message.key.namespace_name, message.event, options));
  }

  void run() {
    std::unique_lock lock(mutex);
    while (true) {
      changed.wait(lock, [this] { return ends || !waiting.empty(); });
      if (waiting.empty() || (ends && std::chrono::steady_clock::now() > *ends)) return;
      const Message message = std::move(waiting.front());
      waiting.pop_front();
      lock.unlock();
      send(message);
      lock.lock();
    }
  }

  const ResourceType type{"", "v1", "events", "Event"};
  const WriteOptions options{.metadata_only = true};
  Api& api;
  const Clock& clock;
  Random& random;
  const std::string component;

  std::mutex mutex;
  std::condition_variable changed;
  EventAggregator aggregator;                                 // Under `mutex`.
  std::deque<Message> waiting;                                // Under `mutex`.
  std::optional<std::chrono::steady_clock::time_point> ends;  // Under `mutex`.
  std::thread thread;
};

EventRecorder::EventRecorder(Api& api, const Clock& clock, Random& random, std::string component)
    : state_(std::make_unique<State>(api, clock, random, std::move(component))) {
  state_->thread = std::thread([state = state_.get()] { state->run(); });
}

EventRecorder::~EventRecorder() {
  {
    const std::lock_guard lock(state_->mutex);
    state_->ends = std::chrono::steady_clock::now() + kPatienceAtEnd;
    state_->changed.notify_one();
  }
  state_->thread.join();
}

void EventRecorder::record(const ResourceType& type, const Object& about, EventType event_type,
                           const std::string& reason, std::string message,
                           const std::map<std::string, std::string>& annotations) {
  const std::string_view type_name = event_type == EventType::kWarning ? "Warning" : "Normal";
  message = cut(std::move(message), kLongestMessage);
  const std::string object =
      type.api_version() + '\n' + type.kind + '\n' + about.key.to_string() + '\n' + about.uid;
  const std::string content = object + '\n' + std::string(type_name) + '\n' + reason + '\n' + message;
  const auto new_name = [&] {
    return cut(about.key.name, kLongestNameOfObject) + "." + state_->random.hex128();
  };

  const UnixTime now = state_->clock.now();
  const std::lock_guard lock(state_->mutex);
  const auto sent = state_->aggregator.take(object, content, now, new_name);
  if (!sent || state_->waiting.size() >= kMostWaiting) return;

  // An event of what has no namespace lies in `default`.
  const ObjectKey key{about.key.namespace_name.empty() ? "default" : about.key.namespace_name, sent->name};
  oci::JsonWriter event(oci::JsonEscapes::kMinimal);
  event.begin_object();
  event.name("apiVersion").string("v1").name("kind").string("Event");
  event.name("metadata").begin_object();
  event.name("namespace").string(key.namespace_name).name("name").string(key.name);
  if (!annotations.empty()) {
    event.name("annotations").begin_object();
    for (const auto& [name, value] : annotations) event.name(name).string(value);
    event.end_object();
  }
  event.end_object();
  event.name("involvedObject").begin_object();
  event.name("apiVersion").string(type.api_version()).name("kind").string(type.kind);
  if (!about.key.namespace_name.empty()) event.name("namespace").string(about.key.namespace_name);
  event.name("name").string(about.key.name).name("uid").string(about.uid);
  event.name("resourceVersion").string(about.resource_version);
  event.end_object();
  event.name("type").string(type_name).name("reason").string(reason).name("message").string(message);
  event.name("source").begin_object().name("component").string(state_->component).end_object();
  event.name("reportingComponent").string(state_->component);
  event.name("firstTimestamp").string(format_time(sent->first));
  event.name("lastTimestamp").string(format_time(now)).name("count").integer(sent->count);
  event.end_object();

  oci::JsonWriter repeat(oci::JsonEscapes::kMinimal);
  repeat.begin_object();
  repeat.name("lastTimestamp").string(format_time(now)).name("count").integer(sent->count);
  repeat.end_object();

  state_->waiting.push_back({key, sent->count > 1, event.take(), repeat.take()});
  state_->changed.notify_one();
}

}  // namespace lamina::kube
