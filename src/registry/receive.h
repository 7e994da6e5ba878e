// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "registry/call.h"

namespace lamina::registry {

/// Moves the request body into the upload, at most `length` bytes where that is given. Returns the bytes
/// moved. kMismatch about kSize where the body is longer or shorter than `length`; what fitted is in the
/// upload.
http::Task<Result<std::uint64_t>> receive(Call& call, store::Upload& upload,
                                          std::optional<std::uint64_t> length);

/// The whole request body. kTooLarge about `about` beyond `limit`, found out before it is read where the
/// client announced the length.
http::Task<Result<std::string>> read_body(Call& call, std::size_t limit, About about);

}  // namespace lamina::registry
