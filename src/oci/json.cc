// SPDX-License-Identifier: Apache-2.0
#include "oci/json.h"

#include <algorithm>
#include <boost/json/basic_parser_impl.hpp>
#include <iterator>
#include <optional>
#include <utility>

#include "oci/quote.h"

namespace lamina::oci {
namespace {

namespace json = boost::json;

/// Receives the events of the parser and builds a Json. Boost.JSON's own value keeps the last of two members
/// with one name and says nothing, hence this.
class Builder {
 public:
  static constexpr std::size_t max_object_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_array_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_key_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_string_size = static_cast<std::size_t>(-1);

  explicit Builder(std::size_t max_values) : max_values_(max_values) {}

  bool on_document_begin(json::error_code&) { return true; }
  bool on_document_end(json::error_code&) { return true; }
  bool on_object_begin(json::error_code&) { return true; }
  bool on_array_begin(json::error_code&) { return true; }

  bool on_object_end(std::size_t size, json::error_code& error) {
    Json::Object object;
    object.reserve(size);
    const auto first_value = values_.end() - static_cast<std::ptrdiff_t>(size);
    const auto first_name = names_.end() - static_cast<std::ptrdiff_t>(size);
    for (auto value = first_value; value != values_.end(); ++value) {
      object.push_back({std::move(first_name[value - first_value]), std::move(*value)});
    }
    values_.erase(first_value, values_.end());
    names_.erase(first_name, names_.end());
    if (const std::string* twice = repeated_name(object)) {
      return refuse("the name " + quote(*twice) + " comes twice in one object", error);
    }
    return push(std::move(object), error);
  }

  bool on_array_end(std::size_t size, json::error_code& error) {
    const auto first = values_.end() - static_cast<std::ptrdiff_t>(size);
    Json::Array array(std::make_move_iterator(first), std::make_move_iterator(values_.end()));
    values_.erase(first, values_.end());
    return push(std::move(array), error);
  }

  bool on_key_part(json::string_view part, std::size_t, json::error_code&) {
    text_.append(part.data(), part.size());
    return true;
  }
  bool on_key(json::string_view part, std::size_t, json::error_code&) {
    text_.append(part.data(), part.size());
    names_.push_back(std::exchange(text_, {}));
    return true;
  }
  bool on_string_part(json::string_view part, std::size_t, json::error_code&) {
    text_.append(part.data(), part.size());
    return true;
  }
  bool on_string(json::string_view part, std::size_t, json::error_code& error) {
    text_.append(part.data(), part.size());
    return push(std::exchange(text_, {}), error);
  }

  bool on_number_part(json::string_view, json::error_code&) { return true; }
  bool on_int64(std::int64_t number, json::string_view, json::error_code& error) {
    return push(number, error);
  }
  bool on_uint64(std::uint64_t number, json::string_view, json::error_code& error) {
    return push(static_cast<double>(number), error);  // Past int64_t, or it would have come as one.
  }
  bool on_double(double number, json::string_view, json::error_code& error) { return push(number, error); }
  bool on_bool(bool value, json::error_code& error) { return push(value, error); }
  bool on_null(json::error_code& error) { return push(nullptr, error); }
  bool on_comment_part(json::string_view, json::error_code&) { return true; }
  bool on_comment(json::string_view, json::error_code&) { return true; }

  Json take() { return std::move(values_.front()); }
  const std::string& problem() const { return problem_; }

 private:
  template <class T>
  bool push(T value, json::error_code& error) {
    if (++count_ > max_values_) return refuse("more than " + std::to_string(max_values_) + " values", error);
    values_.emplace_back(Json::Value(std::move(value)));
    return true;
  }

  bool refuse(std::string problem, json::error_code& error) {
    problem_ = std::move(problem);
    error = json::error::exception;
    return false;
  }

  static const std::string* repeated_name(const Json::Object& object) {
    std::vector<const std::string*> names;
    names.reserve(object.size());
    for (const Json::Member& member : object) names.push_back(&member.name);
    std::ranges::sort(names, {}, [](const std::string* name) -> const std::string& { return *name; });
    const auto twice = std::ranges::adjacent_find(names, [](auto* a, auto* b) { return *a == *b; });
    return twice == names.end() ? nullptr : *twice;
  }

  std::size_t max_values_;
  std::size_t count_ = 0;
  std::vector<Json> values_;        // Of the arrays and objects that are open.
  std::vector<std::string> names_;  // Of the objects that are open.
  std::string text_;                // Of the string or name that is coming in.
  std::string problem_;
};

}  // namespace

const Json* Json::find(std::string_view name) const {
  const auto* object = as<Object>();
  if (object == nullptr) return nullptr;
  const auto member = std::ranges::find(*object, name, &Member::name);
  return member == object->end() || member->value.as<std::nullptr_t>() ? nullptr : &member->value;
}

Result<Json> parse_json(std::string_view bytes, std::size_t max_values) {
  json::parse_options options;
  options.max_depth = kMaxJsonDepth;
  json::basic_parser<Builder> parser(options, max_values);
  json::error_code error;
  const std::size_t consumed = parser.write_some(false, bytes.data(), bytes.size(), error);
  if (!error && consumed < bytes.size()) error = json::error::extra_data;
  if (error) {
    const std::string& problem = parser.handler().problem();
    return fail(Code::kInvalid, "expected JSON, found a fault at byte " + std::to_string(consumed) + ": " +
                                    (problem.empty() ? error.message() : problem));
  }
  return parser.handler().take();
}

}  // namespace lamina::oci
