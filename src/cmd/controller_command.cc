// SPDX-License-Identifier: Apache-2.0
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "cmd/address.h"
#include "cmd/choice.h"
#include "cmd/commands.h"
#include "cmd/controller.h"
#include "cmd/controller_arguments.h"
#include "cmd/holder_rights.h"
#include "cmd/host_port.h"
#include "cmd/quantity.h"
#include "cmd/remote_arguments.h"

namespace lamina::cmd {
namespace {

struct ControllerArguments {
  RemoteArguments remote;
  ControllerOptions options;
  bool print_rbac = false;
};

/// As the cluster has the kinds; where there is none to ask, as kinds are usually called.
std::string print_rbac(const ControllerOptions& options) {
  std::vector<kube::ResourceType> types;
  const SystemClock clock;
  const auto config = kube::load_config(options.kubernetes);
  const auto api = config ? kube::make_api(*config, clock, "lamina") : nullptr;
  for (const controller::HolderKind& holder : options.settings.holders) {
    auto type = api ? api->resolve_type(holder.kind + "." + holder.group)
                    : Result<kube::ResourceType>(guessed_type(holder));
    types.push_back(type ? *std::move(type) : guessed_type(holder));
  }
  return holder_rights(types);
}

Result<controller::SnapshotMode> parse_snapshot_mode(std::string_view text) {
  LAMINA_ASSIGN(const std::size_t choice, parse_choice("off|own|observe", text));
  constexpr controller::SnapshotMode kModes[] = {
      controller::SnapshotMode::kOff, controller::SnapshotMode::kOwn, controller::SnapshotMode::kObserve};
  return kModes[choice];
}

/// `Widget.demo.example.org`
Result<controller::HolderKind> parse_holder(std::string_view text) {
  const std::size_t dot = text.find('.');
  if (dot == std::string_view::npos || dot == 0 || dot + 1 == text.size()) {
    return fail(Code::kInvalid,
                "expected KIND.GROUP, such as Widget.demo.example.org, found '" + std::string(text) + "'");
  }
  return controller::HolderKind{.group = std::string(text.substr(dot + 1)),
                                .kind = std::string(text.substr(0, dot))};
}

Result<void> run(const ControllerArguments& arguments) {
  ControllerOptions options = arguments.options;
  LAMINA_ASSIGN(options.client, client_options(arguments.remote));
  options.settings.endpoint = arguments.remote.registry;
  options.settings.registry = arguments.remote.registry;
  options.settings.plain_http = uses_plain_http(options.client, arguments.remote.registry);
  return serve_controller(options);
}

}  // namespace

void declare_controller(Command& command, ControllerOptions& options) {
  command.setting("kubernetes", "kubeconfig",
                  Command::into(options.kubernetes.kubeconfig,
                                [](std::string_view text) { return Result<std::filesystem::path>(text); }));
  command.setting("kubernetes", "context", Command::into(options.kubernetes.context));
  command.setting("controller", "namespace", Command::into(options.lease_namespace));
  command.setting("controller", "allow-repository", [&options](std::string_view text) -> Result<void> {
    LAMINA_ASSIGN(auto rule, controller::Tenancy::parse_rule(text));
    options.settings.tenancy.add(std::move(rule));
    return {};
  });
  command.setting("controller", "snapshots", Command::into(options.settings.snapshots, parse_snapshot_mode));
  command.setting("controller", "holder", Command::append_to(options.settings.holders, parse_holder));
  command.setting("controller", "concurrency", Command::into(options.settings.workers, parse_count));
  command.setting("controller", "resync", Command::into(options.settings.resync, parse_duration));
  command.setting("controller", "health-addr", [&options](std::string_view text) -> Result<void> {
    LAMINA_ASSIGN(HostPort address, parse_host_port(text));
    options.health_address = std::move(address.host);
    options.health_port = address.port;
    return {};
  });
}

Command controller_command() {
  const auto arguments = std::make_shared<ControllerArguments>();
  // Its own back-off follows: one repeat covers a connection that was closed.
  arguments->remote.retries = 1;
  Command command{
      .name = "controller",
      .summary = "Look after the objects of a Kubernetes cluster",
      .description =
          "Verifies the content of OCIArtifacts and Snapshots, holds it in the registry, exports it in the "
          "forms "
          "that other controllers read, and tells of it in their status. One of several works at a time, "
          "elected by a Lease. Prints `controller ready` once it has been elected and knows all objects. "
          "SIGTERM "
          "and SIGINT stop it; the lease is given back.",
      .examples = {{"Beside a registry in the cluster of the current context",
                    "lamina controller --registry lamina.lamina-system.svc:5000 --tls never --advertise-url "
                    "http://lamina.lamina-system.svc:5000"},
                   {"With names of ocm-controller v1 allowed in every namespace",
                    "lamina controller --snapshots observe --allow-repository '*=sha-*'"}},
      .arguments = {},
      .options = {},
      .run = [arguments](Context&) -> Result<Report> {
        if (arguments->print_rbac) {
          if (arguments->options.settings.holders.empty())
            return fail(Code::kInvalid, "--print-rbac: expected --holder KIND.GROUP, whose rights to print");
          return Report{.text = print_rbac(arguments->options), .json = {}};
        }
        LAMINA_TRY(run(*arguments));
        return Report{};
      }};
  command.setting("serve", "advertise-url",
                  Command::into(arguments->options.settings.advertise_url, parse_base_url));
  command.flag("--print-rbac", arguments->print_rbac,
               "Print the rights that the kinds of --holder need, as YAML, and end");
  declare_controller(command, arguments->options);
  arguments->remote.declare(command);
  return command;
}

}  // namespace lamina::cmd
