// SPDX-License-Identifier: Apache-2.0
#include "store/changes.h"

#include <algorithm>
#include <charconv>

#include "meta/layout.h"
#include "store/keys.h"

namespace lamina::store {
namespace {

using meta::Table;

/// Changes that a call reads or removes: a few milliseconds.
constexpr std::size_t kAtOnce = 1000;
/// A change is kept longer than promised by at most this much.
constexpr std::chrono::seconds kMarkEvery{3600};

std::unexpected<Error> gone(const ChangePosition& since, std::string_view why) {
  return fail(
      Code::kOutOfRange, About::kChanges,
      "the changes since " + since.to_string() + " are not known: " + std::string(why) +
          ". Ask without `since` for the present position, read the state anew, and go on from there");
}

}  // namespace

std::string ChangePosition::to_string() const { return epoch + '-' + std::to_string(sequence); }

Result<ChangePosition> ChangePosition::parse(std::string_view text) {
  const auto dash = text.find('-');
  ChangePosition position{.epoch = std::string(text.substr(0, dash))};
  const std::string_view digits = dash == std::string_view::npos ? "" : text.substr(dash + 1);
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), position.sequence);
  if (position.epoch.empty() || digits.empty() || error != std::errc{} ||
      end != digits.data() + digits.size()) {
    return fail(Code::kInvalid,
                "since: expected the `next` of an earlier answer, found '" + std::string(text) + "'");
  }
  return position;
}

Result<std::string> Changes::epoch() {
  LAMINA_ASSIGN(auto found, context_.meta.get(Table::kSystem, keys::kEpoch));
  if (!found) return fail(Code::kCorrupt, "the records have no epoch: restore the data folder from a backup");
  return *std::move(found);
}

Result<LogRecord> Changes::log() {
  LAMINA_ASSIGN(auto found, read_record<LogRecord>(context_, Table::kSystem, keys::kLog, decode<LogRecord>));
  return std::move(found).value_or(LogRecord{});
}

/// The sequence of the last change; `start` where none comes after it. Not the store's own sequence: after
/// power loss that may fall behind commits that promised less, and be given out again.
Result<std::uint64_t> Changes::end(std::uint64_t start) {
  LAMINA_ASSIGN(const auto bytes, context_.meta.get(Table::kSystem, meta::kSequenceKey));
  std::uint64_t bound = 0;
  if (bytes) {
    LAMINA_ASSIGN(bound, meta::decode_sequence(*bytes));
  }
  while (start < bound) {
    const std::uint64_t middle = start + (bound - start) / 2;
    LAMINA_ASSIGN(const auto next, context_.meta.changes(middle, 1));
    if (next.empty()) {
      bound = middle;
    } else {
      start = next.back().sequence;
    }
  }
  return start;
}

Result<ChangePosition> Changes::position() {
  ChangePosition position;
  LAMINA_ASSIGN(position.epoch, epoch());
  LAMINA_ASSIGN(const LogRecord cut, log());
  LAMINA_ASSIGN(position.sequence, end(cut.cut));
  return position;
}

Result<bool> Changes::lies_ahead(std::uint64_t sequence) {
  LAMINA_ASSIGN(const auto bytes, context_.meta.get(Table::kSystem, meta::kSequenceKey));
  if (!bytes) return sequence > 0;
  LAMINA_ASSIGN(const std::uint64_t written, meta::decode_sequence(*bytes));
  return sequence > written;
}

Result<ChangePage> Changes::read(const ChangePosition& since, const ChangeFilter& filter, std::size_t limit,
                                 const std::function<bool(const RepositoryName&)>& readable) {
  LAMINA_ASSIGN(const std::string current, epoch());
  if (since.epoch != current) {
    return gone(since, "the server's data was replaced or restored, its epoch is " + current);
  }
  LAMINA_ASSIGN(const auto changes, context_.meta.changes(since.sequence, kAtOnce));
  // Read after the changes, so that none of them was cut unseen.
  LAMINA_ASSIGN(const LogRecord cut, log());
  if (since.sequence < cut.cut) return gone(since, "they are older than what the change log keeps");
  if (changes.empty()) {
    LAMINA_ASSIGN(const bool ahead, lies_ahead(since.sequence));
    if (ahead) return gone(since, "the server has not come that far");
  }

  ChangePage page;
  page.next = since;
  page.more = changes.size() >= kAtOnce;
  for (const meta::Change& change : changes) {
    if (change.sequence != page.next.sequence && page.entries.size() >= limit) {
      page.more = true;
      break;
    }
    page.next.sequence = change.sequence;
    LAMINA_ASSIGN(ChangeRecord record, decode<ChangeRecord>(change.payload));
    if (!filter.matches(record)) continue;
    LAMINA_ASSIGN(const RepositoryName repository, RepositoryName::parse(record.repository));
    if (readable(repository)) page.entries.push_back({change.sequence, std::move(record)});
  }
  return page;
}

Result<std::size_t> Changes::trim() {
  const UnixTime now = context_.clock.now();
  std::size_t removed = 0;
  LAMINA_TRY(commit_with(context_, [&]() -> Result<meta::Batch> {
    removed = 0;
    LAMINA_ASSIGN(const auto stored, context_.meta.get(Table::kSystem, keys::kLog));
    LogRecord log;
    if (stored) {
      LAMINA_ASSIGN(log, decode<LogRecord>(*stored));
    }
    auto& marks = log.marks;
    if (marks.empty() || now - marks.back().when >= kMarkEvery) {
      const std::uint64_t noted = marks.empty() ? log.cut : marks.back().sequence;
      LAMINA_ASSIGN(const std::uint64_t last, end(noted));
      if (last > noted) marks.push_back({context_.clock.now(), last});
    }

    meta::Batch batch;
    // Cut and changes go or stay together, so that losing the commit harms nobody.
    batch.durability = meta::Durability::kProcessDeath;
    if (!marks.empty() && marks.front().when + context_.options.changes_kept <= now) {
      // Seeks past what was removed before, which a database may still have to step over.
      LAMINA_ASSIGN(const auto oldest, context_.meta.scan(Table::kChanges, {}, meta::change_key(log.cut, 0),
                                                          kAtOnce, meta::Include::kKeys));
      for (const meta::Record& change : oldest) {
        LAMINA_ASSIGN(const std::uint64_t sequence, meta::decode_sequence(change.key));
        if (sequence > marks.front().sequence) break;
        erase_record(batch, Table::kChanges, change.key);
        log.cut = sequence;
      }
      removed = batch.writes.size();
      if (removed < kAtOnce) {
        log.cut = marks.front().sequence;
        marks.erase(marks.begin());
      }
    }
    std::string encoded = encode(log);
    if (encoded == stored.value_or(encode(LogRecord{}))) return meta::Batch{};
    require_unchanged(batch, Table::kSystem, std::string(keys::kLog), stored);
    set_record(batch, Table::kSystem, std::string(keys::kLog), std::move(encoded));
    return batch;
  }));
  return removed;
}

}  // namespace lamina::store
