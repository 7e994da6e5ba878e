// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "lamina/client.h"

/// Artifacts and the objects of Kubernetes that refer to them. docs/kubernetes.md shows how it is used.
namespace lamina {

// ---- Objects ------------------------------------------------------------------------------------------

/// Names an object as people write it: `KIND/NAMESPACE/NAME`.
struct ObjectName {
  /// Kind, plural, singular or short name, as kubectl takes it; with `.group` where several groups have it.
  std::string kind;
  std::string namespace_name;
  std::string name;

  std::string to_string() const { return kind + "/" + namespace_name + "/" + name; }
  friend bool operator==(const ObjectName&, const ObjectName&) = default;
};
/// kInvalid where `text` has not three parts, or one is empty.
Result<ObjectName> parse_object_name(std::string_view text);

/// Which object it is, as the API server says it.
struct ObjectId {
  std::string api_version;  ///< `group/version`, or `v1`.
  std::string kind;
  std::string namespace_name;  ///< Empty for objects of the cluster.
  std::string name;
  std::string uid;

  std::string_view group() const;  ///< Empty for the core group.
  ObjectName object_name() const;  ///< With the group in `kind`.
  friend bool operator==(const ObjectId&, const ObjectId&) = default;
};

/// An object that has changed.
struct ClusterObject {
  ObjectId id;
  bool deleted = false;  ///< It is gone; `json` is its last state.
  std::string json;

  /// The string at a path of member names such as `spec.url`; empty where there is none.
  std::string text_at(std::string_view path) const;
  /// The strings of the object at a path such as `data` or `metadata.labels`; none where it is absent.
  std::map<std::string, std::string> map_at(std::string_view path) const;
};

// ---- References ---------------------------------------------------------------------------------------

/// How an object refers to an artifact.
enum class ReferenceForm : std::uint8_t {
  kOciArtifact,        ///< OCIArtifact of lamina.dev.
  kSnapshot,           ///< Snapshot of delivery.ocm.software, as ocm-controller v1 writes it.
  kToolkitSnapshot,    ///< The same kind with the fields of a branch of ocm-k8s-toolkit. Read only.
  kArtifact,           ///< Artifact of openfluxcd.ocm.software.
  kStatusOciArtifact,  ///< status.ociArtifact, as ocm-k8s-toolkit v2 writes it.
  kStatusArtifact,     ///< status.artifact, as Flux writes it.
};
/// "OCIArtifact", "Snapshot", "Snapshot (ocm-k8s-toolkit)", "Artifact", "status.ociArtifact",
/// "status.artifact".
std::string_view to_string(ReferenceForm form);

/// Where the artifact of an object is. What is set binds: content that differs is not the artifact.
struct ObjectReference {
  ReferenceForm form = ReferenceForm::kOciArtifact;
  ObjectId carrier;  ///< The object that holds the reference, which need not be the one that was asked for.

  /// In a registry: the repository, with the digest of the manifest but for a Snapshot of v1, which has a tag
  /// only. An empty registry is the default registry of the client.
  std::optional<Reference> oci;
  std::string url;                    ///< By HTTP, where `oci` is absent.
  std::optional<Digest> digest;       ///< Of the layer, or of the file at `url`.
  std::optional<std::uint64_t> size;  ///< The same's.

  /// What ocm-k8s-toolkit says of the content. It may be the digest of other bytes, and binds nothing.
  std::string claimed_digest;
  std::optional<std::uint64_t> claimed_size;

  std::string revision;
  std::map<std::string, std::string> metadata;
  std::optional<Identity> identity;

  bool ready = false;   ///< As the object says of itself. Whether to take what is not ready, callers decide.
  std::string reason;   ///< Of its condition Ready.
  std::string message;  ///< The same's, or why it is not ready.

