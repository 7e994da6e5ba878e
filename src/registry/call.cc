// SPDX-License-Identifier: Apache-2.0
#include "registry/call.h"

#include <algorithm>
#include <charconv>

#include "http/target.h"

namespace lamina::registry {

Result<std::size_t> page_size(const Call& call) {
  const auto text = call.request.query_value("n");
  if (!text) return call.options.page;
  std::size_t n = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), n);
  if (error == std::errc::result_out_of_range) return call.options.largest_page;
  if (error != std::errc{} || end != text->data() + text->size() || text->empty()) {
    return fail(Code::kInvalid, "n: expected a number of entries, found '" + std::string(*text) + "'");
  }
  return std::min(n, call.options.largest_page);
}

std::string next_link(const Call& call, std::size_t n, std::string_view last,
                      const std::vector<std::pair<std::string, std::string>>& more) {
  http::QueryPairs query{{"n", std::to_string(n)}, {"last", std::string(last)}};
  query.insert(query.end(), more.begin(), more.end());
  return '<' + http::encode_path(call.request.path) + '?' + http::encode_query(query) + ">; rel=\"next\"";
}

Answer respond_json(Call& call, std::string body, std::string_view content_type, http::Headers headers,
                    unsigned status) {
  headers.add("Content-Type", std::string(content_type));
  co_return co_await call.exchange.respond({status, std::move(headers), std::move(body)});
}

std::string location(const RepositoryName& repository, std::string_view rest) {
  return "/v2/" + repository.str() + '/' + std::string(rest);
}

}  // namespace lamina::registry
