// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <memory>

#include "cmd/choice.h"
#include "cmd/commands.h"
#include "cmd/remote_arguments.h"
#include "cmd/report.h"
#include "cmd/terminal.h"

namespace lamina::cmd {
namespace {

constexpr std::string_view kActions = "ls|of|adopt|release";

struct HoldersArguments {
  RemoteArguments remote;
  std::string action;
  std::vector<std::string> values;
  HolderFilter filter;
};

/// `CLUSTER KIND.GROUP NAMESPACE/NAME`.
std::string text_of(const Holder& holder) {
  return printable(fmt::format("{} {}{}{} {}{}{}", holder.cluster, holder.kind,
                               holder.group.empty() ? "" : ".", holder.group, holder.namespace_name,
                               holder.namespace_name.empty() ? "" : "/", holder.name));
}

void write_members(oci::JsonWriter& json, const Holder& holder) {
  json.name("cluster").string(holder.cluster);
  json.name("group").string(holder.group);
  json.name("kind").string(holder.kind);
  json.name("namespace").string(holder.namespace_name);
  json.name("name").string(holder.name);
  json.name("uid").string(holder.uid);
}

Result<Report> list(const HoldersArguments& arguments, Client& client) {
  LAMINA_ASSIGN(const auto holders, client.holds(arguments.remote.registry, arguments.filter));
  Report report;
  auto json = json_writer();
  json.begin_array();
  for (const auto& [holder, holds] : holders) {
    json.begin_object();
    write_members(json, holder);
    json.name("holds").begin_array();
    for (const HeldManifest& held : holds) {
      report.text +=
          text_of(holder) + ' ' + pinned(arguments.remote.registry, held.repository, held.digest) + '\n';
      json.begin_object();
      write_name(json, arguments.remote.registry, held.repository, held.digest);
      json.end_object();
    }
    json.end_array().end_object();
  }
  report.json = json.end_array().take();
  return report;
}

Result<Report> holders_of(const HoldersArguments& arguments, Client& client) {
  LAMINA_ASSIGN(Reference reference, Reference::parse(arguments.values[0]));
  reference.registry = arguments.remote.registry_of(reference);
  LAMINA_ASSIGN(const auto holders, client.holders(reference));
  Report report;
  auto json = json_writer();
  json.begin_array();
  for (const Holder& holder : holders) {
    report.text += text_of(holder) + '\n';
    json.begin_object();
    write_members(json, holder);
    json.end_object();
  }
  report.json = json.end_array().take();
  return report;
}

Report count(std::string_view name, std::string_view what, std::uint64_t number) {
  auto json = json_writer();
  json.begin_object().name(name).integer(number).end_object();
  return {.text = fmt::format("{} {}: {}\n", name, what, number), .json = json.take(), .brief = ""};
}

Result<Report> run(const HoldersArguments& arguments, Context& context) {
  LAMINA_ASSIGN(const std::size_t action, parse_choice(kActions, arguments.action));
  struct Usage {
    std::size_t values;
    std::string_view text;
  };
  // As in kActions.
  constexpr Usage kUsages[] = {{0, "ls"}, {1, "of REFERENCE"}, {2, "adopt FROM TO"}, {1, "release CLUSTER"}};
  if (arguments.values.size() != kUsages[action].values) {
    return fail(Code::kInvalid, fmt::format("expected `lamina holders {}`", kUsages[action].text));
  }
  LAMINA_ASSIGN(Remote remote, Remote::open(arguments.remote, context));
  const std::string& registry = arguments.remote.registry;
  if (action == 0) return list(arguments, *remote);
  if (action == 1) return holders_of(arguments, *remote);
  if (action == 2) {
    LAMINA_ASSIGN(const auto adopted,
                  remote->adopt_holds(registry, arguments.values[0], arguments.values[1]));
    return count("adopted", "objects", adopted);
  }
  HolderFilter filter = arguments.filter;
  if (filter.cluster && *filter.cluster != arguments.values[0]) {
    return fail(Code::kInvalid, "CLUSTER and --cluster name two clusters; leave --cluster out");
  }
  filter.cluster = arguments.values[0];
  LAMINA_ASSIGN(const auto released, remote->release_holds(registry, filter));
  return count("released", "holds", released);
}

}  // namespace

Command holders_command() {
  const auto arguments = std::make_shared<HoldersArguments>();
  Command command{
      .name = "holders",
      .summary = "List, move and release what objects in clusters hold",
      .description =
          "What an object in a cluster holds stays in Lamina, whatever becomes of the controller. `ls` "
          "prints a "
          "line for each hold: CLUSTER KIND.GROUP NAMESPACE/NAME REFERENCE, where CLUSTER is the UID of the "
          "namespace kube-system. `of REFERENCE` prints who holds one manifest. `adopt FROM TO` makes the "
          "objects "
          "of one cluster those of another, as after it was set up anew. `release CLUSTER` ends all holds of "
          "a "
          "cluster that is gone. Does not ask.",
      .examples = {{"Who keeps a manifest", "lamina holders of charts/podinfo:6.7.0"},
                   {"The UID of this cluster",
                    "kubectl get namespace kube-system -o jsonpath='{.metadata.uid}'"},
                   {"One kind in one cluster",
                    "lamina holders ls --cluster 6b3e... --group lamina.dev --kind OCIArtifact"}},
      .arguments = {},
      .options = {},
      .run = [arguments](Context& context) { return run(*arguments, context); }};
  command.argument("ACTION", arguments->action, "ls, of, adopt or release").choices = kActions;
  Argument& values = command.arguments.emplace_back(Argument{
      .name = "VALUE", .help = "What the action is about", .take = Command::append_to(arguments->values)});
  values.required = false;
  values.repeated = true;
  command.option("--cluster", "UID", arguments->filter.cluster, Command::as_text, "Only of this cluster");
  command.option("--group", "GROUP", arguments->filter.group, Command::as_text, "Only of this API group");
  command.option("--kind", "KIND", arguments->filter.kind, Command::as_text, "Only of this kind");
  arguments->remote.declare(command);
  return command;
}

}  // namespace lamina::cmd
