// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <memory>
#include <optional>

#include "cmd/commands.h"
#include "cmd/quantity.h"
#include "cmd/remote_arguments.h"
#include "cmd/report.h"

namespace lamina::cmd {
namespace {

struct CopyArguments {
  RemoteArguments remote;
  std::optional<Reference> from;
  std::optional<Reference> to;
  bool referrers = false;
};

Result<Report> run(const CopyArguments& arguments, Context& context) {
  LAMINA_ASSIGN(Remote remote, Remote::open(arguments.remote, context, arguments.from->to_string()));
  LAMINA_ASSIGN(const Copied copied,
                remote->copy(*arguments.from, *arguments.to, {.referrers = arguments.referrers}));
  auto json = json_writer();
  json.begin_object();
  const std::string& registry = arguments.remote.registry_of(*arguments.to);
  write_name(json, registry, arguments.to->repository, copied.manifest.digest);
  write_descriptor(json, "manifest", copied.manifest);
  json.name("manifests").integer(copied.manifests);
  json.name("blobsCopied").integer(copied.blobs_copied);
  json.name("blobsMounted").integer(copied.blobs_mounted);
  json.name("blobsPresent").integer(copied.blobs_present);
  json.name("bytes").integer(copied.bytes);
  json.end_object();
  return Report{
      .text = rows(
          {{"status", copied.manifests == 0 ? "unchanged: everything was there" : "copied"},
           {"artifact", pinned(registry, arguments.to->repository, copied.manifest.digest)},
           {"manifests", fmt::format("{} written", copied.manifests)},
           {"blobs", fmt::format("{} copied ({}), {} mounted, {} present", copied.blobs_copied,
                                 format_size(copied.bytes), copied.blobs_mounted, copied.blobs_present)}}),
      .json = json.take(),
      .brief = ""};
}

}  // namespace

Command copy_command() {
  const auto arguments = std::make_shared<CopyArguments>();
  Command command{.name = "copy",
                  .summary = "Copy an artifact, image or index between registries",
                  .description =
                      "Copies a manifest and what it names, an index with all its manifests, byte for byte. "
                      "What the destination has is not sent again.",
                  .examples = {{"From another registry, under the same tag",
                                "lamina copy ghcr.io/stefanprodan/charts/podinfo:6.7.0 charts/podinfo"},
                               {"With signatures and whatever else refers to it",
                                "lamina copy staging/app:1.2 prod/app:1.2 --referrers"}},
                  .arguments = {},
                  .options = {},
                  .run = [arguments](Context& context) { return run(*arguments, context); }};
  command.argument("SOURCE", arguments->from, Reference::parse, "[REGISTRY/]REPOSITORY[:TAG][@DIGEST]");
  command.argument("DESTINATION", arguments->to, Reference::parse,
                   "[REGISTRY/]REPOSITORY[:TAG]; without a tag, that of SOURCE");
  command.flag("--referrers", arguments->referrers, "Also everything that refers to what is copied");
  arguments->remote.declare(command);
  return command;
}

}  // namespace lamina::cmd
