// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace lamina::oci {

/// distribution-spec v1.1.1 "Error Codes": `{"errors":[{"code","message","detail"}]}` with one error. `code`
/// is an id such as BLOB_UNKNOWN; `detail` is a JSON value, already serialised, or empty for none.
/// Ends with a newline.
std::string error_document(std::string_view code, std::string_view message, std::string_view detail = {});

struct ErrorEntry {
  std::string code;
  std::string message;  ///< May be empty.
  friend bool operator==(const ErrorEntry&, const ErrorEntry&) = default;
};

/// The first error of a document from any registry; nothing where `body` is no such document, as proxies and
/// load balancers answer what they like.
std::optional<ErrorEntry> parse_error_document(std::string_view body);

}  // namespace lamina::oci
