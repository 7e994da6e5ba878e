// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "lamina/archive.h"
#include "lamina/descriptor.h"
#include "lamina/digest.h"
#include "lamina/identity.h"
#include "lamina/manifest.h"
#include "lamina/reference.h"
#include "lamina/result.h"
#include "lamina/stream.h"

namespace lamina {

// ---- Credentials --------------------------------------------------------------------------------------

struct Credentials {
  std::string username;
  std::string password;
  std::string identity_token;  ///< An OAuth2 refresh token; where it is set, name and password are not used.
};

/// Where a client finds credentials. Thread-safe.
class CredentialsProvider {
 public:
  virtual ~CredentialsProvider() = default;
  /// Credentials for `registry` (host[:port]) and `repository` in it (may be empty), or nothing: the client
  /// then goes on without. An error ends the operation.
  virtual Result<std::optional<Credentials>> find(std::string_view registry, std::string_view repository) = 0;
};

/// Docker's config.json in `directory` (empty: $DOCKER_CONFIG, else ~/.docker): `credHelpers`, `auths` with
/// the longest matching path, `credsStore`. A missing file means no credentials. The file is read at each
/// call.
std::shared_ptr<CredentialsProvider> docker_credentials(std::filesystem::path directory = {});
/// The same of the text of such a file, as Secrets of type kubernetes.io/dockerconfigjson hold it. Helper
/// programs that it names are not run: no credentials.
std::shared_ptr<CredentialsProvider> docker_credentials_from(std::string config_json);
/// The same credentials for `registry`, none for any other.
std::shared_ptr<CredentialsProvider> fixed_credentials(std::string registry, Credentials credentials);

// ---- The client ---------------------------------------------------------------------------------------

enum class PlainHttp : std::uint8_t {
  kAuto,    ///< http for 127.0.0.0/8, ::1, localhost and *.localhost, https for any other.
  kAlways,  ///< http for every registry.
  kNever,   ///< https for every registry.
};

struct Progress {
  enum class Phase : std::uint8_t { kHashing, kUploading, kDownloading };
  Phase phase = Phase::kUploading;
  std::string what;  ///< A file name, a repository or a digest; for display.
  std::uint64_t done = 0;
  std::optional<std::uint64_t> total;  ///< Unknown while a directory or a stream is sent.
  bool finished = false;               ///< The last call for this `what` and `phase`.
};

struct ClientOptions {
  /// Used where a Reference names no registry: host[:port].
  std::string default_registry = "127.0.0.1:5000";
  PlainHttp plain_http = PlainHttp::kAuto;
  std::set<std::string, std::less<>> plain_http_registries;  ///< host[:port], http whatever plain_http says.
  std::set<std::string, std::less<>> tls_registries;         ///< host[:port], https whatever plain_http says.
  std::filesystem::path ca_file;                             ///< PEM; replaces the system's roots.
  std::filesystem::path client_certificate;                  ///< PEM.
  std::filesystem::path client_key;                          ///< PEM.
  /// PEM in memory; each wins over its file.
  std::string ca_pem;
  std::string client_certificate_pem;
  std::string client_key_pem;
  bool insecure_skip_tls_verify = false;
  std::shared_ptr<CredentialsProvider> credentials;  ///< Null: docker_credentials().
  /// Repeats after the first attempt, on 408, 429, 5xx and broken connections; with exponential back-off from
  /// 200 ms to 10 s, or as Retry-After says, up to 60 s.
  unsigned retries = 4;
  std::chrono::seconds connect_timeout{10};
  /// A transfer that moves less than one byte a second for so long is broken.
  std::chrono::seconds stall_timeout{60};
  std::string user_agent = "lamina";
  /// Called from several threads, but never from two at once; must be quick. An operation is given up with
  /// kCancelled when it returns false.
  std::function<bool(const Progress&)> progress;
  /// Asked about once a second while a request waits, from the thread that does: once it returns true, the
  /// operation is given up with kCancelled. May be empty.
  std::function<bool()> cancelled;
};

/// Whether a client with these options speaks plain HTTP to `registry`, host[:port].
bool uses_plain_http(const ClientOptions& options, std::string_view registry);

// ---- Publishing ---------------------------------------------------------------------------------------

/// Media types and the shape of the manifest. docs/client.md has the table.
enum class Profile : std::uint8_t {
  kArtifact,  ///< OCI 1.1 artifact: empty config, artifactType; field order of oras.
  kFlux,      ///< As `flux push artifact` (go-containerregistry >= 0.21.6); config of 115 bytes.
  kHelm,      ///< A packaged chart (.tgz), as `helm push`.
  kOcmV1,     ///< As ocm-controller v1's cache: Docker manifest, content gzipped by the client.
  kOcmV2,     ///< As ocm-k8s-toolkit: OCI image without annotations.
};
Result<Profile> parse_profile(std::string_view text);  // "artifact", "flux", "helm", "ocm-v1", "ocm-v2"

inline constexpr std::string_view kDefaultArtifactType = "application/vnd.lamina.content.v1";

struct FileContent {
  std::filesystem::path path;
};
struct DirectoryContent {
  std::filesystem::path path;
  PackOptions pack;  ///< `modes` and `gzip` are the profile's where it prescribes them (kFlux, kOcmV1).
};
/// Read once, so that an upload that breaks cannot be repeated.
struct StreamContent {
  Source* source = nullptr;
  std::optional<std::uint64_t> size;  ///< Checked where given.
};
using Content = std::variant<FileContent, DirectoryContent, StreamContent>;

enum class PublishMode : std::uint8_t {
  kAuto,        ///< One request where the registry is Lamina, the standard sequence elsewhere.
  kStandard,    ///< The standard sequence.
  kOneRequest,  ///< One request; kUnsupported elsewhere.
};

/// An object in a cluster that holds content.
struct Holder {
  std::string cluster;  ///< UID of the cluster's namespace kube-system.
  std::string group;
  std::string kind;
  std::string namespace_name;
  std::string name;
  std::string uid;
};

struct PushOptions {
  Profile profile = Profile::kArtifact;
  PublishMode mode = PublishMode::kAuto;
  std::string media_type;     ///< Of the layer; empty: the profile's.
  std::string artifact_type;  ///< Empty: the profile's (kDefaultArtifactType or none).
  std::string config_media_type;
  std::optional<std::string> config;  ///< Bytes of the config; absent: the profile's.
  Annotations annotations;            ///< Of the manifest. Nothing is added to them but the identity.
  Annotations
      layer_annotations;  ///< kArtifact adds org.opencontainers.image.title for files and directories.
  std::optional<Identity> identity;  ///< Written as annotation kIdentityAnnotation.
  std::optional<Descriptor> subject;
  std::vector<Tag> tags;  ///< Beside the reference's own.

