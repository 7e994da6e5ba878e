// SPDX-License-Identifier: Apache-2.0
#include "registry/call.h"

namespace lamina::registry {

Answer get_version(Call& call) {
  http::Headers headers;
  headers.add("Docker-Distribution-Api-Version", "registry/2.0");
  headers.add("Lamina-Version", call.options.version);
  // So that a client can name a file's address, as publish and search do, without asking for each.
  if (!call.options.advertise_url.empty()) headers.add("Lamina-Advertise-Url", call.options.advertise_url);
  return respond_json(call, "{}", "application/json", std::move(headers));
}

Answer get_live(Call& call) { return respond_json(call, R"({"status":"live"})"); }

Answer get_ready(Call& call, bool ready) {
  return ready ? respond_json(call, R"({"status":"ready"})")
               : respond_json(call, R"({"status":"not ready"})", "application/json", {}, 503);
}

}  // namespace lamina::registry
