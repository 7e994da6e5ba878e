// SPDX-License-Identifier: Apache-2.0
#include "store/checksum.h"

#include <algorithm>

// The header declares its input buffer non-const but only reads it.
#include <isa-l/crc.h>

namespace lamina::store {
namespace {

std::uint32_t extend(std::uint32_t state, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const std::size_t n = std::min(bytes.size(), std::size_t{1} << 30);
    auto* data = const_cast<unsigned char*>(reinterpret_cast<const unsigned char*>(bytes.data()));
    state = crc32_iscsi(data, static_cast<int>(n), state);
    bytes = bytes.subspan(n);
  }
  return state;
}

}  // namespace

std::uint32_t crc32c(std::span<const std::byte> bytes) { return ~extend(0xffffffff, bytes); }

void PieceChecksums::update(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const std::size_t n = std::min(bytes.size(), kPieceBytes - in_piece_);
    state_ = extend(state_, bytes.first(n));
    in_piece_ += n;
    bytes = bytes.subspan(n);
    if (in_piece_ == kPieceBytes) {
      done_.push_back(~state_);
      state_ = 0xffffffff;
      in_piece_ = 0;
    }
  }
}

std::vector<std::uint32_t> PieceChecksums::pieces() const {
  auto all = done_;
  if (in_piece_ > 0) all.push_back(~state_);
  return all;
}

}  // namespace lamina::store
