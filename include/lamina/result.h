// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace lamina {

/// What the caller can do about an error. registry/errors.cc maps a code to an HTTP status and an OCI
/// error id, client/ maps an HTTP status back, cmd/ maps a code to an exit status.
enum class Code : std::uint8_t {
  kInvalid,       ///< The request is malformed. Do not repeat it unchanged.
  kNotFound,      ///< What was named does not exist, or the caller may not see it.
  kConflict,      ///< Another writer was first. Read again, then decide.
  kPrecondition,  ///< A stated condition (If-Match, If-None-Match) does not hold.
  kUnauthorized,  ///< No or wrong credentials.
  kDenied,        ///< The caller is known and may not.
  kTooLarge,      ///< A documented limit was passed.
  kOutOfRange,    ///< A byte range or chunk is out of order or past the end.
  kUnsupported,   ///< Well-formed, but not offered here.
  kMismatch,      ///< Bytes differ from the digest or size that was stated for them.
  kCorrupt,       ///< Stored bytes are damaged. Push them again to heal.
  kNoSpace,       ///< The volume or a quota is full. Delete, then repeat.
  kUnavailable,   ///< Try again later.
  kCancelled,     ///< The caller or its peer gave up.
  kInternal,      ///< A fault of the program or its machine.
};

/// What an error is about; chooses the OCI error id among those that share a code.
enum class About : std::uint8_t {
  kNothing, kBlob, kManifest, kUpload, kRepository, kTag, kDigest, kSize, kRange, kMountSource
};

std::string_view to_string(Code code);

/// A failure as a value. `message` says what was expected, what was found and what to do.
struct Error {
  Code code = Code::kInternal;
  About about = About::kNothing;
  std::string message;
};

template <class T>
using Result = std::expected<T, Error>;

inline std::unexpected<Error> fail(Code code, std::string message) {
  return std::unexpected(Error{code, About::kNothing, std::move(message)});
}
inline std::unexpected<Error> fail(Code code, About about, std::string message) {
  return std::unexpected(Error{code, about, std::move(message)});
}

}  // namespace lamina

/// Returns the error of a Result expression from the enclosing function; usable in coroutines through
/// LAMINA_CO_TRY. The value, if any, is discarded.
#define LAMINA_TRY(expression) \
  if (auto lamina_try_result = (expression); !lamina_try_result) \
    return std::unexpected(std::move(lamina_try_result).error())
#define LAMINA_CO_TRY(expression) \
  if (auto lamina_try_result = (expression); !lamina_try_result) \
    co_return std::unexpected(std::move(lamina_try_result).error())

#define LAMINA_CONCAT_(a, b) a##b
#define LAMINA_CONCAT(a, b) LAMINA_CONCAT_(a, b)

/// LAMINA_ASSIGN(auto x, f()); declares x with the value of f(), or returns f()'s error.
#define LAMINA_ASSIGN_(temporary, declaration, expression, leave) \
  auto temporary = (expression); \
  if (!temporary) leave std::unexpected(std::move(temporary).error()); \
  declaration = *std::move(temporary)
#define LAMINA_ASSIGN(declaration, ...) \
  LAMINA_ASSIGN_(LAMINA_CONCAT(lamina_result_, __LINE__), declaration, (__VA_ARGS__), return)
#define LAMINA_CO_ASSIGN(declaration, ...) \
  LAMINA_ASSIGN_(LAMINA_CONCAT(lamina_result_, __LINE__), declaration, (__VA_ARGS__), co_return)
