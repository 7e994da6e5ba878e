// SPDX-License-Identifier: Apache-2.0
#include "cluster/status_writer.h"

#include <utility>

#include "cluster/cluster_impl.h"
#include "cluster/json_read.h"
#include "cluster/kinds.h"
#include "cluster/references.h"
#include "cluster/resource.h"
#include "kube/time.h"

namespace lamina::cluster {
namespace {

/// Server-side apply of a field that the schema lacks is answered with 500 and this text, no reason beside
/// it.
bool is_schema_refusal(const Error& error) {
  return error.message.find("field not declared in schema") != std::string::npos;
}

class StatusWriter {
 public:
  StatusWriter(kube::Api& api, const kube::ResourceType& type, const kube::Object& producer,
               const Published& artifact, const PublishOptions& options)
      : api_(api),
        type_(type),
        producer_(producer),
        artifact_(artifact),
        options_(options),
        id_(id_of(type, producer)) {}

  Result<bool> write_oci_artifact() { return apply(status_oci_artifact_json(id_, artifact_)); }

  Result<bool> write_artifact(UnixTime now) {
    if (artifact_.url.empty()) {
      return fail(Code::kUnsupported, "status.artifact needs a URL, and " + artifact_.registry +
                                          " offers none: it is not Lamina, or has no --advertise-url");
    }
    // The time is that of the content: what is unchanged keeps it.
    LAMINA_ASSIGN(const oci::Json live, oci::parse_json(producer_.json));
    if (text_at(live, "status.artifact.digest") == artifact_.layer.digest.to_string()) {
      now = kube::parse_time(text_at(live, "status.artifact.lastUpdateTime")).value_or(now);
    }
    return apply(status_artifact_json(id_, artifact_, options_, now));
  }

  Error no_place(StatusForm form) const {
    const std::string lacks = form == StatusForm::kOciArtifact ? "no status.ociArtifact"
                              : form == StatusForm::kArtifact
                                  ? "no status.artifact"
                                  : "neither status.ociArtifact nor status.artifact";
    return {Code::kUnsupported, About::kNothing,
            describe(id_) + " can hold no reference: the schema of its kind has " + lacks +
                ", or no subresource status; publish with an OCIArtifact instead"};
  }

 private:
  Result<bool> apply(const std::string& json) {
    if (says_the_same(producer_.json, json)) return false;
    LAMINA_TRY(api_.patch(type_, producer_.key, kube::PatchType::kApply, json,
                          {.subresource = "status",
                           .field_manager = options_.field_manager,
                           .force = options_.force,
                           .metadata_only = true}));
    return true;
  }

  kube::Api& api_;
  const kube::ResourceType& type_;
  const kube::Object& producer_;
  const Published& artifact_;
  const PublishOptions& options_;
  const ObjectId id_;
};

}  // namespace

Result<void> check_holds_references(const kube::ResourceType& type) {
  const bool own = type == oci_artifact_type() || type == snapshot_type() || type == artifact_type();
  if (!own) return {};
  return fail(Code::kInvalid, "the status of " + type.kind +
                                  " is its controller's to write; publish the "
                                  "artifact as an OCIArtifact instead");
}

bool says_the_same(const std::string& live, const std::string& wanted) {
  const auto whole = oci::parse_json(live);
  const auto part = oci::parse_json(wanted);
  return whole && part && contains(*whole, *part);
}

Result<bool> write_reference(kube::Api& api, const kube::ResourceType& type, const kube::Object& producer,
                             const Published& artifact, const PublishOptions& options, StatusForm form,
                             UnixTime now) {
  StatusWriter writer(api, type, producer, artifact, options);
  // The object is there: what is not found is its subresource.
  const auto has_no_place = [](const Result<bool>& written) {
    return !written && (is_schema_refusal(written.error()) || written.error().code == Code::kNotFound);
  };
  if (form != StatusForm::kArtifact) {
    auto written = writer.write_oci_artifact();
    if (!has_no_place(written)) return written;
    if (form == StatusForm::kOciArtifact) return std::unexpected(writer.no_place(form));
  }
  auto written = writer.write_artifact(now);
  if (has_no_place(written)) return std::unexpected(writer.no_place(form));
  return written;
}

}  // namespace lamina::cluster