  /// Precondition: every tag of the push names this digest / none exists yet. Atomic in one request; in the
  /// standard sequence checked just before the manifest is written.
  std::optional<Digest> if_match;
  bool if_none_match = false;

  /// Lamina only; kUnsupported elsewhere.
  std::optional<std::chrono::seconds> ttl;
  /// Lamina only. The object that will hold the manifest: until a complete list of such objects was made, the
  /// manifest does not expire. Without a ttl: of an hour.
  std::optional<Holder> owner;
};

/// A published artifact, with every field that a status needs.
struct Published {
  std::string registry;
  RepositoryName repository;
  std::vector<Tag> tags;
  Descriptor manifest;
  Descriptor layer;
  std::optional<Identity> identity;
  std::string url;         ///< Of the layer on Lamina's file face; empty for other registries.
  bool unchanged = false;  ///< Every tag named this manifest already: nothing was written.
  bool one_request = false;
  std::optional<PackStats> packed;  ///< Of a directory.
};

// ---- Reading ------------------------------------------------------------------------------------------

/// A manifest as the registry has it. `bytes` have the digest that `descriptor` states.
struct FetchedManifest {
  Descriptor descriptor;
  std::string bytes;
  Manifest manifest;
};

struct FoundArtifact {
  std::string registry;
  RepositoryName repository;
  Descriptor manifest;
  std::vector<Tag> tags;  ///< Those that name the manifest, as far as the search saw them.
  std::optional<Identity> identity;
  std::optional<Descriptor> layer;
  std::string url;
};

enum class FindMode : std::uint8_t {
  kAuto,     ///< kSearch on Lamina, kDerived elsewhere.
  kDerived,  ///< `identity` is whole; look into the repository that repository_of() names. Any registry.
  kSearch,   ///< `identity` is a part: every artifact that has these entries. Lamina only.
};

struct FindOptions {
  FindMode mode = FindMode::kAuto;
  NamingScheme scheme = NamingScheme::kLamina;  ///< For kDerived.
  std::string tenant;                           ///< For kDerived.
  std::optional<Tag> tag;                       ///< Only artifacts that this tag names.
  std::size_t limit = 1000;                     ///< At most so many results; 0 is no limit.
};

/// Appears under its name only when complete and verified; an existing file is replaced.
struct FileDestination {
  std::filesystem::path path;
};
/// Must not exist or be empty. Appears when complete and verified. Archives are unpacked (tar, tar.gz,
/// tar.zst).
struct DirectoryDestination {
  std::filesystem::path path;
  UnpackOptions unpack;
};
/// Gets bytes as they come: only a successful return says that they were right.
struct StreamDestination {
  Sink* sink = nullptr;
};
using Destination = std::variant<FileDestination, DirectoryDestination, StreamDestination>;

struct PullOptions {
  std::optional<std::uint64_t> max_size;  ///< Of the layer as stored; kTooLarge before the first byte.
  bool decompress = false;       ///< Files and streams: gzip and zstd by their magic, as v1's cache does.
  std::size_t layer = 0;         ///< Which layer, or
  std::string layer_media_type;  ///< the first of this type.
  std::string platform;          ///< `os/arch[/variant]` to choose from an index.
};

struct Pulled {
  Descriptor manifest;  ///< Empty digest and type after pull_blob().
  Descriptor layer;
  Annotations annotations;  ///< Of the manifest.
  std::optional<Identity> identity;
  std::uint64_t bytes_received = 0;  ///< Over the wire, repeats included.
  std::uint64_t bytes_written = 0;   ///< To the file or stream; of files in a directory.
  std::optional<UnpackStats> unpacked;
};

struct Verified {
  Descriptor manifest;
  std::uint64_t manifests = 0;  ///< More than one for an index.
  std::uint64_t blobs = 0;
  std::uint64_t bytes = 0;
};

struct CopyOptions {
  bool referrers = false;  ///< Also everything that refers to what is copied, recursively.
};
struct Copied {
  Descriptor manifest;
  std::uint64_t manifests = 0;  ///< Written; 0 when the destination had all.
  std::uint64_t blobs_copied = 0;
  std::uint64_t blobs_mounted = 0;
  std::uint64_t blobs_present = 0;
  std::uint64_t bytes = 0;
};

/// What a tag names from now on.
struct ChangeEvent {
  std::string registry;
  RepositoryName repository;
  Tag tag;
  std::optional<Digest> digest;  ///< Absent: the tag was removed.
  bool present = false;          ///< Found at the beginning of the watch; else it happened since.
};

/// One entry of a registry's change log.
struct RegistryChange {
  enum class Kind : std::uint8_t { kTagSet, kTagRemoved, kManifestPut, kManifestRemoved };
  Kind kind = Kind::kTagSet;
  RepositoryName repository;
  std::string tag;  ///< Of the tag kinds.
  Digest digest;
};
struct RegistryChanges {
  std::vector<RegistryChange> changes;
  std::string next;  ///< The position after them.
};

struct WatchOptions {
  std::chrono::seconds interval{30};  ///< Between looks at a tag of a registry that is not Lamina.
  std::stop_token stop;               ///< Ends the watch, within about a second.
  // How an identity names a tag: see reference_of().
  NamingScheme scheme = NamingScheme::kLamina;
  std::string tenant;
  std::optional<Tag> tag;
};

struct Deleted {
  std::optional<Digest> digest;  ///< Of the manifest; absent where a registry does not tell for a tag.
};

// ---- Holds (Lamina only): docs/api/holds.md -------------------------------------------------------------

/// A manifest that an object keeps alive.
struct HeldManifest {
  RepositoryName repository;
  Digest digest;
};
/// All that one object holds; empty: nothing any more.
struct HolderHolds {
  std::string namespace_name;
  std::string name;
  std::string uid;
  std::vector<HeldManifest> holds;
};
/// What objects of one kind in one cluster hold from now on.
struct HoldsUpdate {
  std::string cluster;  ///< UID of the namespace kube-system.
  std::string group;
  std::string kind;
  std::uint64_t generation = 0;  ///< kConflict where the registry has seen a greater one.
  bool complete = false;         ///< These are all objects of the kind: others hold nothing.
  std::vector<HolderHolds> holders;
  /// Of a complete update: how long ago its list was begun. Without it the registry knows no more than that
  /// the list is younger than the last one of this generation, and keeps what has an owner so much longer.
  std::optional<std::chrono::seconds> listed_ago{};
};
struct HoldsAnswer {
  std::uint64_t held = 0;             ///< Pairs of object and manifest that are new.
  std::uint64_t released = 0;         ///< Pairs that are no more.
  std::uint64_t in_doubt = 0;         ///< Holders too many to believe that they are gone: none was released.
  std::vector<HeldManifest> missing;  ///< Not stored, so not held.
};

/// Which holders; what is absent is any.
struct HolderFilter {
  std::optional<std::string> cluster;
  std::optional<std::string> group;
  std::optional<std::string> kind;
};
struct ListedHolder {
  Holder holder;
  std::vector<HeldManifest> holds;
};

/// A manifest that will expire unless somebody holds it.
struct Orphan {
  RepositoryName repository;
  Digest digest;
  std::vector<std::string> tags;
  std::optional<Holder> owner;
  std::string published;  ///< RFC 3339, as `expires`.
  std::string expires;
};

// ---- The operations -----------------------------------------------------------------------------------

/// A client of any number of registries; keeps connections and tokens. Thread-safe.
///
/// A registry that is named as such is any distribution-spec 1.1 registry; Lamina is recognised by the header
/// `Lamina-Version` of GET /v2/. What arrives is always checked against its digest and size: kMismatch.
/// Errors carry what the server said: kNotFound, kUnauthorized, kDenied, kConflict, kPrecondition, kTooLarge,
/// kOutOfRange, kUnsupported, kUnavailable (also for networks that fail after all retries), kInvalid.
class Client {
 public:
  explicit Client(ClientOptions options = {});
  struct Impl;
  explicit Client(std::unique_ptr<Impl> impl);  ///< For tests: src/client/client_impl.h.
  Client(Client&&) noexcept;
  Client& operator=(Client&&) noexcept;
  ~Client();

