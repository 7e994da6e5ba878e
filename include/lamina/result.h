// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

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
  kNothing,
  kBlob,
  kManifest,
  kUpload,
  kRepository,
  kTag,
  kDigest,
  kSize,
  kRange,
  kMountSource,
  kChanges,      ///< A place in the change log.
  kManifestBlob  ///< A blob or manifest that a pushed manifest names.
};

std::string_view to_string(Code code);

/// A failure as a value. `message` says what was expected, what was found and what to do.
struct Error {
  Code code = Code::kInternal;
  About about = About::kNothing;
  std::string message;
  /// For programs: what stands in the way, such as the digests of manifests, or the one word "quarantined".
  std::vector<std::string> detail{};
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

#define LAMINA_CONCAT_(a, b) a##b
#define LAMINA_CONCAT(a, b) LAMINA_CONCAT_(a, b)

/// LAMINA_TRY(f()); returns f()'s error from the enclosing function, if there is one; the value is dropped.
/// LAMINA_ASSIGN(auto x, f()); declares x with the value of f(), or returns f()'s error.
/// The LAMINA_CO_ forms are for coroutines. __COUNTER__ keeps names apart where one use holds another.
#define LAMINA_TRY_(temporary, expression, leave) \
  if (auto temporary = (expression); !temporary) leave std::unexpected(std::move(temporary).error())
#define LAMINA_ASSIGN_(temporary, declaration, expression, leave)      \
  auto temporary = (expression);                                       \
  if (!temporary) leave std::unexpected(std::move(temporary).error()); \
  declaration = *std::move(temporary)

#define LAMINA_TRY(...) LAMINA_TRY_(LAMINA_CONCAT(lamina_result_, __COUNTER__), (__VA_ARGS__), return)
#define LAMINA_CO_TRY(...) LAMINA_TRY_(LAMINA_CONCAT(lamina_result_, __COUNTER__), (__VA_ARGS__), co_return)
#define LAMINA_ASSIGN(declaration, ...) \
  LAMINA_ASSIGN_(LAMINA_CONCAT(lamina_result_, __COUNTER__), declaration, (__VA_ARGS__), return)
#define LAMINA_CO_ASSIGN(declaration, ...) \
  LAMINA_ASSIGN_(LAMINA_CONCAT(lamina_result_, __COUNTER__), declaration, (__VA_ARGS__), co_return)
