// SPDX-License-Identifier: Apache-2.0
#include <charconv>
#include <memory>

#include "cmd/address.h"
#include "cmd/commands.h"
#include "cmd/quantity.h"
#include "cmd/serve.h"

namespace lamina::cmd {
namespace {

/// `HOST:PORT`, `[IPv6]:PORT`.
Result<void> take_address(ServeOptions& options, std::string_view text) {
  const auto colon = text.rfind(':');
  const std::string_view digits = colon == std::string_view::npos ? "" : text.substr(colon + 1);
  std::string_view host = text.substr(0, colon);
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  if (digits.empty() || error != std::errc{} || end != digits.data() + digits.size() || host.empty() ||
      (!bracketed && host.contains(':'))) {
    return fail(Code::kInvalid,
                "expected HOST:PORT, such as 127.0.0.1:5000 or [::]:5000, found '" + std::string(text) + "'");
  }
  options.address = host;
  options.port = port;
  return {};
}

}  // namespace

Command serve_command() {
  const auto options = std::make_shared<ServeOptions>();
  Command command{.name = "serve",
                  .summary = "Run the registry",
                  .description =
                      "Serves the OCI distribution API, Lamina's extensions and the file face over HTTP, "
                      "with its content in one "
                      "folder. Prints `listening on http://HOST:PORT` when it is ready. SIGTERM and SIGINT "
                      "stop it: requests in "
                      "progress get time to finish; a second signal ends it at once.",
                  .examples = {{"On the default address, with the content in ./data", "lamina serve"},
                               {"On every address, with URLs that others can reach",
                                "lamina serve --addr '[::]:5000' --data /var/lib/lamina --advertise-url "
                                "http://lamina.example:5000"},
                               {"With its settings in a file", "lamina serve --config /etc/lamina.yaml"}},
                  .arguments = {},
                  .options = {},
                  .run = [options](Context&) -> Result<Report> {
                    LAMINA_TRY(serve(*options));
                    return Report{};
                  }};
  command.setting("serve", "addr", [options](std::string_view text) { return take_address(*options, text); });
  command.setting("serve", "data", Command::into(options->data));
  command.setting("serve", "advertise-url", Command::into(options->advertise_url, parse_base_url));
  command.setting("serve", "accept-sparse", Command::append_to(options->accept_sparse));
  command.setting("serve", "threads", Command::into(options->threads, parse_count));
  command.setting("serve", "workers", Command::into(options->workers, parse_count));
  command.setting("serve", "grace", Command::into(options->grace, parse_duration));
  command.setting("serve", "max-connections", Command::into(options->limits.connections, parse_count));
  command.setting("serve", "max-header-size", Command::into(options->limits.header_bytes, parse_size));
  command.setting("serve", "max-target-size", Command::into(options->limits.target_bytes, parse_size));
  command.setting("serve", "header-timeout", Command::into(options->limits.header_timeout, parse_duration));
  command.setting("serve", "idle-timeout", Command::into(options->limits.idle_timeout, parse_duration));
  command.setting("serve", "body-timeout", Command::into(options->limits.stall_timeout, parse_duration));
  return command;
}

}  // namespace lamina::cmd
