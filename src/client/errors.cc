// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "client/exchange.h"
#include "oci/error_document.h"
#include "oci/quote.h"

namespace lamina::client {
namespace {

/// A registry's message says what to do about an error, often at its end.
constexpr std::size_t kLongestMessage = 1000;

struct Meaning {
  Code code;
  About about;
};

/// Ids that say more than their status.
std::optional<Meaning> of_id(std::string_view id, unsigned status) {
  if (id == "DIGEST_INVALID") return Meaning{Code::kMismatch, About::kDigest};
  if (id == "SIZE_INVALID") return Meaning{Code::kMismatch, About::kSize};
  if (id == "UNSUPPORTED") return Meaning{Code::kUnsupported, About::kNothing};
  if (id == "BLOB_UNKNOWN") return Meaning{Code::kNotFound, About::kBlob};
  if (id == "MANIFEST_BLOB_UNKNOWN") return Meaning{Code::kNotFound, About::kBlob};
  if (id == "BLOB_UPLOAD_UNKNOWN") return Meaning{Code::kNotFound, About::kUpload};
  if (id == "MANIFEST_UNKNOWN") return Meaning{Code::kNotFound, About::kManifest};
  if (id == "NAME_UNKNOWN") return Meaning{Code::kNotFound, About::kRepository};
  if (id == "MANIFEST_INVALID" && status == 400) return Meaning{Code::kInvalid, About::kManifest};
  if (id == "NAME_INVALID") return Meaning{Code::kInvalid, About::kRepository};
  if (id == "RANGE_INVALID") return Meaning{Code::kOutOfRange, About::kRange};
  return std::nullopt;
}

Code of_status(unsigned status) {
  switch (status) {
    case 401:
    case 407: return Code::kUnauthorized;
    case 403: return Code::kDenied;
    case 404:
    case 410: return Code::kNotFound;
    case 405:
    case 415:
    case 501: return Code::kUnsupported;
    case 409: return Code::kConflict;
    case 412: return Code::kPrecondition;
    case 413:
    case 414:
    case 431: return Code::kTooLarge;
    case 416: return Code::kOutOfRange;
    case 408:
    case 429: return Code::kUnavailable;
    case 507: return Code::kNoSpace;
    default: return status >= 500 ? Code::kUnavailable : Code::kInvalid;
  }
}

}  // namespace

Error to_error(const HttpRequest& request, const HttpResponse& response) {
  const auto entry = oci::parse_error_document(response.body);
  Meaning meaning{of_status(response.status), About::kNothing};
  if (entry && response.status < 500 && response.status != 401 && response.status != 403) {
    meaning = of_id(entry->code, response.status).value_or(meaning);
  }
  // Damaged content is no fault of the moment: the server says so and waits for a new push. With its quotes
  // it is a detail, never part of a message.
  if ((response.status >= 500 || response.status == 404) &&
      response.body.find("\"quarantined\"") != std::string::npos) {
    meaning.code = Code::kCorrupt;
  }

  std::string message = request.method + " " + request.url.substr(0, request.url.find('?')) +
                        " was answered " + std::to_string(response.status);
  if (entry) {
    message += " " + entry->code;
    if (!entry->message.empty()) message += ": " + oci::quote(entry->message, kLongestMessage);
  } else if (!response.body.empty()) {
    message += ": " + oci::quote(response.body);
  }
  if (response.status == 401) message += "; log in to the registry (docker login) or give credentials";
  if (response.status == 407) message += "; give the proxy's user and password in its URL";
  Error error{meaning.code, meaning.about, std::move(message), {}};
  error.detail.push_back("status=" + std::to_string(response.status));
  if (const auto delay = response.headers.find("Retry-After")) {
    error.detail.push_back("retryAfterSeconds=" + std::string(*delay));
  }
  return error;
}

}  // namespace lamina::client
