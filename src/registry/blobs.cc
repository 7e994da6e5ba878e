// SPDX-License-Identifier: Apache-2.0
#include "registry/call.h"
#include "registry/content.h"

namespace lamina::registry {

Answer get_blob(Call& call) {
  LAMINA_CO_ASSIGN(const Digest digest, Digest::parse(call.route.last));
  http::Headers headers;
  headers.add("Content-Type", std::string(media_type::kOctetStream));
  co_return co_await send_content(call, call.repository(), digest, std::move(headers));
}

Answer delete_blob(Call& call) {
  LAMINA_CO_ASSIGN(const Digest digest, Digest::parse(call.route.last));
  LAMINA_CO_TRY(
      co_await call.workers.run([&] { return call.store.blobs().remove(call.repository(), digest); }));
  co_return co_await call.exchange.respond({202, {}, {}});
}

}  // namespace lamina::registry
