// SPDX-License-Identifier: Apache-2.0
#include "cmd/holder_rights.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <map>
#include <set>

namespace lamina::cmd {

kube::ResourceType guessed_type(const controller::HolderKind& kind) {
  std::string plural;
  for (const char c : kind.kind) plural += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return {.group = kind.group, .version = {}, .plural = plural + "s", .kind = kind.kind};
}

std::string holder_rights(const std::vector<kube::ResourceType>& types) {
  std::map<std::string, std::set<std::string>> plurals;  // By group.
  for (const kube::ResourceType& type : types) plurals[type.group].insert(type.plural);
  std::string rules;
  for (const auto& [group, names] : plurals) {
    rules += fmt::format("  - apiGroups: [{}]\n    resources: [{}]\n    verbs: [get, list, watch]\n", group,
                         fmt::join(names, ", "));
  }
  return "apiVersion: rbac.authorization.k8s.io/v1\n"
         "kind: ClusterRole\n"
         "metadata:\n"
         "  name: lamina-holders\n"
         "  labels: {app.kubernetes.io/name: lamina}\n"
         "rules:\n" +
         rules +
         "---\n"
         "apiVersion: rbac.authorization.k8s.io/v1\n"
         "kind: ClusterRoleBinding\n"
         "metadata:\n"
         "  name: lamina-holders\n"
         "  labels: {app.kubernetes.io/name: lamina}\n"
         "roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: lamina-holders}\n"
         "subjects:\n"
         "  - {kind: ServiceAccount, name: lamina, namespace: lamina-system}\n";
}

}  // namespace lamina::cmd
