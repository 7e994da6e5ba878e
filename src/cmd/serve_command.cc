// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include "cmd/address.h"
#include "cmd/commands.h"
#include "cmd/controller_arguments.h"
#include "cmd/host_port.h"
#include "cmd/quantity.h"
#include "cmd/serve.h"

namespace lamina::cmd {
Command serve_command() {
  struct Arguments : ServeOptions {
    bool with_controller = false;
    ControllerOptions controller_options;
  };
  const auto options = std::make_shared<Arguments>();
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
                    if (options->with_controller) options->controller = options->controller_options;
                    LAMINA_TRY(serve(*options));
                    return Report{};
                  }};
  command.setting("serve", "addr", [options](std::string_view text) -> Result<void> {
    LAMINA_ASSIGN(HostPort address, parse_host_port(text));
    options->address = std::move(address.host);
    options->port = address.port;
    return {};
  });
  command.setting("serve", "data", Command::into(options->data));
  command.setting("serve", "advertise-url", Command::into(options->advertise_url, parse_base_url));
  command.setting("serve", "accept-sparse", Command::append_to(options->accept_sparse));
  command.setting("serve", "controller", Command::into(options->with_controller, parse_boolean));
  command.setting("serve", "threads", Command::into(options->threads, parse_count));
  command.setting("serve", "workers", Command::into(options->workers, parse_count));
  command.setting("serve", "grace", Command::into(options->grace, parse_duration));
  command.setting("serve", "released-grace", Command::into(options->released_grace, parse_duration));
  command.setting("serve", "max-connections", Command::into(options->limits.connections, parse_count));
  command.setting("serve", "max-header-size", Command::into(options->limits.header_bytes, parse_size));
  command.setting("serve", "max-target-size", Command::into(options->limits.target_bytes, parse_size));
  command.setting("serve", "header-timeout", Command::into(options->limits.header_timeout, parse_duration));
  command.setting("serve", "idle-timeout", Command::into(options->limits.idle_timeout, parse_duration));
  command.setting("serve", "body-timeout", Command::into(options->limits.stall_timeout, parse_duration));
  declare_controller(command, options->controller_options);
  return command;
}

}  // namespace lamina::cmd
