// SPDX-License-Identifier: Apache-2.0
#include "cmd/pull.h"

#include <fmt/format.h>

#include "cmd/commands.h"
#include "cmd/quantity.h"
#include "cmd/report.h"

namespace lamina::cmd {
namespace {

Result<LinkPolicy> parse_links(std::string_view text) {
  LAMINA_ASSIGN(const std::size_t choice, parse_choice("reject|skip", text));
  return choice == 0 ? LinkPolicy::kReject : LinkPolicy::kSkip;
}

/// `reference`: where the manifest is, if there was one; `object`: what referred to it, if anything.
Report report(const PullArguments& arguments, const std::optional<Reference>& reference, const Pulled& pulled,
              const ObjectReference* object) {
  const bool has_manifest = reference && !pulled.manifest.media_type.empty();
  std::string artifact = object != nullptr ? location_of(*object, arguments.remote.registry) : "";
  if (has_manifest) {
    artifact =
        pinned(arguments.remote.registry_of(*reference), reference->repository, pulled.manifest.digest);
  }
  Report made;
  made.content_on_stdout = arguments.to == "-";
  std::string content = format_size(pulled.bytes_written);
  if (pulled.unpacked) {
    content += fmt::format(" in {} files", pulled.unpacked->files);
    if (pulled.unpacked->skipped_links > 0)
      content += fmt::format(", {} links left out", pulled.unpacked->skipped_links);
  }
  made.text = rows({{"status", "pulled and verified"},
                    {"object", object != nullptr ? describe(object->carrier) : ""},
                    {"artifact", artifact},
                    {"layer", describe(pulled.layer)},
                    {"identity", pulled.identity ? canonical_json(*pulled.identity) : ""},
                    {"to", made.content_on_stdout ? "standard output" : arguments.to},
                    {"content", content}});
  made.brief = "";
  auto json = json_writer();
  json.begin_object();
  if (object != nullptr) write_object(json, "object", object->carrier);
  if (has_manifest) {
    write_name(json, arguments.remote.registry_of(*reference), reference->repository, pulled.manifest.digest);
    write_descriptor(json, "manifest", pulled.manifest);
  }
  write_descriptor(json, "layer", pulled.layer);
  write_map(json, "annotations", pulled.annotations);
  if (pulled.identity) write_map(json, "identity", *pulled.identity);
  json.name("to").string(arguments.to);
  json.name("bytesReceived").integer(pulled.bytes_received);
  json.name("bytesWritten").integer(pulled.bytes_written);
  if (pulled.unpacked) {
    json.name("unpacked").begin_object();
    json.name("files").integer(pulled.unpacked->files);
    json.name("directories").integer(pulled.unpacked->directories);
    json.name("skippedLinks").integer(pulled.unpacked->skipped_links);
    json.end_object();
  }
  json.end_object();
  made.json = json.take();
  return made;
}

Error explain(const PullArguments& arguments, const Reference& reference, Error error) {
  if (arguments.unpack && error.code == Code::kInvalid && error.about == About::kNothing)
    error.message += "; what is no archive is pulled without --unpack";
  // Also a platform that an index does not have is not found.
  return arguments.platform.empty() ? arguments.artifact.explain(std::move(error), reference) : error;
}

Result<Report> pull_object(const PullArguments& arguments, const PullPlan& plan, Context& context) {
  LAMINA_ASSIGN(Cluster cluster, arguments.object.kubernetes.connect());
  LAMINA_ASSIGN(const ObjectReference reference, arguments.object.resolve(cluster));
  LAMINA_ASSIGN(Remote remote,
                Remote::open(arguments.remote, context, location_of(reference, arguments.remote.registry)));
  LAMINA_ASSIGN(const Pulled pulled, cluster.pull(reference, *remote, plan.destination, plan.options));
  return report(arguments, reference.oci, pulled, &reference);
}

Result<Report> run(const PullArguments& arguments, Context& context) {
  LAMINA_ASSIGN(PullPlan plan, cmd::plan(arguments));
  if (auto* stream = std::get_if<StreamDestination>(&plan.destination)) stream->sink = &context.out;
  if (!plan.reference) return pull_object(arguments, plan, context);
  const Reference& reference = *plan.reference;
  LAMINA_ASSIGN(Remote remote, Remote::open(arguments.remote, context, reference.to_string()));
  const auto pulled = arguments.blob
                          ? remote->pull_blob(reference, *arguments.blob, plan.destination, plan.options)
                          : remote->pull(reference, plan.destination, plan.options);
  if (!pulled) return std::unexpected(explain(arguments, reference, pulled.error()));
  return report(arguments, reference, *pulled, nullptr);
}

}  // namespace

void declare(Command& command, PullArguments& arguments) {
  arguments.artifact.declare(command);
  arguments.object.declare(command);
  arguments.object.declare_unready(command);
  command
      .option("--to", "PATH", arguments.to,
              "The file or, with --unpack, the directory to make; - is standard output")
      .completes = Completes::kFiles;
  command.flag("--unpack", arguments.unpack,
               "Unpack the layer (tar, tar.gz or tar.zst) into a new or empty directory");
  command.flag("--decompress", arguments.decompress, "Decompress the layer (gzip or zstd)");
  command.option("--links", "reject|skip", arguments.links, parse_links,
                 "What to do with links in an archive that is unpacked (default reject)");
  command.option("--max-size", "SIZE", arguments.max_size, parse_size,
                 "Refuse a layer that is larger as stored, before its first byte; exit status 8");
  command.option("--layer", "N", arguments.layer, parse_count, "Which layer, counted from 0 (default 0)");
  command.option("--layer-type", "TYPE", arguments.layer_type, "The first layer of this media type");
  command.option("--platform", "OS/ARCH", arguments.platform, "Which manifest of an index");
  command.option("--blob", "DIGEST", arguments.blob, Digest::parse,
                 "This blob of the repository that REFERENCE names, whatever manifest names it");
  arguments.remote.declare(command);
}

Result<PullPlan> plan(const PullArguments& arguments) {
  std::optional<Reference> reference;
  if (arguments.object.name) {
    LAMINA_TRY(arguments.object.check(arguments.artifact));
    if (arguments.blob) return fail(Code::kInvalid, "an object names the content; leave --blob out");
  } else {
    LAMINA_ASSIGN(reference, arguments.artifact.resolve(arguments.remote.registry));
  }
  if (arguments.to.empty()) return fail(Code::kInvalid, "expected --to PATH, or --to - for standard output");
  if (arguments.unpack && arguments.to == "-")
    return fail(Code::kInvalid, "--unpack needs a directory, not --to -");
  if (arguments.unpack && arguments.decompress) {
    return fail(Code::kInvalid, "--unpack decompresses already; leave --decompress out");
  }
  if (arguments.blob &&
      (arguments.layer != 0 || !arguments.layer_type.empty() || !arguments.platform.empty())) {
    return fail(Code::kInvalid, "--blob names the content; leave --layer, --layer-type and --platform out");
  }
  if (arguments.layer != 0 && !arguments.layer_type.empty()) {
    return fail(Code::kInvalid, "--layer contradicts --layer-type");
  }
  PullPlan plan{
      .reference = std::move(reference), .destination = FileDestination{arguments.to}, .options = {}};
  if (arguments.to == "-") plan.destination = StreamDestination{};
  if (arguments.unpack) {
    plan.destination = DirectoryDestination{.path = arguments.to, .unpack = {.links = arguments.links}};
  }
  plan.options = {.max_size = arguments.max_size,
                  .decompress = arguments.decompress,
                  .layer = arguments.layer,
                  .layer_media_type = arguments.layer_type,
                  .platform = arguments.platform};
  return plan;
}

Command pull_command() {
  const auto arguments = std::make_shared<PullArguments>();
  Command command{
      .name = "pull",
      .summary = "Pull an artifact's content to a file, a directory or standard output",
      .description =
          "Pulls one layer of an artifact and checks it against its digest and size. A file or directory "
          "appears under "
          "its name only when all of it has arrived and is right; what goes to standard output is right only "
          "if the "
          "command succeeds. By identity, the artifact must have been pushed without a REFERENCE; `lamina "
          "find` finds "
          "others.",
      .examples =
          {{"By identity, into a new directory",
            "lamina pull -i component-name=podinfo -i component-version=6.7.0 --unpack --to ./deploy"},
           {"A chart, if it is small", "lamina pull charts/podinfo:6.7.0 --max-size 1MiB --to podinfo.tgz"},
           {"To another program", "lamina pull build/output:42 --to - | tar t"},
           {"What an object in a cluster refers to",
            "lamina pull --for OCIArtifact/team-a/podinfo --unpack --to ./deploy"}},
      .arguments = {},
      .options = {},
      .run = [arguments](Context& context) { return run(*arguments, context); }};
  declare(command, *arguments);
  return command;
}

}  // namespace lamina::cmd
