// SPDX-License-Identifier: Apache-2.0
#include "meta/layout.h"

namespace lamina::meta {
namespace {

void append_big_endian(std::string& out, std::uint64_t value, int bytes) {
  for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) {
    out.push_back(static_cast<char>(value >> shift & 0xff));
  }
}

}  // namespace

std::string encode_sequence(std::uint64_t sequence) {
  std::string out;
  append_big_endian(out, sequence, 8);
  return out;
}

Result<std::uint64_t> decode_sequence(std::string_view bytes) {
  if (bytes.size() < 8) {
    return fail(Code::kCorrupt, "a sequence in the records has " + std::to_string(bytes.size()) +
                                    " bytes instead of 8: restore the data folder from a backup");
  }
  std::uint64_t value = 0;
  for (const char byte : bytes.substr(0, 8)) value = value << 8 | static_cast<unsigned char>(byte);
  return value;
}

std::string change_key(std::uint64_t sequence, std::size_t index) {
  std::string out = encode_sequence(sequence);
  append_big_endian(out, index, 2);
  return out;
}

std::optional<std::string> prefix_end(std::string_view prefix) {
  const std::size_t last = prefix.find_last_not_of('\xff');
  if (last == std::string_view::npos) return std::nullopt;
  std::string end(prefix.substr(0, last + 1));
  end.back() = static_cast<char>(static_cast<unsigned char>(end.back()) + 1);
  return end;
}

Result<void> check_batch(const Batch& batch) {
  if (batch.changes.size() > kMaxChanges) {
    return fail(Code::kInvalid, "a batch has " + std::to_string(batch.changes.size()) + " changes, at most " +
                                    std::to_string(kMaxChanges) + " are possible");
  }
  for (const Write& write : batch.writes) {
    if (write.table == Table::kSystem && write.key == kSequenceKey) {
      return fail(Code::kInvalid, "a batch writes the sequence, which commit() alone may write");
    }
    if (write.table == Table::kChanges && write.value) {
      return fail(Code::kInvalid, "a batch writes to the change log: give the record in `changes`");
    }
  }
  return {};
}

}  // namespace lamina::meta
