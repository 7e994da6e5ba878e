// SPDX-License-Identifier: Apache-2.0
#include "http/site.h"

#include <string>
#include <utility>

#include "http/response_head.h"

namespace lamina::http {

namespace {

Response plain_text(const Fault& fault) {
  Response response;
  response.status = fault.status;
  response.headers.add("Content-Type", "text/plain; charset=utf-8");
  response.body = fault.reason + "\n";
  return response;
}

}  // namespace

Task<void> answer_fault(Wire& wire, Site& site, const Fault& fault) {
  const auto& render = site.options.render_error;
  Response response = render ? render(fault.status, fault.reason) : plain_text(fault);
  if (response.status == 503) response.headers.add("Retry-After", "1");
  auto head = serialise_head(
      response, {.content_length = response.body.size(), .connection = "close", .date = site.date.now()});
  if (!head) {
    wire.reset();
    co_return;
  }
  // Whether it got through is the client's matter: the connection ends either way.
  co_await wire.write(std::as_bytes(std::span(*head)), std::as_bytes(std::span(response.body)),
                      site.options.limits.stall_timeout);
}

}  // namespace lamina::http