  /// Publishes `content` under the reference's tag (no tag, no digest and no options.tags: "latest"; a digest
  /// alone is what the manifest must turn out to have). Never holds the content in memory. Where the content
  /// can be read twice (files; directories when the tag exists) and the tags name the manifest already,
  /// nothing is written. When it returns, blobs, manifest and tags are stored as the registry promises it.
  Result<Published> push(const Reference& target, const Content& content, const PushOptions& options = {});

  /// What a reference names: HEAD, and GET where HEAD tells no digest.
  Result<Descriptor> resolve(const Reference& reference);
  Result<FetchedManifest> manifest(const Reference& reference);

  /// Artifacts by identity; none is an empty list. kUnsupported for a search elsewhere than on Lamina.
  Result<std::vector<FoundArtifact>> find(std::string_view registry, const Identity& identity,
                                          const FindOptions& options = {});

  /// One layer of the artifact. Above 64 MiB files and directories come in four parallel ranges. Transfers
  /// that break go on where they broke. kTooLarge for max_size, kNoSpace where the volume has less space than
  /// the layer needs, both beforehand.
  Result<Pulled> pull(const Reference& reference, const Destination& destination,
                      const PullOptions& options = {});
  /// A blob by its digest, whatever manifest names it; `layer` and `platform` do not count.
  Result<Pulled> pull_blob(const Reference& repository, const Digest& digest, const Destination& destination,
                           const PullOptions& options = {});

