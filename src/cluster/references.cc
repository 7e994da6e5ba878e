// SPDX-License-Identifier: Apache-2.0
#include "cluster/references.h"

#include <utility>

#include "cluster/json_read.h"
#include "cluster/kinds.h"
#include "lamina/identity.h"
#include "oci/quote.h"

namespace lamina::cluster {
namespace {

/// Reads the fields of one object; errors name the object and the field.
class Reader {
 public:
  explicit Reader(const oci::Json& object) : object_(object), id_(id_of(object)) {}

  const ObjectId& id() const { return id_; }
  const oci::Json& object() const { return object_; }
  std::string text(std::string_view path) const { return text_at(object_, path); }
  bool has(std::string_view path) const { return find_at(object_, path) != nullptr; }

  Error error(const std::string& path, Error cause) const {
    cause.message = describe(id_) + ": " + path + ": " + cause.message;
    return cause;
  }
  std::unexpected<Error> missing(const std::string& path) const {
    return fail(Code::kInvalid, describe(id_) + ": " + path + ": expected a value, found none");
  }

  Result<RepositoryName> repository(const std::string& path) const {
    if (text(path).empty()) return missing(path);
    auto parsed = RepositoryName::parse(text(path));
    if (!parsed) return std::unexpected(error(path, parsed.error()));
    return parsed;
  }

  /// Nothing where there is none. Where no algorithm is named it is sha256, as Flux reads it.
  Result<std::optional<Digest>> digest(const std::string& path) const {
    std::string value = text(path);
    if (value.empty()) return std::nullopt;
    if (value.find(':') == std::string::npos) value.insert(0, "sha256:");
    auto parsed = Digest::parse(value);
    if (!parsed) return std::unexpected(error(path, parsed.error()));
    return *parsed;
  }
  Result<Digest> required_digest(const std::string& path) const {
    LAMINA_ASSIGN(const auto found, digest(path));
    if (!found) return missing(path);
    return *found;
  }

  /// What cannot be a tag, such as an OCM version with '+', is none.
  std::optional<Tag> tag(std::string_view path) const {
    auto parsed = Tag::parse(text(path));
    return parsed ? std::optional(*std::move(parsed)) : std::nullopt;
  }
  std::optional<std::uint64_t> size(std::string_view path) const {
    const auto number = integer_at(object_, path);
    return number && *number >= 0 ? std::optional(static_cast<std::uint64_t>(*number)) : std::nullopt;
  }
  std::optional<Identity> identity(std::string_view path) const {
    const auto entries = map_at(object_, path);
    return entries.empty() ? std::nullopt : std::optional(Identity(entries.begin(), entries.end()));
  }

  /// A reference of this form with what all forms have.
  ObjectReference start(ReferenceForm form) const {
    ObjectReference reference;
    reference.form = form;
    reference.carrier = id_;
    Readiness readiness = readiness_of(object_);
    reference.ready = readiness.ready || !readiness.stated;
    reference.reason = std::move(readiness.reason);
    reference.message = std::move(readiness.message);
    if (!text("metadata.deletionTimestamp").empty()) unready(reference, "the object is being deleted");
    return reference;
  }
  static void unready(ObjectReference& reference, std::string why) {
    reference.ready = false;
    reference.message = std::move(why);
  }

