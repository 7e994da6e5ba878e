// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "lamina/result.h"

namespace lamina::oci {

/// A parsed JSON value (RFC 8259), read-only. Kept apart from the parser's own types so that their headers
/// stay in one source, and so that access to a value of another type is a null pointer, not an exception.
class Json {
 public:
  struct Member;
  using Array = std::vector<Json>;
  using Object = std::vector<Member>;  ///< In the order of the document; names are unique.
  using Value = std::variant<std::nullptr_t, bool, std::int64_t, double, std::string, Array, Object>;

  Json() = default;
  explicit Json(Value value);

  /// Null unless the value is of type T. A number is an int64_t where it is written without fraction and
  /// exponent and fits, else a double.
  template <class T>
  const T* as() const {
    return std::get_if<T>(&value_);
  }

  /// The member's value. Null where this is no object, has no such member, or the member is null: the
  /// decoders of Go make no difference between the two, so OCI clients write either.
  const Json* find(std::string_view name) const;

 private:
  Value value_;
};

struct Json::Member {
  std::string name;
  Json value;
};

inline Json::Json(Value value) : value_(std::move(value)) {}

inline constexpr std::size_t kMaxJsonDepth = 32;
/// Bounds the memory that small values can multiply to: some 50 bytes each.
inline constexpr std::size_t kMaxJsonValues = 500'000;

/// One JSON text and nothing after it, in UTF-8 throughout. A name that comes twice in one object, at any
/// depth, is an error, as readers differ in which one they take. Errors are kInvalid; the message says where.
Result<Json> parse_json(std::string_view bytes, std::size_t max_values = kMaxJsonValues);

}  // namespace lamina::oci
