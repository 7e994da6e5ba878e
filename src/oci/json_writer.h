// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <string>
#include <string_view>
#include <utility>

namespace lamina::oci {

/// How a string is escaped. Quote, backslash and control characters always are.
enum class JsonEscapes {
  kGo,       ///< As encoding/json since Go 1.22: also `<`, `>`, `&`, U+2028, U+2029.
  kMinimal,  ///< As RFC 8785.
};

/// `text` as a JSON string with its quotes. A byte that is not UTF-8 becomes the escape \ufffd.
void append_json_string(std::string& out, std::string_view text, JsonEscapes escapes = JsonEscapes::kGo);

/// Writes compact JSON in the order of the calls, which must nest as JSON does.
class JsonWriter {
 public:
  explicit JsonWriter(JsonEscapes escapes = JsonEscapes::kGo) : escapes_(escapes) {}

  JsonWriter& begin_object() { return open('{'); }
  JsonWriter& end_object() { return close('}'); }
  JsonWriter& begin_array() { return open('['); }
  JsonWriter& end_array() { return close(']'); }
  JsonWriter& name(std::string_view name) {
    string(name);
    out_ += ':';
    comma_ = false;
    return *this;
  }
  JsonWriter& string(std::string_view text) {
    separate();
    append_json_string(out_, text, escapes_);
    return *this;
  }
  JsonWriter& integer(std::integral auto number) { return raw(std::to_string(number)); }
  JsonWriter& boolean(bool value) { return raw(value ? "true" : "false"); }
  /// `json` is one JSON value, taken as it is.
  JsonWriter& raw(std::string_view json) {
    separate();
    out_ += json;
    return *this;
  }

  std::string take() { return std::exchange(out_, {}); }

 private:
  void separate() {
    if (comma_) out_ += ',';
    comma_ = true;
  }
  JsonWriter& open(char bracket) {
    separate();
    out_ += bracket;
    comma_ = false;
    return *this;
  }
  JsonWriter& close(char bracket) {
    out_ += bracket;
    comma_ = true;
    return *this;
  }

  std::string out_;
  JsonEscapes escapes_;
  bool comma_ = false;  // The next value follows another one.
};

}  // namespace lamina::oci