 private:
  const oci::Json& object_;
  const ObjectId id_;
};

Reference in_repository(RepositoryName repository) {
  return {.registry = {}, .repository = std::move(repository), .tag = {}, .digest = {}};
}

/// What the specification of an OCIArtifact names, while its status says nothing.
Result<Reference> specified(const Reader& object) {
  if (object.has("spec.repository")) {
    LAMINA_ASSIGN(auto repository, object.repository("spec.repository"));
    return in_repository(std::move(repository));
  }
  auto scheme = NamingScheme::kLamina;
  if (const std::string text = object.text("spec.scheme"); !text.empty()) {
    LAMINA_ASSIGN(scheme, parse_naming_scheme(text));
  }
  auto repository =
      repository_of(object.identity("spec.identity").value_or(Identity()), scheme,
                    scheme == NamingScheme::kLamina ? object.id().namespace_name : std::string());
  if (!repository) return std::unexpected(object.error("spec.identity", repository.error()));
  return in_repository(*std::move(repository));
}

Result<ObjectReference> read_oci_artifact(const Reader& object) {
  ObjectReference reference = object.start(ReferenceForm::kOciArtifact);
  reference.metadata = map_at(object.object(), "spec.metadata");
  reference.identity = object.identity("spec.identity");
  reference.revision = object.text("spec.revision");
  if (!object.has("status.artifact")) {
    LAMINA_ASSIGN(reference.oci, specified(object));
    reference.oci->registry = object.text("spec.registry.host");
    reference.oci->tag = object.tag("spec.tag");
    LAMINA_ASSIGN(reference.oci->digest, object.digest("spec.digest"));
    LAMINA_ASSIGN(reference.digest, object.digest("spec.layer.digest"));
    reference.size = object.size("spec.layer.size");
    if (reference.message.empty()) reference.message = "no controller has verified the artifact yet";
    reference.ready = false;
    return reference;
  }
  LAMINA_ASSIGN(auto repository, object.repository("status.artifact.repository"));
  reference.oci = in_repository(std::move(repository));
  reference.oci->registry = object.text("status.artifact.registry");
  reference.oci->tag = object.tag("status.artifact.tag");
  LAMINA_ASSIGN(reference.oci->digest, object.required_digest("status.artifact.digest"));
  LAMINA_ASSIGN(reference.digest, object.digest("status.artifact.layer.digest"));
  reference.size = object.size("status.artifact.layer.size");
  reference.url = object.text("status.url");
  if (const auto revision = object.text("status.artifact.revision"); !revision.empty()) {
    reference.revision = revision;
  }
  const auto generation = integer_at(object.object(), "metadata.generation");
  if (generation && integer_at(object.object(), "status.observedGeneration") != generation) {
    Reader::unready(reference,
                    "the controller has not looked at generation " + std::to_string(*generation) + " yet");
  }
  return reference;
}

/// As v1's readers: what the status says, by the digest of the layer.
Result<ObjectReference> read_snapshot(const Reader& object) {
  ObjectReference reference = object.start(ReferenceForm::kSnapshot);
  reference.identity = object.identity("spec.identity");
  const bool reconciled = !object.text("status.digest").empty() && object.has("status.repositoryURL");
  LAMINA_ASSIGN(reference.digest, object.required_digest(reconciled ? "status.digest" : "spec.digest"));
  if (reconciled) {
    auto location = Reference::parse(object.text("status.repositoryURL"));
    if (!location) return std::unexpected(object.error("status.repositoryURL", location.error()));
    reference.oci = *std::move(location);
    reference.oci->tag = object.tag("status.tag");
  } else {
    // v1 names the repository by the hash of any map, the empty one included.
    const auto hash = ocm_v1_hash(reference.identity.value_or(Identity()));
    LAMINA_ASSIGN(auto repository, RepositoryName::parse("sha-" + std::to_string(hash)));
    reference.oci = in_repository(std::move(repository));
    reference.oci->tag = object.tag("spec.tag");
    if (reference.message.empty()) reference.message = "no controller has looked at the Snapshot yet";
    reference.ready = false;
  }
  reference.revision = object.text("spec.tag");
  return reference;
}

/// {repository, digest, blob {digest, tag, size}}: of status.ociArtifact and of the toolkit's Snapshot. Only
/// the digest of the manifest binds: the one of a Resource's blob is that of other bytes.
Result<ObjectReference> read_oci_pointer(const Reader& object, ReferenceForm form, const std::string& path) {
  ObjectReference reference = object.start(form);
  LAMINA_ASSIGN(auto repository, object.repository(path + ".repository"));
  reference.oci = in_repository(std::move(repository));
  LAMINA_ASSIGN(reference.oci->digest, object.required_digest(path + ".digest"));
  reference.oci->tag = object.tag(path + ".blob.tag");
  reference.claimed_digest = object.text(path + ".blob.digest");
  reference.claimed_size = object.size(path + ".blob.size");
  reference.revision = object.text(path + ".blob.tag");
  return reference;
}

/// {url, digest, revision, size, metadata}: of status.artifact and of openfluxcd's Artifact.
Result<ObjectReference> read_url_pointer(const Reader& object, ReferenceForm form, const std::string& path) {
  ObjectReference reference = object.start(form);
  reference.url = object.text(path + ".url");
  if (!reference.url.starts_with("http://") && !reference.url.starts_with("https://")) {
    return fail(Code::kInvalid, describe(object.id()) + ": " + path +
                                    ".url: expected an http or https URL, found " +
                                    oci::quote(reference.url));
  }
  LAMINA_ASSIGN(reference.digest, object.required_digest(path + ".digest"));
  reference.size = object.size(path + ".size");
  reference.revision = object.text(path + ".revision");
  reference.metadata = map_at(object.object(), path + ".metadata");
  return reference;
}

Result<std::optional<ObjectReference>> read_pointer(const Reader& object, const std::string& path) {
  if (!object.has(path)) return std::nullopt;
  if (object.has(path + ".repository"))
    return read_oci_pointer(object, ReferenceForm::kStatusOciArtifact, path);
  if (object.has(path + ".url")) return read_url_pointer(object, ReferenceForm::kStatusArtifact, path);
  return fail(Code::kInvalid, describe(object.id()) + ": " + path +
                                  ": expected {repository, digest, ...} or {url, digest, ...}");
}

}  // namespace

ObjectId id_of(const oci::Json& object) {
  return {.api_version = text_at(object, "apiVersion"),
          .kind = text_at(object, "kind"),
          .namespace_name = text_at(object, "metadata.namespace"),
          .name = text_at(object, "metadata.name"),
          .uid = text_at(object, "metadata.uid")};
}

std::string describe(const ObjectId& id) {
  const std::string_view group = group_of(id.api_version);
  std::string text = id.kind;
  if (!group.empty()) text.append(".").append(group);
  if (!id.namespace_name.empty()) text += "/" + id.namespace_name;
  return text + "/" + id.name;
}

Readiness readiness_of(const oci::Json& object) {
  const oci::Json* found = find_at(object, "status.conditions");
  const auto* conditions = found != nullptr ? found->as<oci::Json::Array>() : nullptr;
  if (conditions == nullptr) return {};
  for (const oci::Json& condition : *conditions) {
    if (text_at(condition, "type") != "Ready") continue;
    return {.stated = true,
            .ready = text_at(condition, "status") == "True",
            .reason = text_at(condition, "reason"),
            .message = text_at(condition, "message")};
  }
  return {};
}

std::optional<Reference> artifact_of_url(std::string_view url) {
  constexpr std::string_view kFiles = "/files/";
  const auto scheme = url.find("://");
  if (scheme == std::string_view::npos) return std::nullopt;
  const auto files = url.find(kFiles, scheme + 3);
  const auto name = url.rfind('/');
  if (files == std::string_view::npos || name <= files + kFiles.size()) return std::nullopt;
  const std::string_view artifact = url.substr(files + kFiles.size(), name - files - kFiles.size());
  const auto slash = artifact.rfind('/');
  if (slash == std::string_view::npos) return std::nullopt;
  auto repository = RepositoryName::parse(artifact.substr(0, slash));
  auto digest = Digest::parse(artifact.substr(slash + 1));
  if (!repository || !digest) return std::nullopt;
  Reference reference = in_repository(*std::move(repository));
  reference.digest = *digest;
  return reference;
}

Result<Statement> read_reference(const oci::Json& json) {
  const Reader object(json);
  const std::string& kind = object.id().kind;
  const std::string_view group = group_of(object.id().api_version);
  if (group == kLaminaGroup && kind == "OCIArtifact") return read_oci_artifact(object);
  if (group == kSnapshotGroup && kind == "Snapshot") {
    if (!object.has("spec.repository")) return read_snapshot(object);
    return read_oci_pointer(object, ReferenceForm::kToolkitSnapshot, "spec");
  }
  if (group == kArtifactGroup && kind == "Artifact") {
    return read_url_pointer(object, ReferenceForm::kArtifact, "spec");
  }
  if (object.has("status.snapshotName")) return SnapshotName{.name = object.text("status.snapshotName")};
  for (const std::string path : {"status.ociArtifact", "status.artifact"}) {
    LAMINA_ASSIGN(auto found, read_pointer(object, path));
    if (found) return *std::move(found);
  }
  return std::monostate();
}

Result<std::optional<ObjectReference>> read_reference_at(const oci::Json& object, std::string_view path) {
  return read_pointer(Reader(object), std::string(path));
}

}  // namespace lamina::cluster

