// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "meta/meta_store.h"

// What every backend keeps in the same form: the change log's keys and the sequence.
namespace lamina::meta {

/// Key in Table::kSystem of the last commit's sequence, as encode_sequence() writes it. Readable by get() and
/// scan(); written by commit() alone.
inline constexpr std::string_view kSequenceKey = "sequence";

/// Most changes that one batch may carry.
inline constexpr std::size_t kMaxChanges = 65536;

/// 8 bytes, most significant first: sorts as the number does.
std::string encode_sequence(std::uint64_t sequence);
/// Of the first 8 bytes; kCorrupt where there are fewer.
Result<std::uint64_t> decode_sequence(std::string_view bytes);

/// Key in Table::kChanges of a commit's change: the sequence, then 2 bytes of index; `index` < kMaxChanges.
std::string change_key(std::uint64_t sequence, std::size_t index);

/// The least key that is greater than all keys with this prefix; absent where there is none, which is so for
/// an empty prefix and one of 0xff bytes only.
std::optional<std::string> prefix_end(std::string_view prefix);

/// kInvalid for a batch that writes what only commit() may write: kSequenceKey, or a value in
/// Table::kChanges (deleting there is how the log is cut); or that has more than kMaxChanges changes.
Result<void> check_batch(const Batch& batch);

}  // namespace lamina::meta
