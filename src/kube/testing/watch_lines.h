// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

/// Lines as the API server writes them into a watch.
namespace lamina::kube::testing {

inline std::string object_text(const std::string& name, const std::string& version,
                               const std::string& uid = "u") {
  return R"({"metadata":{"name":")" + name + R"(","uid":")" + uid + R"(","resourceVersion":")" + version +
         R"("}})";
}

inline std::string event_line(const std::string& type, const std::string& object) {
  return R"({"type":")" + type + R"(","object":)" + object + "}";
}

inline std::string bookmark_line(const std::string& version) {
  return event_line("BOOKMARK",
                    R"({"kind":"ConfigMap","metadata":{"resourceVersion":")" + version + R"("}})");
}

inline std::string initial_events_end_line(const std::string& version) {
  return event_line("BOOKMARK", R"({"metadata":{"resourceVersion":")" + version +
                                    R"(","annotations":{"k8s.io/initial-events-end":"true"}}})");
}

inline std::string error_line(int code, const std::string& reason) {
  return event_line("ERROR", R"({"kind":"Status","message":"no","reason":")" + reason + R"(","code":)" +
                                 std::to_string(code) + R"(,"details":{"retryAfterSeconds":)" +
                                 (code == 429 ? "3" : "0") + "}}");
}

}  // namespace lamina::kube::testing
