// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <memory>

#include "cmd/artifact_arguments.h"
#include "cmd/commands.h"
#include "cmd/kubernetes_arguments.h"
#include "cmd/quantity.h"
#include "cmd/remote_arguments.h"
#include "cmd/report.h"

namespace lamina::cmd {
namespace {

struct FindArguments {
  RemoteArguments remote;
  IdentityArguments identity;
  std::optional<Tag> tag;
  bool exact = false;
  std::uint64_t limit = 1000;
  KubernetesArguments kubernetes;
  bool kube = false;
  std::string namespace_name;
};

std::string text_of(const FoundArtifact& artifact) {
  std::string tags;
  for (const Tag& tag : artifact.tags) tags += (tags.empty() ? "" : " ") + tag.str();
  return rows({{"artifact", pinned(artifact.registry, artifact.repository, artifact.manifest.digest)},
               {"tags", tags},
               {"layer", artifact.layer ? describe(*artifact.layer) : ""},
               {"identity", artifact.identity ? canonical_json(*artifact.identity) : ""},
               {"url", artifact.url}});
}

void write_artifact(oci::JsonWriter& json, const FoundArtifact& artifact) {
  json.begin_object();
  write_name(json, artifact.registry, artifact.repository, artifact.manifest.digest);
  write_tags(json, artifact.tags);
  write_descriptor(json, "manifest", artifact.manifest);
  if (artifact.layer) write_descriptor(json, "layer", *artifact.layer);
  if (artifact.identity) write_map(json, "identity", *artifact.identity);
  if (!artifact.url.empty()) json.name("url").string(artifact.url);
  json.end_object();
}

Result<Report> find_objects(const FindArguments& arguments, const Identity& identity) {
  if (arguments.exact || arguments.tag)
    return fail(Code::kInvalid, "--kube goes with neither --exact nor --tag");
  LAMINA_ASSIGN(Cluster cluster, arguments.kubernetes.connect());
  LAMINA_ASSIGN(auto found, cluster.find(identity, arguments.namespace_name));
  if (arguments.limit > 0 && found.size() > arguments.limit) found.resize(arguments.limit);
  if (found.empty()) {
    return fail(Code::kNotFound,
                "the cluster has no OCIArtifact with the identity " + canonical_json(identity));
  }
  Report report;
  report.brief.emplace();
  auto json = json_writer();
  json.begin_array();
  for (const ObjectReference& reference : found) {
    report.text += (report.text.empty() ? "" : "\n") + cmd::text_of(reference, arguments.remote.registry);
    *report.brief += location_of(reference, arguments.remote.registry) + '\n';
    write_reference(json, reference, arguments.remote.registry);
  }
  json.end_array();
  report.json = json.take();
  return report;
}

Result<Report> run(const FindArguments& arguments, Context& context) {
  LAMINA_ASSIGN(const auto identity, arguments.identity.identity());
  if (!identity) return fail(Code::kInvalid, "KEY=VALUE is missing; see `lamina find --help`");
  if (arguments.kube) return find_objects(arguments, *identity);
  if (!arguments.namespace_name.empty()) return fail(Code::kInvalid, "--namespace goes with --kube");
  FindOptions options{.mode = arguments.exact ? FindMode::kDerived : FindMode::kAuto,
                      .scheme = arguments.identity.scheme,
                      .tenant = arguments.identity.tenant,
                      .tag = arguments.tag,
                      .limit = arguments.limit};
  LAMINA_ASSIGN(Remote remote, Remote::open(arguments.remote, context));
  LAMINA_ASSIGN(const auto found, remote->find(arguments.remote.registry, *identity, options));
  if (found.empty()) {
    std::string message = fmt::format("{} has no artifact with the identity {}", arguments.remote.registry,
                                      canonical_json(*identity));
    LAMINA_ASSIGN(const std::string version, remote->server_version(arguments.remote.registry));
    if (version.empty()) message += "; it is not Lamina, so that a whole identity alone can be found there";
    return fail(Code::kNotFound, std::move(message));
  }
  Report report;
  report.brief.emplace();
  auto json = json_writer();
  json.begin_array();
  for (const FoundArtifact& artifact : found) {
    report.text += (report.text.empty() ? "" : "\n") + text_of(artifact);
    *report.brief += pinned(artifact.registry, artifact.repository, artifact.manifest.digest) + '\n';
    write_artifact(json, artifact);
  }
  json.end_array();
  report.json = json.take();
  return report;
}

}  // namespace

Command find_command() {
  const auto arguments = std::make_shared<FindArguments>();
  Command command{.name = "find",
                  .summary = "Find artifacts by identity",
                  .description =
                      "Finds the artifacts whose identity has all the entries that are given. Lamina "
                      "searches by any part of an "
                      "identity. Other registries, and Lamina with --exact, need the whole identity: it "
                      "names the repository. "
                      "Exit status 3 where nothing is found.",
                  .examples = {{"Every version of a component", "lamina find component-name=podinfo"},
                               {"The digest of one artifact, in any registry",
                                "lamina find component-name=podinfo component-version=6.7.0 --exact -o json "
                                "| jq -r .[0].digest"},
                               {"The objects of a cluster", "lamina find --kube component-name=podinfo"}},
                  .arguments = {},
                  .options = {},
                  .run = [arguments](Context& context) { return run(*arguments, context); }};
  Argument& pairs =
      command.arguments.emplace_back(Argument{.name = "KEY=VALUE",
                                              .help = "An entry of the identity",
                                              .take = Command::append_to(arguments->identity.pairs)});
  pairs.required = false;  // --identity says the same.
  pairs.repeated = true;
  command.flag("--exact", arguments->exact, "The entries are the whole identity; look where it points to");
  arguments->identity.declare(command);
  command.flag("--kube", arguments->kube, "Find the OCIArtifacts of a Kubernetes cluster instead");
  command.option("--namespace", "NAME", arguments->namespace_name, "With --kube: only in this namespace");
  command.option("-t,--tag", "TAG", arguments->tag, Tag::parse, "Only artifacts that have this tag");
  command.option("-n,--limit", "N", arguments->limit, parse_count,
                 "At most so many; 0 is no limit (default 1000)");
  arguments->remote.declare(command);
  arguments->kubernetes.declare(command);
  return command;
}

}  // namespace lamina::cmd
