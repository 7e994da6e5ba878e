// SPDX-License-Identifier: Apache-2.0
#include <memory>
#include <optional>

#include "cmd/commands.h"
#include "cmd/quantity.h"
#include "cmd/remote_arguments.h"
#include "cmd/report.h"

namespace lamina::cmd {
namespace {

struct TagsArguments {
  RemoteArguments remote;
  std::optional<Reference> repository;
  std::uint64_t limit = 0;
};

Result<Report> run(const TagsArguments& arguments, Context& context) {
  const Reference& repository = *arguments.repository;
  if (repository.tag || repository.digest) {
    return fail(Code::kInvalid,
                "expected a repository without tag and digest, found '" + repository.to_string() + "'");
  }
  LAMINA_ASSIGN(Remote remote, Remote::open(arguments.remote, context));
  LAMINA_ASSIGN(const auto tags, remote->tags(repository, arguments.limit));
  Report report;
  for (const Tag& tag : tags) report.text += tag.str() + '\n';
  auto json = json_writer();
  json.begin_object().name("registry").string(arguments.remote.registry_of(repository));
  json.name("repository").string(repository.repository.str());
  write_tags(json, tags);
  report.json = json.end_object().take();
  return report;
}

}  // namespace

Command tags_command() {
  const auto arguments = std::make_shared<TagsArguments>();
  Command command{
      .name = "tags",
      .summary = "List the tags of a repository",
      .description = "Prints the tags, one a line.",
      .examples = {{"Of the default registry", "lamina tags charts/podinfo"},
                   {"Of another, as JSON", "lamina tags registry.example/charts/podinfo -o json"}},
      .arguments = {},
      .options = {},
      .run = [arguments](Context& context) { return run(*arguments, context); }};
  command.argument("REPOSITORY", arguments->repository, Reference::parse, "[REGISTRY/]REPOSITORY");
  command.option("-n,--limit", "N", arguments->limit, parse_count,
                 "At most so many; 0 is no limit (default 0)");
  arguments->remote.declare(command);
  return command;
}

}  // namespace lamina::cmd
