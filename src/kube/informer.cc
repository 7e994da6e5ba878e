// SPDX-License-Identifier: Apache-2.0
#include "kube/informer.h"

#include <charconv>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string_view>
#include <thread>
#include <utility>

#include "kube/deadline.h"
#include "kube/watch.h"

namespace lamina::kube {
namespace {

/// From 0 to below 1, of 52 bits.
double fraction(Random& random) {
  constexpr std::size_t kDigits = 13;
  constexpr std::uint64_t kRange = 1ULL << (4 * kDigits);
  const std::string digits = random.hex128();
  std::uint64_t number = 0;
  std::from_chars(digits.data(), digits.data() + kDigits, number, 16);
  return static_cast<double>(number) / static_cast<double>(kRange);
}

}  // namespace

/// Takes the steps of a Watcher, on a thread, and keeps what it learns.
struct Informer::State final : ObjectSink {
  State(Api& the_api, ResourceType the_type, Random& random, InformerOptions the_options)
      : api(the_api),
        type(std::move(the_type)),
        options(std::move(the_options)),
        cache(options.keep),
        watcher(*this, options.watch_list, [&random] { return fraction(random); }, options.timing) {}

  void list_begins() override { locked(&ObjectCache::list_begins); }
  void list_ends() override { locked(&ObjectCache::list_ends); }
  void present(Object object) override { locked(&ObjectCache::present, std::move(object)); }
  void gone(Object object) override { locked(&ObjectCache::gone, std::move(object)); }

  template <class Verb, class... Arguments>
  void locked(Verb verb, Arguments&&... arguments) {
    const std::lock_guard lock(mutex);
    (cache.*verb)(std::forward<Arguments>(arguments)...);
  }

  void run(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      const Watcher::Step step = watcher.next(clock.now());
      if (const auto* wait = std::get_if<Watcher::Wait>(&step)) {
        pause(wait->until - clock.now(), stop);
      } else if (const auto* list = std::get_if<Watcher::List>(&step)) {
        take(*list);
      } else {
        take(std::get<Watcher::Watch>(step), stop);
      }
    }
  }

  void take(const Watcher::List& list) {
    const ListOptions of_page{.namespace_name = options.namespace_name,
                              .label_selector = options.label_selector,
                              .field_selector = options.field_selector,
                              .limit = list.whole ? 0 : ListOptions{}.limit};
    Result<Page> page = api.list(type, of_page, list.next);
    if (page) {
      watcher.page(*std::move(page));
    } else {
      watcher.finished(std::unexpected(std::move(page).error()), clock.now());
    }
    tell();
  }

  void take(const Watcher::Watch& watch, const std::stop_token& stop) {
    const WatchOptions of_watch{.namespace_name = options.namespace_name,
                                .label_selector = options.label_selector,
                                .field_selector = options.field_selector,
                                .resource_version = watch.resource_version,
                                .initial_events = watch.initial_events,
                                .timeout = watch.timeout};
    Instant give_up = watcher.give_up();
    Deadline deadline(clock, give_up, stop);
    Result<void> result = api.watch(
        type, of_watch,
        [&](std::string_view line) -> Result<void> {
          Result<void> read = watcher.line(line);
          if (std::exchange(give_up, watcher.give_up()) != give_up) deadline.move_to(give_up);
          if (read) tell();
          return read;
        },
        deadline.token());
    if (stop.stop_requested()) return;
    if (deadline.passed()) {
      result = fail(Code::kUnavailable,
                    "the server said nothing more of " + type.plural + " and did not end the watch");
    }
    watcher.finished(result, clock.now());
    tell();
  }

  /// Passes on what the last answer has changed. The list counts as complete once all of it is passed on.
  void tell() {
    std::unique_lock lock(mutex);
    const std::vector<Change> changes = cache.take_changes();
    type_missing = watcher.type_missing();
    lock.unlock();
    for (const Change& change : changes) {
      for (const Handler& handler : handlers) handler(change.kind, change.before.get(), *change.now);
    }
    lock.lock();
    if (std::exchange(synced, watcher.synced()) != synced) has_synced.notify_all();
    lock.unlock();
    const bool failed_again = std::exchange(failures_told, watcher.failures()) != watcher.failures();
    const Error* trouble = watcher.trouble() ? &*watcher.trouble() : nullptr;
    if (failed_again || (in_trouble && trouble == nullptr)) {
      for (const auto& handler : trouble_handlers) handler(trouble);
    }
    in_trouble = trouble != nullptr;
  }

  Api& api;
  const ResourceType type;
  const InformerOptions options;
  SystemMonotonicClock clock;

  // Constant once started.
  std::vector<Handler> handlers;
  std::vector<std::function<void(const Error*)>> trouble_handlers;

  mutable std::mutex mutex;
  std::condition_variable_any has_synced;
  ObjectCache cache;          // Under `mutex`.
  bool synced = false;        // Under `mutex`.
  bool type_missing = false;  // Under `mutex`.

  // Of the thread alone.
  Watcher watcher;
  std::size_t failures_told = 0;
  bool in_trouble = false;

  std::jthread thread;
};

Informer::Informer(Api& api, ResourceType type, Random& random, InformerOptions options)
    : state_(std::make_unique<State>(api, std::move(type), random, std::move(options))) {}

Informer::~Informer() { stop(); }

void Informer::on_change(Handler handler) { state_->handlers.push_back(std::move(handler)); }

void Informer::on_trouble(std::function<void(const Error*)> handler) {
  state_->trouble_handlers.push_back(std::move(handler));
}

void Informer::start() {
  state_->thread = std::jthread([state = state_.get()](const std::stop_token& stop) { state->run(stop); });
}

void Informer::stop() {
  state_->thread.request_stop();
  if (state_->thread.joinable()) state_->thread.join();
}

bool Informer::wait_for_sync(std::stop_token stop) const {
  std::unique_lock lock(state_->mutex);
  return state_->has_synced.wait(lock, std::move(stop), [this] { return state_->synced; });
}

bool Informer::synced() const {
  const std::lock_guard lock(state_->mutex);
  return state_->synced;
}

bool Informer::type_missing() const {
  const std::lock_guard lock(state_->mutex);
  return state_->type_missing;
}

std::shared_ptr<const Object> Informer::get(const ObjectKey& key) const {
  const std::lock_guard lock(state_->mutex);
  return state_->cache.find(key);
}

std::vector<std::shared_ptr<const Object>> Informer::list() const {
  const std::lock_guard lock(state_->mutex);
  return state_->cache.all();
}

std::size_t Informer::size() const {
  const std::lock_guard lock(state_->mutex);
  return state_->cache.size();
}

const ResourceType& Informer::type() const { return state_->type; }

}  // namespace lamina::kube
