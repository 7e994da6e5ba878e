// SPDX-License-Identifier: Apache-2.0
#include "cmd/publish.h"

#include <fmt/format.h>

#include <filesystem>
#include <limits>
#include <memory>

#include "cmd/commands.h"
#include "cmd/push.h"
#include "cmd/quantity.h"
#include "cmd/report.h"

namespace lamina::cmd {
namespace {

Result<StatusForm> parse_form(std::string_view text) {
  LAMINA_ASSIGN(const std::size_t choice, parse_choice("auto|oci-artifact|artifact", text));
  constexpr StatusForm kChoices[] = {StatusForm::kAuto, StatusForm::kOciArtifact, StatusForm::kArtifact};
  return kChoices[choice];
}

/// `KIND[=NAME]`
Result<Export> parse_export(std::string_view text) {
  const auto equals = text.find('=');
  const std::string_view kind = text.substr(0, equals);
  LAMINA_TRY(parse_choice("ExternalArtifact|OCIRepository|Artifact|Snapshot", kind));
  return Export{.kind = std::string(kind),
                .name = equals == std::string_view::npos ? "" : std::string(text.substr(equals + 1))};
}

/// `KIND/NAME`, of the namespace that is published to.
Result<ObjectId> parse_owner(const std::string& text) {
  const auto slash = text.find('/');
  if (slash == 0 || slash == std::string::npos || slash + 1 == text.size() ||
      text.find('/', slash + 1) != std::string::npos) {
    return fail(Code::kInvalid, fmt::format("--owner: expected KIND/NAME, found '{}'", text));
  }
  return ObjectId{.api_version = {},
                  .kind = text.substr(0, slash),
                  .namespace_name = {},
                  .name = text.substr(slash + 1),
                  .uid = {}};
}

Result<void> set_object(PublishPlan& plan, const PublishArguments& arguments) {
  const auto slash = arguments.as.find('/');
  plan.namespace_name = arguments.as.substr(0, slash);
  plan.name = slash == std::string::npos ? "" : arguments.as.substr(slash + 1);
  if (!plan.namespace_name.empty() && !plan.name.empty() && plan.name.find('/') == std::string::npos)
    return {};
  return fail(Code::kInvalid, fmt::format("--as: expected NAMESPACE/NAME, found '{}'", arguments.as));
}

Result<ResourceOptions> resource_of(const PublishArguments& arguments) {
  ResourceOptions resource{.owner = {},
                           .retention_ttl = arguments.retention_ttl,
                           .keep_last = {},
                           .interval = arguments.interval,
                           .exports = arguments.exports,
                           .registry = {}};
  if (!arguments.owner.empty()) {
    LAMINA_ASSIGN(resource.owner, parse_owner(arguments.owner));
  }
  if (arguments.keep_last) {
    if (*arguments.keep_last > std::numeric_limits<unsigned>::max())
      return fail(Code::kInvalid, "--keep-last: expected fewer");
    resource.keep_last = static_cast<unsigned>(*arguments.keep_last);
  }
  const bool secrets = !arguments.registry_secret.empty() || !arguments.registry_certificate_secret.empty();
  if (secrets && !arguments.record_registry)
    return fail(Code::kInvalid, "--registry-secret and --registry-cert-secret go with --record-registry");
  return resource;
}

Result<Report> run(const PublishArguments& arguments, Context& context) {
  LAMINA_ASSIGN(PublishPlan plan, cmd::plan(arguments));
  LAMINA_ASSIGN(const ClientOptions client, client_options(arguments.remote));
  if (arguments.record_registry) {
    const std::string& host =
        arguments.reference ? arguments.remote.registry_of(*arguments.reference) : arguments.remote.registry;
    plan.resource.registry = RegistryAccess{.host = host,
                                            .plain_http = uses_plain_http(client, host),
                                            .secret = arguments.registry_secret,
                                            .certificate_secret = arguments.registry_certificate_secret};
  }
  LAMINA_ASSIGN(Cluster cluster, arguments.kubernetes.connect());
  LAMINA_ASSIGN(Remote remote, Remote::open(arguments.remote, context));
  const Content content = content_of(arguments.path, arguments.pack.options(), context);
  LAMINA_ASSIGN(
      const PublishedObject published,
      arguments.status_of
          ? cluster.publish_to_status(*remote, *arguments.status_of, content, plan.options, arguments.form)
          : cluster.publish(*remote, plan.namespace_name, plan.name, content, plan.options, plan.resource));
  Report report;
  report.text = text_of(published.artifact, published.unchanged, describe(published.object));
  if (published.artifact.packed) report.warning = dropped_warning(*published.artifact.packed);
  report.brief =
      pinned(published.artifact.registry, published.artifact.repository, published.artifact.manifest.digest) +
      '\n';
  auto json = json_writer();
  json.begin_object();
  write_object(json, "object", published.object);
  write_published(json, published.artifact);
  json.name("unchanged").boolean(published.unchanged);
  json.end_object();
  report.json = json.take();
  return report;
}

}  // namespace

void declare(Command& command, PublishArguments& arguments) {
  command.argument("PATH", arguments.path, "A file, a directory, or - for standard input").completes =
      Completes::kFiles;
  command
      .argument("REFERENCE", arguments.reference, Reference::parse,
                "[REGISTRY/]REPOSITORY[:TAG]; default: the repository that the identity names, below the "
                "namespace")
      .required = false;
  command.option("--as", "NAMESPACE/NAME", arguments.as, "The OCIArtifact to write");
  command.option("--status-of", "KIND/NAMESPACE/NAME", arguments.status_of, parse_object_name,
                 "Write the reference into the status of this object instead");
  command.option("--status-form", "auto|oci-artifact|artifact", arguments.form, parse_form,
                 "With --status-of: status.ociArtifact or status.artifact; auto takes what its kind has");
  arguments.identity.declare(command);
  command.list("-t,--tag", "TAG", arguments.tags, Tag::parse,
               "A tag of the artifact (default: the version that the identity holds, else latest)");
  command.option("--revision", "TEXT", arguments.revision,
                 "Where the content comes from, such as main@sha1:...");
  command.list("-m,--metadata", "KEY=VALUE", arguments.metadata, "What consumers are to know");
  command.option("--owner", "KIND/NAME", arguments.owner,
                 "The object in the namespace that the OCIArtifact goes with");
  command.list("--export", "KIND[=NAME]", arguments.exports, parse_export,
               "An object that the controller writes from it: ExternalArtifact, OCIRepository, Artifact or "
               "Snapshot");
  command.option("--keep-for", "TIME", arguments.retention_ttl, parse_duration,
                 "How long previous content stays at least");
  command.option("--keep-last", "N", arguments.keep_last, parse_count,
                 "How many previous contents stay, whatever their age");
  command.option("--interval", "TIME", arguments.interval, parse_duration,
                 "Between two verifications by the controller");
  command.option("--profile", "artifact|flux|helm|ocm-v1|ocm-v2", arguments.profile, parse_profile,
                 "Whose media types and form of manifest to use (default artifact)");
  command.option("--media-type", "TYPE", arguments.media_type, "Of the layer");
  command.option("--artifact-type", "TYPE", arguments.artifact_type, "Of the manifest");
  command.list("-a,--annotation", "KEY=VALUE", arguments.annotations, "An annotation of the manifest");
  arguments.pack.declare(command);
  command.option("--ttl", "TIME", arguments.ttl, parse_duration,
                 "How long the artifact stays if nothing claims it (default 1h)");
  command.flag("--record-registry", arguments.record_registry,
               "State the registry in the OCIArtifact: for one that is not the controller's");
  command.option("--registry-secret", "NAME", arguments.registry_secret,
                 "With --record-registry: the Secret with its credentials (kubernetes.io/dockerconfigjson)");
  command.option("--registry-cert-secret", "NAME", arguments.registry_certificate_secret,
                 "With --record-registry: the Secret with ca.crt, tls.crt and tls.key");
  command.option("--field-manager", "NAME", arguments.field_manager,
                 "Name of the writer in the object (default lamina-publish)");
  command.flag("--force-conflicts", arguments.force, "Take fields over from other writers");
  arguments.remote.declare(command);
  arguments.kubernetes.declare(command);
}

Result<PublishPlan> plan(const PublishArguments& arguments) {
  if (arguments.path.empty())
    return fail(Code::kInvalid, "PATH: expected a file, a directory or -, found ''");
  if (arguments.as.empty() == !arguments.status_of)
    return fail(Code::kInvalid, "expected either --as NAMESPACE/NAME or --status-of KIND/NAMESPACE/NAME");
  PublishPlan plan;
  if (!arguments.status_of) LAMINA_TRY(set_object(plan, arguments));
  LAMINA_ASSIGN(plan.resource, resource_of(arguments));
  const bool has_resource = plan.resource.owner || plan.resource.retention_ttl || plan.resource.keep_last ||
                            plan.resource.interval || !plan.resource.exports.empty() ||
                            arguments.record_registry;
  if (arguments.status_of && has_resource) {
    return fail(Code::kInvalid,
                "--owner, --export, --keep-for, --keep-last, --interval and --record-registry are about an "
                "OCIArtifact; with --status-of there is none");
  }
  if (!arguments.status_of && arguments.form != StatusForm::kAuto)
    return fail(Code::kInvalid, "--status-form goes with --status-of");

  PublishOptions& options = plan.options;
  LAMINA_ASSIGN(options.push.identity, arguments.identity.identity());
  if (!options.push.identity && !arguments.reference)
    return fail(Code::kInvalid, "expected REFERENCE, --identity KEY=VALUE..., or both");
  options.target = arguments.reference;
  options.scheme = arguments.identity.scheme;
  if (!options.target && !arguments.identity.tenant.empty()) {
    const auto tag = arguments.tags.empty() ? std::nullopt : std::optional(arguments.tags.front());
    LAMINA_ASSIGN(options.target, reference_of(arguments.remote.registry, *options.push.identity,
                                               options.scheme, arguments.identity.tenant, tag));
  }
  options.push.tags = arguments.tags;
  options.push.profile = arguments.profile;
  options.push.media_type = arguments.media_type;
  options.push.artifact_type = arguments.artifact_type;
  options.push.ttl = arguments.ttl;
  LAMINA_ASSIGN(const auto annotations, parse_pairs("--annotation", arguments.annotations));
  options.push.annotations = Annotations(annotations.begin(), annotations.end());
  options.revision = arguments.revision;
  LAMINA_ASSIGN(options.metadata, parse_pairs("--metadata", arguments.metadata));
  options.field_manager = arguments.field_manager;
  options.force = arguments.force;
  return plan;
}

Command publish_command() {
  const auto arguments = std::make_shared<PublishArguments>();
  Command command{
      .name = "publish",
      .summary = "Publish content together with the Kubernetes object that refers to it",
      .description =
          "Publishes PATH as `lamina push` does, and writes an OCIArtifact that refers to it, or the "
          "reference "
          "into the status of a producer. The artifact is published with a lease: should the second step "
          "fail, "
          "it goes by itself, and publishing again makes up for it. Where content and object are as they "
          "would "
          "be made, nothing is written.",
      .examples = {{"A directory for Flux",
                    "lamina publish ./deploy --as team-a/podinfo -i component-name=podinfo -i "
                    "component-version=6.7.0 --export ExternalArtifact"},
                   {"Gone together with what made it",
                    "lamina publish ./deploy team-a/podinfo:main --as team-a/podinfo --owner build/podinfo"},
                   {"The output of a build, in its status",
                    "lamina publish ./out --status-of Build/team-a/podinfo -i build=podinfo"}},
      .arguments = {},
      .options = {},
      .run = [arguments](Context& context) { return run(*arguments, context); }};
  declare(command, *arguments);
  return command;
}

}  // namespace lamina::cmd
