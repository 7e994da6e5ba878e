// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "client/testing/client_fixture.h"
#include "cluster/cluster_impl.h"
#include "kube/testing/fake_api.h"

namespace lamina::cluster::testing {

/// A cluster, with the kinds that hold references and some producers of group `demo.example`, beside a client
/// and its registry, which is Lamina.
class ClusterTest : public client::testing::ClientTest {
 protected:
  ClusterTest();

  Cluster& cluster() { return cluster_; }
  kube::testing::FakeApi& api() { return *api_; }
  /// A kind of demo.example whose objects may have a status of any form.
  static kube::ResourceType producer_type();

  /// Puts {apiVersion, kind, metadata: {name, namespace: team, uid}, rest}; `rest` are further members, with
  /// a comma before the first.
  kube::Object put(const kube::ResourceType& type, const std::string& name, const std::string& rest = "",
                   const std::string& metadata = "");
  /// The member `metadata.ownerReferences` for put().
  static std::string owned_by(const kube::Object& owner);
  oci::Json stored(const kube::ResourceType& type, const std::string& name) const;

  /// The cluster's kube-system.
  static constexpr const char* kUid = "cluster-uid";

 private:
  kube::testing::FakeApi* api_;
  Cluster cluster_;
};

}  // namespace lamina::cluster::testing
