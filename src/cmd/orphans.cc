// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <memory>

#include "cmd/commands.h"
#include "cmd/remote_arguments.h"
#include "cmd/report.h"
#include "cmd/terminal.h"

namespace lamina::cmd {
namespace {

std::string text_of(const Orphan& orphan, const std::string& registry) {
  std::string tags;
  for (const std::string& tag : orphan.tags) tags += (tags.empty() ? "" : " ") + tag;
  std::string owner;
  if (orphan.owner) {
    owner = fmt::format("{} {}/{} in cluster {}", orphan.owner->kind, orphan.owner->namespace_name,
                        orphan.owner->name, orphan.owner->cluster);
  }
  return rows({{"manifest", pinned(registry, orphan.repository, orphan.digest)},
               {"tags", tags},
               {"owner", owner},
               {"published", orphan.published},
               {"expires", orphan.expires}});
}

void write(oci::JsonWriter& json, const Orphan& orphan, const std::string& registry) {
  json.begin_object();
  write_name(json, registry, orphan.repository, orphan.digest);
  json.name("tags").begin_array();
  for (const std::string& tag : orphan.tags) json.string(tag);
  json.end_array();
  if (orphan.owner) {
    json.name("owner").begin_object();
    json.name("cluster").string(orphan.owner->cluster);
    json.name("group").string(orphan.owner->group);
    json.name("kind").string(orphan.owner->kind);
    json.name("namespace").string(orphan.owner->namespace_name);
    json.name("name").string(orphan.owner->name);
    json.name("uid").string(orphan.owner->uid);
    json.end_object();
  }
  json.name("published").string(orphan.published);
  json.name("expires").string(orphan.expires);
  json.end_object();
}

Result<Report> run(const RemoteArguments& arguments, Context& context) {
  LAMINA_ASSIGN(Remote remote, Remote::open(arguments, context));
  LAMINA_ASSIGN(const auto orphans, remote->orphans(arguments.registry));
  Report report;
  report.brief.emplace();
  auto json = json_writer();
  json.begin_array();
  for (const Orphan& orphan : orphans) {
    report.text += (report.text.empty() ? "" : "\n") + text_of(orphan, arguments.registry);
    *report.brief += pinned(arguments.registry, orphan.repository, orphan.digest) + '\n';
    write(json, orphan, arguments.registry);
  }
  report.json = json.end_array().take();
  return report;
}

}  // namespace

Command orphans_command() {
  const auto arguments = std::make_shared<RemoteArguments>();
  Command command{
      .name = "orphans",
      .summary = "List manifests that will expire unless somebody holds them",
      .description =
          "Manifests that were published with a time to live or an owner, and that no object in a "
          "cluster holds. One with an owner stays beyond its expiry until the controller of the "
          "owner's cluster has listed all objects of that kind.",
      .examples = {{"Their references alone", "lamina orphans -q"}},
      .arguments = {},
      .options = {},
      .run = [arguments](Context& context) { return run(*arguments, context); }};
  arguments->declare(command);
  return command;
}

}  // namespace lamina::cmd
