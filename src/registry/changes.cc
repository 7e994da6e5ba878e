// SPDX-License-Identifier: Apache-2.0
#include "registry/changes.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <charconv>
#include <chrono>
#include <memory>

#include "oci/json_writer.h"
#include "registry/call.h"

namespace lamina::registry {
namespace {

namespace asio = boost::asio;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

struct ChangesQuery {
  std::optional<store::ChangePosition> since;
  store::ChangeFilter filter;
  std::size_t n = 0;
  milliseconds wait{};
};

/// `a/b`, `a/b/**`, or `**` as where there is none.
Result<std::string> parse_repository(std::string_view text) {
  constexpr std::string_view kBelow = "/**";
  if (text.empty() || text == "**") return std::string();
  const bool below = text.ends_with(kBelow);
  if (below) text.remove_suffix(kBelow.size());
  LAMINA_ASSIGN(const RepositoryName name, RepositoryName::parse(text));
  return below ? name.str() + '/' : name.str();
}

Result<milliseconds> parse_wait(const Call& call) {
  const auto text = call.request.query_value("wait");
  if (!text) return milliseconds{};
  const bool number = !text->empty() && text->find_first_not_of("0123456789") == std::string_view::npos;
  if (!number) {
    return fail(Code::kInvalid, "wait: expected a number of seconds, found '" + std::string(*text) + "'");
  }
  std::uint32_t seconds = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), seconds);
  if (error == std::errc::result_out_of_range) return call.options.longest_wait;
  return std::min(call.options.longest_wait, milliseconds(std::chrono::seconds(seconds)));
}

Result<ChangesQuery> parse_query(const Call& call) {
  ChangesQuery query;
  if (const auto since = call.request.query_value("since")) {
    LAMINA_ASSIGN(query.since, store::ChangePosition::parse(*since));
  }
  LAMINA_ASSIGN(query.filter.repository,
                parse_repository(call.request.query_value("repository").value_or("")));
  if (const auto tag = call.request.query_value("tag")) {
    LAMINA_ASSIGN(query.filter.tag, Tag::parse(*tag));
  }
  LAMINA_ASSIGN(query.n, page_size(call));
  if (query.n == 0) return fail(Code::kInvalid, "n: expected at least 1");
  LAMINA_ASSIGN(query.wait, parse_wait(call));
  return query;
}

/// The first changes that match, however far the log has to be read for them.
http::Task<Result<store::ChangePage>> read_changes(Call& call, const ChangesQuery& query,
                                                   store::ChangePosition since) {
  const auto readable = [&call](const RepositoryName& name) { return call.readable(name); };
  for (;;) {
    LAMINA_CO_ASSIGN(store::ChangePage page, co_await call.workers.run([&] {
      return call.store.changes().read(since, query.filter, query.n, readable);
    }));
    if (!page.entries.empty() || !page.more) co_return page;
    since = std::move(page.next);
  }
}

/// What a waiting request is woken by. Used on its thread but for `on_its_way`.
struct Bell {
  explicit Bell(const asio::any_io_executor& executor) : timer(executor) {}
  asio::steady_timer timer;
  bool rung = false;
  std::atomic<bool> on_its_way = false;
};

/// Waits for changes after `since` without holding a thread.
http::Task<Result<store::ChangePage>> wait_for_changes(Call& call, const ChangesQuery& query,
                                                       store::ChangePosition since, Waiters& waiters) {
  const auto deadline = steady_clock::now() + query.wait;
  const auto place = waiters.enter();
  if (!place) {
    co_return fail(Code::kUnavailable, "too many requests wait for changes: try again later");
  }
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  const auto bell = std::make_shared<Bell>(executor);
  // Before the log is read: what is committed later rings, what was committed earlier is read.
  const auto subscription = call.store.changes().subscribe(query.filter, [executor, bell] {
    if (bell->on_its_way.exchange(true)) return;
    asio::post(executor, [bell] {
      bell->on_its_way = false;
      bell->rung = true;
      bell->timer.cancel();
    });
  });
  for (;;) {
    bell->rung = false;
    LAMINA_CO_ASSIGN(store::ChangePage page, co_await read_changes(call, query, since));
    if (!page.entries.empty() || waiters.stopped() || steady_clock::now() >= deadline) co_return page;
    since = page.next;
    if (!bell->rung) {
      bell->timer.expires_at(deadline);
      co_await bell->timer.async_wait(asio::as_tuple(asio::use_awaitable));
    }
  }
}

std::string document(const store::ChangePage& page) {
  using Kind = store::ChangeRecord::Kind;
  constexpr std::array<std::pair<Kind, std::string_view>, 4> kKinds{
      {{Kind::kTagSet, "tag-set"},
       {Kind::kTagRemoved, "tag-removed"},
       {Kind::kManifestPut, "manifest-put"},
       {Kind::kManifestRemoved, "manifest-removed"}}};
  oci::JsonWriter json;
  json.begin_object().name("changes").begin_array();
  for (const auto& [sequence, change] : page.entries) {
    const auto kind = std::ranges::find(kKinds, change.kind, &std::pair<Kind, std::string_view>::first);
    json.begin_object().name("sequence").integer(sequence).name("kind").string(kind->second);
    json.name("repository").string(change.repository);
    if (!change.tag.empty()) json.name("tag").string(change.tag);
    json.name("digest").string(change.digest.to_string()).end_object();
  }
  json.end_array().name("next").string(page.next.to_string()).end_object();
  return json.take();
}

}  // namespace

Answer get_changes(Call& call, Waiters& waiters) {
  LAMINA_CO_ASSIGN(const ChangesQuery query, parse_query(call));
  store::ChangePage page;
  if (!query.since) {
    LAMINA_CO_ASSIGN(page.next, co_await call.workers.run([&] { return call.store.changes().position(); }));
  } else {
    LAMINA_CO_ASSIGN(page, co_await read_changes(call, query, *query.since));
    if (page.entries.empty() && query.wait > milliseconds{}) {
      LAMINA_CO_ASSIGN(page, co_await wait_for_changes(call, query, page.next, waiters));
    }
  }
  std::string body = document(page);
  co_return co_await respond_json(call, std::move(body));
}

}  // namespace lamina::registry
