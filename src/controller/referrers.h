// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "controller/key_set.h"
#include "controller/kind.h"
#include "controller/referred.h"
#include "controller/rereading.h"

namespace lamina::controller {

/// Objects of another controller that refer to content: Artifacts of openfluxcd, and the kinds whose status
/// holds content. The content is held, and verified where the object says enough of it. Nothing is written to
/// the objects: what is wrong is told by events.
class Referrers final : public Kind {
 public:
  using Read = std::function<Referred(const kube::Object&, const Settings&)>;

  /// `read` is one of referred.h. `context` outlives it.
  Referrers(const Context& context, kube::ResourceType type, Read read)
      : context_(context), type_(std::move(type)), read_(std::move(read)), started_(context.clock.now()) {}

  const kube::ResourceType& type() const override { return type_; }
  kube::InformerOptions informer_options() const override;
  bool needs_look(const kube::Object& before, const kube::Object& now) const override;
  std::optional<std::vector<HeldManifest>> held_by(const kube::Object& object) const override;
  void distrust(const kube::ObjectKey& key) override { rereading_.distrust(key); }
  Outcome reconcile(const kube::ObjectKey& key, const kube::Object* object,
                    const std::stop_token& stop) override;

 private:
  std::optional<Trouble> examine(const kube::Object& object, const Referred& referred) const;
  std::vector<HeldManifest> allowed(const kube::Object& object, const Referred& referred) const;
  Outcome report(const kube::Object& object, const std::optional<Trouble>& trouble);

  const Context& context_;
  const kube::ResourceType type_;
  const Read read_;
  const UnixTime started_;
  Rereading rereading_;
  KeySet failing_;  ///< An event has told so.
};

}  // namespace lamina::controller