  /// A file by its http or https URL, of this digest and, where it is given, size: what `status.artifact` of
  /// Flux names. No credentials are sent; `layer` and `platform` do not count.
  Result<Pulled> pull_url(std::string_view url, const Digest& digest, std::optional<std::uint64_t> size,
                          const Destination& destination, const PullOptions& options = {});

  /// Reads manifest, config and layers (of an index: all children) and checks every digest and size; stores
  /// nothing. kMismatch names what is wrong.
  Result<Verified> verify(const Reference& reference);

  /// With a tag and no digest: the tag alone. With a digest: the manifest and with it all its tags.
  Result<Deleted> remove(const Reference& reference);

  /// Bytes of manifests are kept as they are. An index is copied with its children. Where `to` has neither
  /// tag nor digest, it gets the tag of `from`.
  Result<Copied> copy(const Reference& from, const Reference& to, const CopyOptions& options = {});

  /// In the order of the registry; `limit` 0 is no limit (one million names at most are read).
  Result<std::vector<Tag>> tags(const Reference& repository, std::size_t limit = 0);
  Result<std::vector<RepositoryName>> repositories(std::string_view registry, std::size_t limit = 0);
  /// Of the manifest that `subject` names; where the registry has no referrers API, by the tag schema.
  Result<std::vector<Descriptor>> referrers(const Reference& subject, std::string_view artifact_type = {});

