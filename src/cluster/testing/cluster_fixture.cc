// SPDX-License-Identifier: Apache-2.0
#include "cluster/testing/cluster_fixture.h"

#include <utility>

#include "cluster/kinds.h"

namespace lamina::cluster::testing {
namespace {

const kube::ResourceType kNamespaces{
    .group = {}, .version = "v1", .plural = "namespaces", .kind = "Namespace", .namespaced = false};
const kube::ResourceType kConfigMaps{
    .group = {}, .version = "v1", .plural = "configmaps", .kind = "ConfigMap"};

Cluster make_cluster(kube::testing::FakeApi*& api, const UnixTime& now) {
  auto fake = std::make_unique<kube::testing::FakeApi>();
  api = fake.get();
  return Cluster(
      std::make_unique<Cluster::Impl>(std::move(fake), std::make_unique<client::testing::FixedClock>(now)));
}

}  // namespace

ClusterTest::ClusterTest() : cluster_(make_cluster(api_, now)) {
  registry.lamina = true;
  for (const kube::ResourceType& type : owned_types()) api_->add_type(type);
  api_->add_type(kNamespaces);
  api_->add_type(kConfigMaps, {"cm"}, false);
  api_->add_type(producer_type());
  api_->put(kNamespaces,
            std::string(R"({"apiVersion":"v1","kind":"Namespace","metadata":{"name":"kube-system","uid":")") +
                kUid + "\"}}");
}

kube::ResourceType ClusterTest::producer_type() {
  return {.group = "demo.example", .version = "v1", .plural = "builds", .kind = "Build"};
}

kube::Object ClusterTest::put(const kube::ResourceType& type, const std::string& name,
                              const std::string& rest, const std::string& metadata) {
  return api_->put(type, R"({"apiVersion":")" + type.api_version() + R"(","kind":")" + type.kind +
                             R"(","metadata":{"name":")" + name + R"(","namespace":"team")" + metadata + "}" +
                             rest + "}");
}

std::string ClusterTest::owned_by(const kube::Object& owner) {
  return R"(,"ownerReferences":[{"apiVersion":"x/v1","kind":"X","name":"other","uid":"other"},)"
         R"({"apiVersion":"demo.example/v1","kind":"Build","name":")" +
         owner.key.name + R"(","uid":")" + owner.uid + "\"}]";
}

oci::Json ClusterTest::stored(const kube::ResourceType& type, const std::string& name) const {
  const auto found = api_->find(type, {"team", name});
  EXPECT_TRUE(found) << type.kind << " " << name;
  return found ? oci::parse_json(found->json).value() : oci::Json();
}

}  // namespace lamina::cluster::testing
