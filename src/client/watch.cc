// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <map>
#include <utility>

#include "client/change_log.h"
#include "client/client_impl.h"

namespace lamina {
namespace client {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// Below the time after which proxies take a silent connection for dead.
constexpr seconds kWait{30};
constexpr milliseconds kFirstPause{200};
constexpr milliseconds kLongestPause{10'000};
/// Servers with different logs behind one name would else be asked without end.
constexpr milliseconds kBeforeAnew{1000};
/// A pause is cut into pieces, so that it can be given up.
constexpr milliseconds kPiece{200};

/// One watch of one repository, or of one tag of it.
class Watch {
 public:
  Watch(Remote& remote, const Pacing& pacing, const std::function<bool()>& cancelled,
        const Reference& reference, const WatchOptions& options,
        const std::function<bool(const ChangeEvent&)>& callback)
      : remote_(remote),
        pacing_(pacing),
        cancelled_(cancelled),
        repository_(reference.repository),
        tag_(reference.tag),
        options_(options),
        callback_(callback) {}

  Result<void> run();

 private:
  Result<void> follow();
  Result<void> poll();

  /// Asks for the changes after `since`; nothing where that position is gone.
  Result<std::optional<RegistryChanges>> changes(const std::string& since, seconds wait);
  Result<std::string> position();
  /// What the tags name: nothing for those that were delivered and are gone.
  Result<std::map<Tag, std::optional<Digest>>> state();
  /// Reads the state and the changes meanwhile, and delivers what differs from what was delivered before.
  Result<std::string> catch_up();

  /// Calls until it does not fail for the moment. What never worked is not waited for.
  template <class Function>
  auto persist(Function function) -> decltype(function());
  Result<void> pause(milliseconds time);
  Result<void> check() const;
  void deliver(const RegistryChange& change);
  void deliver(const Tag& tag, const std::optional<Digest>& digest, bool present = false);

  Remote& remote_;
  const Pacing& pacing_;
  const std::function<bool()>& cancelled_;
  const RepositoryName repository_;
  const std::optional<Tag> tag_;  // Absent: all tags.
  const WatchOptions& options_;
  const std::function<bool(const ChangeEvent&)>& callback_;

  std::map<Tag, Digest> delivered_;
  bool begun_ = false;      // The present state was delivered.
  bool connected_ = false;  // The registry has answered.
  bool done_ = false;       // The callback has had enough.
};

Result<void> Watch::check() const {
  if (!options_.stop.stop_requested() && !(cancelled_ && cancelled_())) return {};
  return fail(Code::kCancelled, "given up on request");
}

Result<void> Watch::pause(milliseconds time) {
  for (; time > milliseconds{}; time -= kPiece) {
    LAMINA_TRY(check());
    pacing_.sleep(std::min(time, kPiece));
  }
  return check();
}

template <class Function>
auto Watch::persist(Function function) -> decltype(function()) {
  for (milliseconds longest = kFirstPause;; longest = std::min(longest * 2, kLongestPause)) {
    LAMINA_TRY(check());
    auto result = function();
    if (result) {
      connected_ = true;
      return result;
    }
    if (!connected_ || result.error().code != Code::kUnavailable) return result;
    // Half fixed, half random, so that clients that failed together do not come back together.
    const auto part =
        milliseconds{static_cast<std::int64_t>(static_cast<double>(longest.count()) / 2 * pacing_.random())};
    LAMINA_TRY(pause(longest / 2 + part));
  }
}

void Watch::deliver(const Tag& tag, const std::optional<Digest>& digest, bool present) {
  const auto known = delivered_.find(tag);
  if (done_ || (known == delivered_.end() ? !digest : digest == known->second)) return;
  if (digest) {
    delivered_.insert_or_assign(tag, *digest);
  } else {
    delivered_.erase(known);
  }
  done_ = !callback_({.registry = remote_.registry(),
                      .repository = repository_,
                      .tag = tag,
                      .digest = digest,
                      .present = present});
}

Result<std::optional<RegistryChanges>> Watch::changes(const std::string& since, seconds wait) {
  return read_changes(remote_, {.since = since,
                                .repository = &repository_,
                                .tag = tag_ ? &*tag_ : nullptr,
                                .wait = wait,
                                .stop = options_.stop});
}

Result<std::string> Watch::position() {
  LAMINA_ASSIGN(auto page, changes({}, seconds{}));
  if (!page) return fail(Code::kUnavailable, "the registry has no position in its change log");
  return std::move(page->next);
}

void Watch::deliver(const RegistryChange& change) {
  using Kind = RegistryChange::Kind;
  if (change.kind != Kind::kTagSet && change.kind != Kind::kTagRemoved) return;
  const auto tag = Tag::parse(change.tag);
  if (tag) deliver(*tag, change.kind == Kind::kTagSet ? std::optional(change.digest) : std::nullopt);
}

Result<std::map<Tag, std::optional<Digest>>> Watch::state() {
  std::vector<Tag> tags;
  if (tag_) {
    tags.push_back(*tag_);
  } else if (auto listed = list_tags(remote_, repository_, 0)) {
    tags = *std::move(listed);
  } else if (listed.error().code != Code::kNotFound) {
    return std::unexpected(std::move(listed).error());
  }
  std::map<Tag, std::optional<Digest>> named;
  for (const auto& [tag, digest] : delivered_) named.emplace(tag, std::nullopt);
  for (const Tag& tag : tags) {
    LAMINA_TRY(check());
    LAMINA_ASSIGN(const auto manifest, remote_.head_manifest(repository_, tag));
    if (manifest) named.insert_or_assign(tag, manifest->digest);
  }
  return named;
}

Result<std::string> Watch::catch_up() {
  // In this order: what changes after the position is in the log, whatever the state had of it.
  LAMINA_ASSIGN(std::string since, persist([&] { return position(); }));
  LAMINA_ASSIGN(auto pending, persist([&] { return state(); }));
  while (!done_) {
    LAMINA_ASSIGN(auto page, persist([&] { return changes(since, seconds{}); }));
    if (!page) return since;  // Gone at once: the next round begins anew.
    since = std::move(page->next);
    if (page->changes.empty()) break;
    for (const RegistryChange& change : page->changes) {
      // The state may be from after this change: delivered first, it would put the order upside down.
      std::erase_if(pending, [&](const auto& named) { return named.first.str() == change.tag; });
      deliver(change);
    }
  }
  for (const auto& [tag, digest] : pending) deliver(tag, digest, !begun_);
  begun_ = true;
  return since;
}

Result<void> Watch::follow() {
  while (!done_) {
    LAMINA_ASSIGN(std::string since, catch_up());
    while (!done_) {
      LAMINA_ASSIGN(auto page, persist([&] { return changes(since, kWait); }));
      if (!page) {
        LAMINA_TRY(pause(kBeforeAnew));
        break;
      }
      since = std::move(page->next);
      for (const RegistryChange& change : page->changes) deliver(change);
    }
  }
  return {};
}

Result<void> Watch::poll() {
  if (!tag_) {
    return fail(Code::kUnsupported, remote_.registry() + " is not Lamina: only a tag can be watched there");
  }
  while (!done_) {
    LAMINA_ASSIGN(const auto manifest, persist([&] { return remote_.head_manifest(repository_, *tag_); }));
    deliver(*tag_, manifest ? std::optional(manifest->digest) : std::nullopt, !begun_);
    begun_ = true;
    if (!done_) LAMINA_TRY(pause(options_.interval));
  }
  return {};
}

Result<void> Watch::run() {
  LAMINA_ASSIGN(const std::string version, persist([&] { return remote_.version(); }));
  return version.empty() ? poll() : follow();
}

}  // namespace
}  // namespace client

Result<void> Client::watch(const Reference& reference, const WatchOptions& options,
                           const std::function<bool(const ChangeEvent&)>& callback) {
  if (reference.digest) {
    return fail(Code::kInvalid, "expected a tag or a repository to watch, found '" + reference.to_string() +
                                    "': what a digest names never changes");
  }
  if (options.interval <= std::chrono::seconds{}) {
    return fail(Code::kInvalid, "expected an interval of at least a second between looks at a tag");
  }
  return client::Watch(impl_->remote(reference.registry), impl_->exchange.pacing(), impl_->options.cancelled,
                       reference, options, callback)
      .run();
}

Result<void> Client::watch(std::string_view registry, const Identity& identity, const WatchOptions& options,
                           const std::function<bool(const ChangeEvent&)>& callback) {
  LAMINA_ASSIGN(const Reference reference,
                reference_of(registry, identity, options.scheme, options.tenant, options.tag));
  return watch(reference, options, callback);
}

}  // namespace lamina
