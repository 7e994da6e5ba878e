// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include "cmd/artifact_arguments.h"
#include "cmd/commands.h"
#include "cmd/remote_arguments.h"
#include "cmd/report.h"

namespace lamina::cmd {
namespace {

struct RmArguments {
  RemoteArguments remote;
  ArtifactArguments artifact;
  bool if_exists = false;
};

Result<Report> run(const RmArguments& arguments, Context& context) {
  LAMINA_ASSIGN(const Reference reference, arguments.artifact.resolve(arguments.remote.registry));
  if (!reference.tag && !reference.digest) {
    return fail(Code::kInvalid,
                "expected REPOSITORY:TAG or REPOSITORY@DIGEST; nothing is removed by a bare repository");
  }
  LAMINA_ASSIGN(Remote remote, Remote::open(arguments.remote, context));
  const auto deleted = remote->remove(reference);
  const bool missing = !deleted && deleted.error().code == Code::kNotFound && arguments.if_exists;
  if (!deleted && !missing) return std::unexpected(arguments.artifact.explain(deleted.error(), reference));

  const std::string& registry = arguments.remote.registry_of(reference);
  const auto digest = deleted ? deleted->digest : std::nullopt;
  auto json = json_writer();
  json.begin_object();
  json.name("registry").string(registry);
  json.name("repository").string(reference.repository.str());
  json.name("reference").string(reference.to_string());
  json.name("removed").boolean(!missing);
  if (digest) json.name("digest").string(digest->to_string());
  json.end_object();
  return Report{.text = rows({{"status", missing ? "there was nothing to remove" : "removed"},
                              {"reference", reference.to_string()},
                              {"artifact", digest ? pinned(registry, reference.repository, *digest) : ""}}),
                .json = json.take(),
                .brief = ""};
}

}  // namespace

Command rm_command() {
  const auto arguments = std::make_shared<RmArguments>();
  Command command{.name = "rm",
                  .summary = "Remove a tag, or a manifest with all its tags",
                  .description =
                      "REPOSITORY:TAG removes the tag alone; REPOSITORY@DIGEST removes the manifest and with "
                      "it all its tags. Does not ask.",
                  .examples = {{"A tag, if it is there", "lamina rm charts/podinfo:6.7.0 --if-exists"},
                               {"What the tag names, with all other tags of it",
                                "lamina rm charts/podinfo@$(lamina resolve charts/podinfo:6.7.0)"}},
                  .arguments = {},
                  .options = {},
                  .run = [arguments](Context& context) { return run(*arguments, context); }};
  arguments->artifact.declare(command);
  command.flag("--if-exists", arguments->if_exists, "Succeed where there is nothing to remove");
  arguments->remote.declare(command);
  return command;
}

}  // namespace lamina::cmd
