// SPDX-License-Identifier: Apache-2.0
#include "cmd/push.h"

#include <fmt/format.h>

#include <filesystem>

#include "cmd/commands.h"
#include "cmd/files.h"
#include "cmd/quantity.h"
#include "cmd/report.h"

namespace lamina::cmd {
namespace {

Result<PublishMode> parse_mode(std::string_view text) {
  LAMINA_ASSIGN(const std::size_t choice, parse_choice("auto|standard|one-request", text));
  constexpr PublishMode kChoices[] = {PublishMode::kAuto, PublishMode::kStandard, PublishMode::kOneRequest};
  return kChoices[choice];
}

Result<Annotations> make_annotations(const PushArguments& arguments) {
  Annotations annotations;
  const auto add = [&](std::string_view key, std::string_view value) -> Result<void> {
    if (annotations.emplace(key, value).second) return {};
    return fail(Code::kInvalid, fmt::format("annotation {} is given twice", key));
  };
  for (const std::string& pair : arguments.annotations) {
    const auto equals = pair.find('=');
    if (equals == std::string::npos || equals == 0) {
      return fail(Code::kInvalid, fmt::format("--annotation: expected KEY=VALUE, found '{}'", pair));
    }
    LAMINA_TRY(add(std::string_view(pair).substr(0, equals), std::string_view(pair).substr(equals + 1)));
  }
  if (!arguments.revision.empty()) LAMINA_TRY(add("org.opencontainers.image.revision", arguments.revision));
  if (!arguments.source.empty()) LAMINA_TRY(add("org.opencontainers.image.source", arguments.source));
  if (!arguments.created.empty()) LAMINA_TRY(add("org.opencontainers.image.created", arguments.created));
  return annotations;
}

Result<Reference> choose_target(const PushArguments& arguments, const std::optional<Identity>& identity) {
  if (arguments.reference) return *arguments.reference;
  if (!identity) return fail(Code::kInvalid, "expected REFERENCE, --identity KEY=VALUE..., or both");
  const auto tag = arguments.tags.empty() ? std::nullopt : std::optional(arguments.tags.front());
  return reference_of(arguments.remote.registry, *identity, arguments.identity.scheme,
                      arguments.identity.tenant, tag);
}

Report report(const Published& published) {
  Report made;
  made.text = text_of(published, published.unchanged, "");
  if (published.packed) made.warning = dropped_warning(*published.packed);
  made.brief = pinned(published.registry, published.repository, published.manifest.digest) + '\n';
  auto json = json_writer();
  json.begin_object();
  write_published(json, published);
  json.name("unchanged").boolean(published.unchanged);
  json.end_object();
  made.json = json.take();
  return made;
}

Result<Report> run(const PushArguments& arguments, Context& context) {
  LAMINA_ASSIGN(PushPlan plan, cmd::plan(arguments));
  if (!arguments.oci_config.empty()) {
    LAMINA_ASSIGN(plan.options.config, read_small_file(arguments.oci_config));
  }
  LAMINA_ASSIGN(Remote remote, Remote::open(arguments.remote, context));
  if (arguments.subject) {
    Reference subject{
        .registry = plan.target.registry, .repository = plan.target.repository, .tag = {}, .digest = {}};
    if (const auto* tag = std::get_if<Tag>(&*arguments.subject)) subject.tag = *tag;
    if (const auto* digest = std::get_if<Digest>(&*arguments.subject)) subject.digest = *digest;
    LAMINA_ASSIGN(plan.options.subject, remote->resolve(subject));
  }
  LAMINA_ASSIGN(const Published published,
                remote->push(plan.target, content_of(arguments.path, plan.pack, context), plan.options));
  return report(published);
}

}  // namespace

std::string text_of(const Published& published, bool unchanged, const std::string& object) {
  std::string tags;
  for (const Tag& tag : published.tags) tags += (tags.empty() ? "" : " ") + tag.str();
  return rows({{"status", unchanged ? "unchanged: nothing was written" : "published"},
               {"object", object},
               {"artifact", pinned(published.registry, published.repository, published.manifest.digest)},
               {"tags", tags},
               {"layer", describe(published.layer)},
               {"identity", published.identity ? canonical_json(*published.identity) : ""},
               {"url", published.url}});
}

void write_published(oci::JsonWriter& json, const Published& published) {
  write_name(json, published.registry, published.repository, published.manifest.digest);
  write_tags(json, published.tags);
  write_descriptor(json, "manifest", published.manifest);
  write_descriptor(json, "layer", published.layer);
  if (published.identity) write_map(json, "identity", *published.identity);
  if (!published.url.empty()) json.name("url").string(published.url);
  json.name("oneRequest").boolean(published.one_request);
  json.name("dropped").integer(published.packed ? published.packed->dropped : 0);
}

Content content_of(const std::string& path, const PackOptions& pack, Context& context) {
  std::error_code error;
  if (path == "-") return StreamContent{.source = &context.in, .size = {}};
  if (std::filesystem::is_directory(path, error)) return DirectoryContent{.path = path, .pack = pack};
  return FileContent{path};
}

void declare(Command& command, PushArguments& arguments) {
  command.argument("PATH", arguments.path, "A file, a directory, or - for standard input").completes =
      Completes::kFiles;
  command
      .argument("REFERENCE", arguments.reference, Reference::parse,
                "[REGISTRY/]REPOSITORY[:TAG][@DIGEST]; default: the repository that the identity names")
      .required = false;
  arguments.identity.declare(command);
  command.list("-t,--tag", "TAG", arguments.tags, Tag::parse, "Another tag of the artifact");
  command.option("--profile", "artifact|flux|helm|ocm-v1|ocm-v2", arguments.profile, parse_profile,
                 "Whose media types and form of manifest to use (default artifact)");
  command.option("--media-type", "TYPE", arguments.media_type, "Of the layer");
  command.option("--artifact-type", "TYPE", arguments.artifact_type, "Of the manifest");
  command.option("--oci-config", "FILE", arguments.oci_config, "The manifest's config").completes =
      Completes::kFiles;
  command.option("--oci-config-type", "TYPE", arguments.oci_config_type,
                 "Media type of the manifest's config");
  command.list("-a,--annotation", "KEY=VALUE", arguments.annotations, "An annotation of the manifest");
  command.option("--revision", "TEXT", arguments.revision, "Annotation org.opencontainers.image.revision");
  command.option("--source", "URL", arguments.source, "Annotation org.opencontainers.image.source");
  command.option(
      "--created", "TIME", arguments.created, parse_timestamp,
      "Annotation org.opencontainers.image.created, as 2024-01-02T03:04:05Z; no time is added otherwise, so "
      "that the same content is the same artifact");
  command.option("--subject", "TAG|DIGEST", arguments.subject, parse_tag_or_digest,
                 "The artifact in the same repository that this one is about");
  arguments.pack.declare(command);
  command.flag("--if-absent", arguments.if_absent, "Only if none of the tags exists; else exit status 6");
  command.option("--if-match", "DIGEST", arguments.if_match, Digest::parse,
                 "Only if every tag names this manifest; else exit status 6");
  command.option("--ttl", "TIME", arguments.ttl, parse_duration,
                 "Remove the artifact after this time (Lamina only)");
  command.option("--mode", "auto|standard|one-request", arguments.mode, parse_mode,
                 "How to publish; auto is one request where the registry is Lamina");
  arguments.remote.declare(command);
}

Result<PushPlan> plan(const PushArguments& arguments) {
  if (arguments.if_absent && arguments.if_match)
    return fail(Code::kInvalid, "--if-absent contradicts --if-match");
  if (arguments.path.empty())
    return fail(Code::kInvalid, "PATH: expected a file, a directory or -, found ''");
  LAMINA_ASSIGN(auto identity, arguments.identity.identity());
  LAMINA_ASSIGN(auto target, choose_target(arguments, identity));
  PushPlan plan{.target = std::move(target), .options = {}, .pack = {}};
  LAMINA_ASSIGN(plan.options.annotations, make_annotations(arguments));
  plan.options.profile = arguments.profile;
  plan.options.mode = arguments.mode;
  plan.options.media_type = arguments.media_type;
  plan.options.artifact_type = arguments.artifact_type;
  plan.options.config_media_type = arguments.oci_config_type;
  plan.options.identity = std::move(identity);
  for (const Tag& tag : arguments.tags) {
    if (plan.target.tag != tag) plan.options.tags.push_back(tag);
  }
  plan.options.if_match = arguments.if_match;
  plan.options.if_none_match = arguments.if_absent;
  plan.options.ttl = arguments.ttl;
  plan.pack = arguments.pack.options();
  return plan;
}

Command push_command() {
  const auto arguments = std::make_shared<PushArguments>();
  Command command{.name = "push",
                  .summary = "Publish a file, a directory or a stream",
                  .description =
                      "Publishes PATH as an artifact with one layer. A directory is packed reproducibly: the "
                      "same tree gives the "
                      "same digest on every machine. Without REFERENCE, the identity names the repository, "
                      "and its version is the "
                      "tag; so whoever knows the identity finds the artifact. When the command succeeds, the "
                      "artifact is stored as "
                      "durably as the registry promises; where it was there already, nothing is written.",
                  .examples = {{"A directory, under the name that follows from its identity",
                                "lamina push ./deploy -i component-name=podinfo -i component-version=6.7.0"},
                               {"A Helm chart, as `helm push` does",
                                "lamina push podinfo-6.7.0.tgz charts/podinfo:6.7.0 --profile helm"},
                               {"A stream, for a day", "tar c . | lamina push - build/output:42 --ttl 24h"}},
                  .arguments = {},
                  .options = {},
                  .run = [arguments](Context& context) { return run(*arguments, context); }};
  declare(command, *arguments);
  return command;
}

}  // namespace lamina::cmd