  /// Changes with the content: the digest of the manifest, else of the content.
  std::string version() const;
};

// ---- Publishing ---------------------------------------------------------------------------------------

struct PublishOptions {
  /// `push.identity` says what the artifact is, `push.ttl` how long it stays if the write to the API server
  /// never comes (absent: one hour). `push.owner` is set by the call.
  PushOptions push;
  /// Absent: the repository that the identity names, in the namespace's own part of the registry
  /// (`NAMESPACE/sha256-...`; flat with the schemes of OCM), under the version that it holds.
  std::optional<Reference> target;
  NamingScheme scheme = NamingScheme::kLamina;
  std::string revision;
  std::map<std::string, std::string> metadata;
  std::string field_manager = "lamina-publish";
  bool force = false;  ///< Takes fields over from other field managers; else they are kConflict.
};

/// An object that the controller writes from an OCIArtifact.
struct Export {
  std::string kind;  ///< ExternalArtifact, OCIRepository, Artifact or Snapshot.
  std::string name;  ///< Empty: the name of the OCIArtifact.
};

/// A registry that is not the controller's, and the Secrets to reach it with.
struct RegistryAccess {
  std::string host;
  bool plain_http = false;
  std::string secret;              ///< Of type kubernetes.io/dockerconfigjson; may be empty.
  std::string certificate_secret;  ///< ca.crt, tls.crt, tls.key; may be empty.
};

/// Fields of an OCIArtifact that the artifact does not tell; absent ones get the defaults of the schema.
struct ResourceOptions {
  std::optional<ObjectId> owner;  ///< Becomes an owner reference; without a uid, the server is asked for it.
  std::optional<std::chrono::seconds> retention_ttl;
  std::optional<unsigned> keep_last;
  std::optional<std::chrono::seconds> interval;
  std::vector<Export> exports;
  std::optional<RegistryAccess> registry;
};

enum class StatusForm : std::uint8_t {
  kAuto,         ///< kOciArtifact where the schema of the kind has it, else kArtifact.
  kOciArtifact,  ///< status.ociArtifact {repository, digest, blob {digest, tag, size}}
  kArtifact,     ///< status.artifact {url, path, digest, revision, size, lastUpdateTime, metadata}
};

struct PublishedObject {
  Published artifact;
  ObjectId object;         ///< That refers to it now.
  bool unchanged = false;  ///< Neither the registry nor the API server was written to.
};

// ---- The cluster --------------------------------------------------------------------------------------

struct ClusterOptions {
  std::filesystem::path kubeconfig;  ///< Empty: $KUBECONFIG, the service account of a pod, ~/.kube/config.
  std::string context;               ///< Of the kubeconfig; empty: its current one.
  std::string user_agent = "lamina";
};

struct ChangeOptions {
  std::string namespace_name;  ///< Empty: all of them.
  std::string label_selector;
  /// Told of each failure, of the API server (then without an object) or of the callback. May be empty.
  std::function<void(const ObjectId*, const Error&)> on_error;
};

/// One API server. Thread-safe; movable.
///
/// Errors of the API server: kNotFound; kConflict (another field manager has the field, or another writer
/// came first); kInvalid (the schema refuses it); kUnauthorized, kDenied; kUnavailable.
class Cluster {
 public:
  /// Reads the configuration; the server is not asked yet.
  static Result<Cluster> connect(const ClusterOptions& options = {});
  struct Impl;
  explicit Cluster(std::unique_ptr<Impl> impl);  ///< For tests: src/cluster/cluster_impl.h.
  Cluster(Cluster&&) noexcept;
  Cluster& operator=(Cluster&&) noexcept;
  ~Cluster();

  /// What tells this cluster from others: the uid of its namespace kube-system.
  Result<std::string> uid();

  /// The artifact of an object in whichever form it has: the object is an OCIArtifact, Snapshot or Artifact
  /// itself; its status names a Snapshot (`snapshotName`) or holds `ociArtifact` or `artifact`; or it owns
  /// exactly one OCIArtifact, Snapshot, Artifact or ExternalArtifact. kNotFound where it has none, kConflict
  /// where it owns several (Error::detail lists them), kInvalid where a reference is malformed.
  Result<ObjectReference> resolve(const ObjectName& object);
  /// All OCIArtifacts whose identity has these entries; they are found by label, in all namespaces where none
  /// is given.
  Result<std::vector<ObjectReference>> find(const Identity& identity, std::string_view namespace_name = {});

  /// As Client::pull(), with the digests and sizes of the reference checked: kMismatch. Of a Snapshot of v1,
  /// the layer is pulled by its own digest, so that Pulled has no manifest.
  Result<Pulled> pull(const ObjectReference& reference, Client& client, const Destination& destination,
                      const PullOptions& options = {});
  /// As Client::verify(), with the digests and sizes of the reference checked. Stores nothing.
  Result<Verified> verify(const ObjectReference& reference, Client& client);

  /// Publishes the content with a lease and writes the OCIArtifact that refers to it, by server-side apply.
  /// Where the second step fails, the artifact goes with its lease, and the error says so; a resource never
  /// points to what is not there. Where content and object are as they would be made, nothing is written.
  /// Whoever may read the namespace kube-system gets a lease that outlasts an absent controller.
  Result<PublishedObject> publish(Client& client, std::string_view namespace_name, std::string_view name,
                                  const Content& content, const PublishOptions& options,
                                  const ResourceOptions& resource = {});
  /// The same with the reference in the status of `producer`, whose kind's schema must have
  /// status.ociArtifact or status.artifact: else kUnsupported.
  Result<PublishedObject> publish_to_status(Client& client, const ObjectName& producer,
                                            const Content& content, const PublishOptions& options,
                                            StatusForm form = StatusForm::kAuto);

  /// The reference alone, to an artifact that was pushed by other means.
  Result<PublishedObject> set_status_reference(const ObjectName& producer, const Published& artifact,
                                               const PublishOptions& options = {},
                                               StatusForm form = StatusForm::kAuto);

  /// Hands over the artifact of `object` now, and each time that it has become another one. Only what is
  /// ready is handed over. Blocks until `on_reference` returns false or `stop` is requested; an object
  /// that is not there or has no artifact is waited for.
  Result<void> watch(const ObjectName& object,
                     const std::function<bool(const ObjectReference&)>& on_reference,
                     const std::stop_token& stop = {});

  /// Calls `on_change` for every object of a kind that there is, and again when one has changed; not more
  /// than one call at a time. What fails is tried again after 1 s, 2 s, 4 s, ... up to 5 min. Blocks until
  /// `stop` is requested.
  Result<void> for_each_change(std::string_view kind, const ChangeOptions& options,
                               const std::function<Result<void>(const ClusterObject&)>& on_change,
                               const std::stop_token& stop = {});

  /// Server-side apply of each document of `manifests` (JSON or YAML); conflicts are taken over. Objects that
  /// name no namespace go to `namespace_name`.
  Result<std::vector<ObjectId>> apply(std::string_view manifests, std::string_view field_manager,
                                      std::string_view namespace_name = "default");

 private:
  std::unique_ptr<Impl> impl_;
};

}  // namespace lamina