namespace lamina {

std::string_view ObjectId::group() const { return cluster::group_of(api_version); }

ObjectName ObjectId::object_name() const {
  const std::string_view in = group();
  return {.kind = in.empty() ? kind : kind + "." + std::string(in),
          .namespace_name = namespace_name,
          .name = name};
}

Result<ObjectName> parse_object_name(std::string_view text) {
  const auto first = text.find('/');
  const auto second = first == std::string_view::npos ? first : text.find('/', first + 1);
  if (second == std::string_view::npos || first == 0 || second == first + 1 || second + 1 == text.size() ||
      text.find('/', second + 1) != std::string_view::npos) {
    return fail(Code::kInvalid, "expected KIND/NAMESPACE/NAME, found " + oci::quote(text));
  }
  return ObjectName{.kind = std::string(text.substr(0, first)),
                    .namespace_name = std::string(text.substr(first + 1, second - first - 1)),
                    .name = std::string(text.substr(second + 1))};
}

std::string_view to_string(ReferenceForm form) {
  switch (form) {
    case ReferenceForm::kOciArtifact: return "OCIArtifact";
    case ReferenceForm::kSnapshot: return "Snapshot";
    case ReferenceForm::kToolkitSnapshot: return "Snapshot (ocm-k8s-toolkit)";
    case ReferenceForm::kArtifact: return "Artifact";
    case ReferenceForm::kStatusOciArtifact: return "status.ociArtifact";
    case ReferenceForm::kStatusArtifact: return "status.artifact";
  }
  return "";
}

std::string ObjectReference::version() const {
  if (oci && oci->digest) return oci->digest->to_string();
  return digest ? digest->to_string() : std::string();
}

}  // namespace lamina