  /// Records what objects hold. Durable on return. kConflict for a generation that is too small.
  Result<HoldsAnswer> set_holds(std::string_view registry, const HoldsUpdate& update);
  Result<std::vector<ListedHolder>> holds(std::string_view registry, const HolderFilter& filter = {});
  /// Who holds the manifest that a reference names.
  Result<std::vector<Holder>> holders(const Reference& manifest);
  /// Makes the objects of one cluster those of another; returns how many.
  Result<std::uint64_t> adopt_holds(std::string_view registry, std::string_view from, std::string_view to);
  /// Ends all holds of a cluster, or of a kind in it; returns how many. `filter.cluster` must be set.
  Result<std::uint64_t> release_holds(std::string_view registry, const HolderFilter& filter);
  Result<std::vector<Orphan>> orphans(std::string_view registry);

  /// Delivers what a tag names, first that of now, then each other digest; of a reference without tag and
  /// digest: of all tags of the repository. Lamina tells each change, and none out of order for a tag; of
  /// other registries a tag alone is looked at from time to time. Goes on after broken connections, restarts
  /// of the registry and the loss of its change log, when it tells what differs from the last it told; a
  /// digest is never told twice in a row. A tag that does not exist is waited for. Returns when the callback
  /// returns false; with kCancelled when ClientOptions::cancelled or `options.stop` say so; with any other
  /// error that waiting does not cure, kUnavailable only where the registry was not to be reached at first.
  Result<void> watch(const Reference& reference, const WatchOptions& options,
                     const std::function<bool(const ChangeEvent&)>& callback);
  /// The same for the tag that an identity names.
  Result<void> watch(std::string_view registry, const Identity& identity, const WatchOptions& options,
                     const std::function<bool(const ChangeEvent&)>& callback);

  /// The changes of all of Lamina's repositories after the position `since`, of docs/api/changes.md; waits
  /// for the first of them up to `wait`. Without `since`: no change, and the present position. kOutOfRange
  /// where the log does not go back to it, or is another one: look at everything anew. Not repeated on
  /// failure.
  Result<RegistryChanges> changes(std::string_view registry, const std::string& since,
                                  std::chrono::seconds wait, std::stop_token stop = {});

  /// The value of `Lamina-Version`, empty for other registries. kUnavailable where nothing answers.
  Result<std::string> server_version(std::string_view registry);

 private:
  std::unique_ptr<Impl> impl_;
};

/// The reference of an identity: `registry/<repository_of(...)>:tag`. Without `tag`: the value of
/// chartVersion, else resource-version, else component-version, with `+` as `_`; else "latest".
Result<Reference> reference_of(std::string_view registry, const Identity& identity,
                               NamingScheme scheme = NamingScheme::kLamina, std::string_view tenant = {},
                               const std::optional<Tag>& tag = std::nullopt);

}  // namespace lamina
