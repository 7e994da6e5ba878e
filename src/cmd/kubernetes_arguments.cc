// SPDX-License-Identifier: Apache-2.0
#include "cmd/kubernetes_arguments.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "cmd/quantity.h"
#include "cmd/version.h"

namespace lamina::cmd {

void KubernetesArguments::declare(Command& command) {
  command.setting("kubernetes", "kubeconfig", Command::into(kubeconfig));
  command.setting("kubernetes", "context", Command::into(context));
}

Result<Cluster> KubernetesArguments::connect() const {
  return Cluster::connect(
      {.kubeconfig = kubeconfig, .context = context, .user_agent = fmt::format("lamina/{}", kVersion)});
}

bool looks_like_object(std::string_view text) {
  if (text.empty() || text.front() < 'A' || text.front() > 'Z') return false;
  const std::size_t parts = static_cast<std::size_t>(std::ranges::count(text, '/')) + 1;
  if (parts == 3) return true;
  // No reference either, unless its first part is a host: refused as the object that it is meant as.
  return parts > 1 && text.substr(0, text.find('/')).find_first_of(".:") == std::string_view::npos;
}

void ObjectArguments::declare(Command& command) {
  command.option("--for", "KIND/NAMESPACE/NAME", name, parse_object_name,
                 "The artifact that this object of a Kubernetes cluster refers to");
  kubernetes.declare(command);
  const auto reference = std::ranges::find(command.arguments, "REFERENCE", &Argument::name);
  if (reference == command.arguments.end()) return;
  reference->take = [this, other = reference->take](std::string_view text) -> Result<void> {
    if (!looks_like_object(text)) return other(text);
    LAMINA_ASSIGN(name, parse_object_name(text));
    return {};
  };
  reference->help += "; or an object of a cluster, as for --for";
}

void ObjectArguments::declare_unready(Command& command) {
  command.flag("--unready", unready, "With an object: even if it says that it is not ready");
}

Result<void> ObjectArguments::check(const ArtifactArguments& artifact) const {
  if (!artifact.reference && artifact.identity.pairs.empty() && !artifact.tag) return {};
  return fail(Code::kInvalid, "an object names the artifact; leave REFERENCE, --identity and --tag out");
}

Result<ObjectReference> ObjectArguments::resolve(Cluster& cluster) const {
  LAMINA_ASSIGN(ObjectReference reference, cluster.resolve(*name));
  if (reference.ready || unready) return reference;
  return fail(
      Code::kUnavailable,
      fmt::format("{} is not ready: {}{}{}; --unready takes what it refers to all the same",
                  describe(reference.carrier), reference.reason,
                  reference.reason.empty() || reference.message.empty() ? "" : ": ", reference.message));
}

std::string describe(const ObjectId& object) { return object.object_name().to_string(); }

void write_object(oci::JsonWriter& json, std::string_view name, const ObjectId& object) {
  json.name(name).begin_object();
  json.name("apiVersion").string(object.api_version);
  json.name("kind").string(object.kind);
  json.name("namespace").string(object.namespace_name);
  json.name("name").string(object.name);
  json.name("uid").string(object.uid);
  json.end_object();
}

std::string location_of(const ObjectReference& reference, const std::string& registry) {
  if (!reference.oci) return reference.url;
  const std::string& host = reference.oci->registry.empty() ? registry : reference.oci->registry;
  std::string text = host + "/" + reference.oci->repository.str();
  if (reference.oci->tag) text += ":" + reference.oci->tag->str();
  if (reference.oci->digest) text += "@" + reference.oci->digest->to_string();
  return text;
}

std::string text_of(const ObjectReference& reference, const std::string& registry) {
  const auto layer = [](const std::string& digest, const std::optional<std::uint64_t>& size) {
    return digest + (size && !digest.empty() ? fmt::format(" ({})", format_size(*size)) : "");
  };
  return rows(
      {{"object", describe(reference.carrier)},
       {"form", std::string(to_string(reference.form))},
       {"artifact", reference.oci ? location_of(reference, registry) : ""},
       {"url", reference.url},
       {"layer", layer(reference.digest ? reference.digest->to_string() : "", reference.size)},
       {"claimed", layer(reference.claimed_digest, reference.claimed_size)},
       {"revision", reference.revision},
       {"identity", reference.identity ? canonical_json(*reference.identity) : ""},
       {"ready", reference.ready ? "yes"
                                 : fmt::format("no: {}{}{}", reference.reason,
                                               reference.reason.empty() ? "" : ": ", reference.message)}});
}

void write_reference(oci::JsonWriter& json, const ObjectReference& reference, const std::string& registry) {
  json.begin_object();
  write_object(json, "object", reference.carrier);
  json.name("form").string(to_string(reference.form));
  if (reference.oci) {
    const Reference& oci = *reference.oci;
    json.name("registry").string(oci.registry.empty() ? registry : oci.registry);
    json.name("repository").string(oci.repository.str());
    json.name("reference").string(location_of(reference, registry));
    if (oci.tag) json.name("tag").string(oci.tag->str());
    if (oci.digest) json.name("digest").string(oci.digest->to_string());
  }
  if (!reference.url.empty()) json.name("url").string(reference.url);
  if (reference.digest) json.name("layerDigest").string(reference.digest->to_string());
  if (reference.size) json.name("layerSize").integer(*reference.size);
  if (!reference.claimed_digest.empty()) json.name("claimedDigest").string(reference.claimed_digest);
  if (reference.claimed_size) json.name("claimedSize").integer(*reference.claimed_size);
  json.name("revision").string(reference.revision);
  json.name("metadata").begin_object();
  for (const auto& [key, value] : reference.metadata) json.name(key).string(value);
  json.end_object();
  if (reference.identity) write_map(json, "identity", *reference.identity);
  json.name("ready").boolean(reference.ready);
  json.name("reason").string(reference.reason);
  json.name("message").string(reference.message);
  json.end_object();
}

Result<std::map<std::string, std::string>> parse_pairs(std::string_view option,
                                                       const std::vector<std::string>& pairs) {
  std::map<std::string, std::string> map;
  for (const std::string& pair : pairs) {
    const auto equals = pair.find('=');
    if (equals == std::string::npos || equals == 0)
      return fail(Code::kInvalid, fmt::format("{}: expected KEY=VALUE, found '{}'", option, pair));
    if (!map.emplace(pair.substr(0, equals), pair.substr(equals + 1)).second)
      return fail(Code::kInvalid, fmt::format("{}: {} is given twice", option, pair.substr(0, equals)));
  }
  return map;
}

}  // namespace lamina::cmd
