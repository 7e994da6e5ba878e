// SPDX-License-Identifier: Apache-2.0
// The client of the Kubernetes API against a real API server:
//   kube_check --certificate KUBECONFIG --token KUBECONFIG --limited KUBECONFIG --account KUBECONFIG
// Each kubeconfig is of another user: an administrator by client certificate, one by token, one without
// rights, a service account without rights. Works in the namespace kube-check, and makes and removes a CRD.
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "kube/api.h"
#include "kube/config.h"
#include "oci/json.h"

namespace {

using namespace lamina;
using namespace lamina::kube;

const ResourceType kNamespace{
    .group = "", .version = "v1", .plural = "namespaces", .kind = "Namespace", .namespaced = false};
const ResourceType kConfigMap{.group = "", .version = "v1", .plural = "configmaps", .kind = "ConfigMap"};
const ResourceType kCrd{.group = "apiextensions.k8s.io",
                        .version = "v1",
                        .plural = "customresourcedefinitions",
                        .kind = "CustomResourceDefinition",
                        .namespaced = false};
const ResourceType kWidget{
    .group = "check.lamina.dev", .version = "v1", .plural = "widgets", .kind = "Widget"};
const std::string kSpace = "kube-check";

constexpr std::string_view kWidgetCrd = R"({
  "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
  "metadata": {"name": "widgets.check.lamina.dev"},
  "spec": {
    "group": "check.lamina.dev", "scope": "Namespaced",
    "names": {"plural": "widgets", "singular": "widget", "kind": "Widget", "shortNames": ["wdg"]},
    "versions": [{
      "name": "v1", "served": true, "storage": true, "subresources": {"status": {}},
      "schema": {"openAPIV3Schema": {"type": "object", "properties": {
        "spec": {"type": "object", "properties": {
          "size": {"type": "integer", "minimum": 1}, "color": {"type": "string"}, "text": {"type": "string"}}},
        "status": {"type": "object", "properties": {"phase": {"type": "string"}}}}}}}]}})";

int passed = 0;
int failed = 0;

void check(bool holds, std::string_view what, const std::string& found = {}) {
  ++(holds ? passed : failed);
  if (!holds)
    std::printf("FAILED %.*s%s%s\n", static_cast<int>(what.size()), what.data(), found.empty() ? "" : ": ",
                found.c_str());
}

template <class T>
void check_works(const Result<T>& result, std::string_view what) {
  check(result.has_value(), what, result ? std::string() : result.error().message);
}

/// The code, and a part of the message.
template <class T>
void check_fails(const Result<T>& result, Code code, std::string_view part, std::string_view what) {
  if (result) return check(false, what, "it succeeded");
  const Error& error = result.error();
  check(error.code == code && error.message.contains(part), what,
        std::string(to_string(error.code)) + ": " + error.message);
}

std::string config_map(const std::string& name, const std::string& more = {}) {
  return R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":")" + name +
         R"(","labels":{"set":"a"}})" + more + "}";
}

std::string widget(const std::string& name, const std::string& spec, const std::string& more = {}) {
  return R"({"apiVersion":"check.lamina.dev/v1","kind":"Widget","metadata":{"name":")" + name +
         R"("},"spec":)" + spec + more + "}";
}

/// Until `holds`, for half a minute at most.
bool eventually(const std::function<bool()>& holds) {
  for (int i = 0; i < 300; ++i) {
    if (holds()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  return false;
}

class Check {
 public:
  explicit Check(std::map<std::string, std::string> kubeconfigs) : kubeconfigs_(std::move(kubeconfigs)) {}

  void run() {
    api_ = connect("certificate");
    if (api_ == nullptr) return;
    check_works(api_->create(kNamespace, {},
                             R"({"apiVersion":"v1","kind":"Namespace","metadata":{"name":"kube-check"}})"),
                "create a namespace");
    verbs();
    lists();
    watches();
    custom_types();
    applies();
    large_objects();
    users();
    plugins();
    check_works(api_->remove(kCrd, {{}, "widgets.check.lamina.dev"}), "remove the CRD");
    check_works(api_->remove(kNamespace, {{}, kSpace}), "remove the namespace");
  }

 private:
  std::unique_ptr<Api> open(const std::string& user, Result<Config> config) {
    check_works(config, "load the kubeconfig of " + user);
    return config ? make_api(*std::move(config), clock_, "kube-check") : nullptr;
  }
  std::unique_ptr<Api> connect(const std::string& user) {
    return open(user, load_config({.kubeconfig = kubeconfigs_.at(user), .context = {}}));
  }

  void verbs() {
    const ObjectKey key{kSpace, "one"};
    check_fails(api_->get(kConfigMap, key), Code::kNotFound, "\"one\" not found", "get what is not there");
    const auto made = api_->create(kConfigMap, kSpace, config_map("one"));
    check_works(made, "create");
    if (!made) return;
    check(!made->uid.empty() && made->key == key && !made->json.contains("managedFields"), "what was created",
          made->json);
    const auto again = api_->create(kConfigMap, kSpace, config_map("one"));
    check_fails(again, Code::kConflict, "already exists", "create again");
    check(!again && again.error().detail == std::vector<std::string>{"AlreadyExists"},
          "the reason of a refusal");
    check_fails(api_->create(kConfigMap, kSpace, config_map("strict", R"(,"dat":{})")), Code::kInvalid,
                "unknown field", "create with an unknown field");
    check_fails(api_->create(kConfigMap, kSpace, config_map("Bad_Name")), Code::kInvalid, "Bad_Name",
                "create with a bad name");

    std::string changed = made->json;
    changed.insert(changed.size() - 1, R"(,"data":{"a":"1"})");
    const auto updated = api_->update(kConfigMap, key, changed);
    check_works(updated, "update");
    check_fails(api_->update(kConfigMap, key, changed), Code::kConflict, "has been modified",
                "update of an old version");
    const auto dry =
        api_->patch(kConfigMap, key, PatchType::kMerge, R"({"data":{"a":"2"}})", {.dry_run = true});
    check(dry && dry->json.contains(R"("a":"2")"), "dry run");
    const auto merged =
        api_->patch(kConfigMap, key, PatchType::kMerge, R"({"data":{"b":"2"}})", {.metadata_only = true});
    check(merged && merged->json.contains("PartialObjectMetadata") && !merged->json.contains("\"data\""),
          "merge patch, answered by metadata", merged ? merged->json : merged.error().message);
    const auto patched =
        api_->patch(kConfigMap, key, PatchType::kJson,
                    R"([{"op":"test","path":"/data/a","value":"1"},{"op":"remove","path":"/data/b"}])");
    check(patched && patched->json.contains(R"("data":{"a":"1"})"), "JSON patch",
          patched ? patched->json : patched.error().message);
    check_fails(
        api_->patch(kConfigMap, key, PatchType::kJson, R"([{"op":"test","path":"/data/a","value":"9"}])"),
        Code::kInvalid, "", "JSON patch whose test fails");
    check_fails(api_->remove(kConfigMap, key, {.uid = "00000000-0000-0000-0000-000000000000"}),
                Code::kConflict, "UID", "remove another object of that name");
    check_fails(api_->remove(kConfigMap, key, {.resource_version = "1"}), Code::kConflict, "ResourceVersion",
                "remove another version");
    check_works(api_->remove(kConfigMap, key, {.propagation = Propagation::kForeground, .uid = made->uid}),
                "remove");
    check(eventually([&] { return !api_->get(kConfigMap, key); }), "what was removed is gone");
    check_fails(api_->remove(kConfigMap, key), Code::kNotFound, "", "remove again");
  }

  void lists() {
    for (const char* name : {"l1", "l2", "l3", "l4", "l5"})
      check_works(api_->create(kConfigMap, kSpace, config_map(name)), "create many");
    const ListOptions options{
        .namespace_name = kSpace, .label_selector = "set=a", .field_selector = {}, .limit = 2};
    std::vector<std::string> names;
    std::string next;
    int pages = 0;
    do {
      const auto page = api_->list(kConfigMap, options, next);
      check_works(page, "list a page");
      if (!page) return;
      ++pages;
      for (const Object& object : page->items) names.push_back(object.key.name);
      check(std::ranges::all_of(
                page->items,
                [](const Object& object) { return object.json.contains(R"("kind":"ConfigMap")"); }),
            "items say what they are");
      next = page->next;
    } while (!next.empty());
    check(pages == 3 && names == std::vector<std::string>{"l1", "l2", "l3", "l4", "l5"}, "list by pages");
    const auto one = api_->list(kConfigMap, {.field_selector = "metadata.name=l3"}, {});
    check(one && one->items.size() == 1 && !one->resource_version.empty(), "list by field in all namespaces");
    check_fails(api_->list(kConfigMap, {.label_selector = "a b c"}, {}), Code::kInvalid, "",
                "list with a bad selector");
    check_fails(api_->list(kConfigMap, options, "nonsense"), Code::kInvalid, "", "list on from nowhere");
  }

  void watches() {
    const auto page = api_->list(kConfigMap, {.namespace_name = kSpace}, {});
    if (!page) return check_works(page, "list before a watch");
    std::vector<std::string> types;
    std::stop_source stop;
    const auto on_line = [&](std::string_view line) -> Result<void> {
      const auto event = oci::parse_json(line);
      if (!event) return std::unexpected(event.error());
      types.push_back(*event->find("type")->as<std::string>());
      if (types.size() == 1) check_works(api_->remove(kConfigMap, {kSpace, "w1"}), "remove during a watch");
      if (types.size() == 2) stop.request_stop();
      return {};
    };
    check_works(api_->create(kConfigMap, kSpace, config_map("w1")), "create before a watch");
    const auto watched =
        api_->watch(kConfigMap, {.namespace_name = kSpace, .resource_version = page->resource_version},
                    on_line, stop.get_token());
    check_fails(watched, Code::kCancelled, "", "stop a watch");
    check(types == std::vector<std::string>{"ADDED", "DELETED"}, "what a watch tells");

    std::string last;
    const auto initial = api_->watch(kConfigMap, {.namespace_name = kSpace, .initial_events = true},
                                     [&](std::string_view line) -> Result<void> {
                                       last = line;
                                       return line.contains("initial-events-end")
                                                  ? Result<void>(fail(Code::kPrecondition, "enough"))
                                                  : Result<void>();
                                     },
                                     {});
    check_fails(initial, Code::kPrecondition, "enough", "end a watch by an error: " + last);
    std::size_t lines = 0;
    const auto count = [&](std::string_view) -> Result<void> {
      ++lines;
      return {};
    };
    check_works(api_->watch(kConfigMap,
                            {.namespace_name = kSpace,
                             .resource_version = page->resource_version,
                             .timeout = std::chrono::seconds(1)},
                            count, {}),
                "a watch that the server ends");
    check(lines >= 2, "a watch from a version on");
    std::string told;
    const auto old = api_->watch(
        kConfigMap, {.namespace_name = kSpace, .resource_version = "1", .timeout = std::chrono::seconds(1)},
        [&](std::string_view line) -> Result<void> {
          told = line;
          return {};
        },
        {});
    check((!old && old.error().code == Code::kOutOfRange) || told.contains("410") ||
              (old && !told.contains("ERROR")),
          "a watch from a version long gone", old ? told : old.error().message);
  }

  void custom_types() {
    check_fails(api_->resolve_type("wdg"), Code::kNotFound, "wdg", "a type that is not there");
    check_fails(api_->get(kWidget, {kSpace, "w"}), Code::kNotFound, "", "get of a type that is not there");
    check_works(api_->create(kCrd, {}, kWidgetCrd), "create a CRD");
    check(eventually([&] { return api_->resolve_type("wdg") == kWidget; }), "a type that has just come");
    for (const char* name :
         {"Widget", "widgets", "widget", "WDG", "widgets.check.lamina.dev", "Widget.v1.check.lamina.dev"}) {
      const auto type = api_->resolve_type(name);
      check(type == kWidget, "resolve " + std::string(name),
            type ? type->api_version() : type.error().message);
    }
    for (const auto& [name, plural] :
         {std::pair{"cm", "configmaps"}, {"deploy", "deployments"}, {"Events", "events"}}) {
      const auto type = api_->resolve_type(name);
      check(type && type->plural == plural, "resolve " + std::string(name),
            type ? type->plural : type.error().message);
    }
    // A watch of a type that has just come is refused by 429 for about a second.
    check(eventually([&] {
            const auto watched =
                api_->watch(kWidget, {.namespace_name = kSpace, .timeout = std::chrono::seconds(1)},
                            [](std::string_view) { return Result<void>(); }, {});
            if (!watched && watched.error().code != Code::kUnavailable)
              check_works(watched, "watch a new type");
            return watched.has_value();
          }),
          "watch a new type");
  }

  void applies() {
    const ObjectKey key{kSpace, "w"};
    const WriteOptions a{.field_manager = "a"}, b{.field_manager = "b"};
    check_fails(api_->patch(kWidget, key, PatchType::kApply, widget("w", "{}")), Code::kInvalid,
                "field manager", "apply by nobody");
    const auto applied =
        api_->patch(kWidget, key, PatchType::kApply, widget("w", R"({"size":1,"color":"red"})"), a);
    check_works(applied, "apply what is not there");
    if (!applied) return;
    const auto same =
        api_->patch(kWidget, key, PatchType::kApply, widget("w", R"({"size":1,"color":"red"})"), a);
    check(same && same->resource_version == applied->resource_version, "apply of the same changes nothing");
    const std::string other = widget("w", R"({"color":"blue"})");
    check_fails(api_->patch(kWidget, key, PatchType::kApply, other, b), Code::kConflict, ".spec.color",
                "apply of another's field");
    const auto forced =
        api_->patch(kWidget, key, PatchType::kApply, other, {.field_manager = "b", .force = true});
    check(forced && forced->json.contains(R"("color":"blue")") && forced->json.contains(R"("size":1)") &&
              forced->generation == applied->generation + 1,
          "apply by force");
    check_fails(api_->patch(kWidget, key, PatchType::kApply, widget("w", R"({"sise":1})"), a), Code::kInvalid,
                "field not declared in schema", "apply of an unknown field");
    check_fails(api_->patch(kWidget, key, PatchType::kMerge, R"({"spec":{"size":0}})"), Code::kInvalid,
                "spec.size", "a value that the schema forbids");

    WriteOptions status{.subresource = "status", .field_manager = "a", .force = true};
    const auto told = api_->patch(kWidget, key, PatchType::kApply,
                                  widget("w", "{}", R"(,"status":{"phase":"Good"})"), status);
    check(told && told->json.contains(R"("phase":"Good")") && told->json.contains(R"("color":"blue")") &&
              told->generation == forced->generation,
          "apply of a status", told ? told->json : told.error().message);
    const auto kept = api_->patch(kWidget, key, PatchType::kMerge, R"({"status":{"phase":"Bad"}})");
    check(kept && kept->json.contains(R"("phase":"Good")"), "a status is left alone by other writes");
    auto replaced = api_->get(kWidget, key);
    if (!replaced) return check_works(replaced, "get");
    replaced->json.replace(replaced->json.find("Good"), 4, "Fine");
    const auto put = api_->update(kWidget, key, replaced->json, {.subresource = "status"});
    check(put && put->json.contains("Fine"), "update of a status");
    status.metadata_only = true;
    const auto brief = api_->patch(kWidget, key, PatchType::kApply,
                                   widget("w", "{}", R"(,"status":{"phase":"Best"})"), status);
    check(brief && !brief->json.contains("status"), "apply, answered by metadata");
    check_fails(api_->patch(kWidget, {kSpace, "none"}, PatchType::kApply,
                            widget("none", "{}", R"(,"status":{})"), status),
                Code::kNotFound, "", "status of nothing");

    check_works(
        api_->patch(kWidget, key, PatchType::kMerge, R"({"metadata":{"finalizers":["check.lamina.dev/x"]}})"),
        "add a finalizer");
    check_works(api_->remove(kWidget, key), "remove what has a finalizer");
    const auto leaving = api_->get(kWidget, key);
    check(leaving && leaving->deleting, "it is being deleted");
    check_works(api_->patch(kWidget, key, PatchType::kMerge, R"({"metadata":{"finalizers":null}})"),
                "remove the finalizer");
    check_fails(api_->get(kWidget, key), Code::kNotFound, "", "it is gone");
  }

  void large_objects() {
    const std::string text(1400 * 1024, 'x');
    const auto made = api_->create(kWidget, kSpace, widget("large", R"({"text":")" + text + "\"}"));
    check_works(made, "create 1.4 MiB");
    const auto read = api_->get(kWidget, {kSpace, "large"});
    check(read && read->json.contains(text), "get 1.4 MiB");
    check_works(
        api_->patch(kWidget, {kSpace, "large"}, PatchType::kMerge, R"({"spec":{"text":")" + text + "y\"}}"),
        "patch 1.4 MiB");
    const std::string huge(4 * 1024 * 1024, 'x');
    const auto refused = api_->create(kWidget, kSpace, widget("huge", R"({"text":")" + huge + "\"}"));
    check(!refused && (refused.error().code == Code::kTooLarge || refused.error().code == Code::kInvalid),
          "create 4 MiB", refused ? "" : refused.error().message);
  }

  void users() {
    const auto token = connect("token");
    check_works(token->list(kConfigMap, {.namespace_name = kSpace}, {}), "an administrator by token");
    const auto limited = connect("limited");
    check_fails(limited->get(kConfigMap, {kSpace, "l1"}), Code::kDenied, "forbidden",
                "get without the right");
    check_fails(limited->create(kConfigMap, kSpace, config_map("no")), Code::kDenied, "forbidden",
                "create without the right");
    check_works(limited->resolve_type("wdg"), "discovery needs no right");
    const auto account = connect("account");
    check_fails(account->list(kConfigMap, {.namespace_name = kSpace}, {}), Code::kDenied,
                "system:serviceaccount:", "a service account");

    auto config = load_config({.kubeconfig = kubeconfigs_.at("token"), .context = {}});
    if (!config) return check_works(config, "load");
    Config stranger = *config;
    stranger.token = "stranger";
    check_fails(open("a stranger", stranger)->get(kConfigMap, {kSpace, "l1"}), Code::kUnauthorized, "",
                "a token that is none");
    Config other = *config;
    other.impersonate_user = "eve";
    other.impersonate_groups = {"system:authenticated"};
    check_fails(open("eve", other)->get(kConfigMap, {kSpace, "l1"}), Code::kDenied, "\"eve\"",
                "impersonation");
    Config named = *config;
    named.tls_server_name = "kubernetes.default.svc";
    const auto by_name = open("another name", named)->get(kConfigMap, {kSpace, "l1"});
    check(by_name || by_name.error().message.contains("kubernetes.default.svc"), "another name for TLS",
          by_name ? "" : by_name.error().message);
    named.tls_server_name = "wrong.example";
    check_fails(open("a wrong name", named)->get(kConfigMap, {kSpace, "l1"}), Code::kUnauthorized,
                "wrong.example", "a wrong name for TLS");
    Config trusting = *config;
    trusting.ca.clear();
    check_fails(open("without CA", trusting)->get(kConfigMap, {kSpace, "l1"}), Code::kUnauthorized, "",
                "an authority that is not known");
    trusting.insecure_skip_tls_verify = true;
    check_works(open("without TLS verification", trusting)->get(kConfigMap, {kSpace, "l1"}),
                "insecure-skip-tls-verify");
  }

  /// A plug-in that gives a wrong token first: the client is to run it again after 401.
  void plugins() {
    const auto token = load_config({.kubeconfig = kubeconfigs_.at("token"), .context = {}});
    const auto certificate = load_config({.kubeconfig = kubeconfigs_.at("certificate"), .context = {}});
    if (!token || !certificate) return check(false, "load");
    const auto folder = std::filesystem::temp_directory_path() / ("kube-check-" + std::to_string(getpid()));
    std::filesystem::create_directory(folder);
    std::ofstream(folder / "plugin")
        << "#!/bin/sh\n"
           "echo run >> \"$LOG\"\n"
           "token=$GOOD; [ $(wc -l < \"$LOG\") = 1 ] && token=wrong\n"
           "echo '{\"apiVersion\":\"client.authentication.k8s.io/v1\",\"kind\":\"ExecCredential\","
           "\"status\":{\"token\":\"'$token'\"}}'\n";
    std::filesystem::permissions(folder / "plugin", std::filesystem::perms::owner_all);
    Config config = *token;
    config.token.clear();
    config.exec = ExecPlugin{.command = folder / "plugin",
                             .arguments = {},
                             .environment = {{"LOG", folder / "log"}, {"GOOD", token->token}},
                             .api_version = "client.authentication.k8s.io/v1"};
    const auto api = open("a plug-in", config);
    for (int i = 0; i < 3; ++i) check_works(api->get(kConfigMap, {kSpace, "l1"}), "a plug-in's token");
    check(std::filesystem::file_size(folder / "log") == 2 * 4, "a plug-in runs once, and again after 401");
    std::filesystem::remove_all(folder);
  }

  const std::map<std::string, std::string> kubeconfigs_;
  const SystemClock clock_;
  std::unique_ptr<Api> api_;
};

}  // namespace

int main(int count, char** arguments) {
  std::map<std::string, std::string> kubeconfigs;
  for (int i = 1; i + 1 < count; i += 2) kubeconfigs[std::string(arguments[i]).substr(2)] = arguments[i + 1];
  for (const char* user : {"certificate", "token", "limited", "account"}) {
    if (kubeconfigs.contains(user)) continue;
    std::fprintf(stderr, "kube_check: expected --%s KUBECONFIG\n", user);
    return 2;
  }
  Check(std::move(kubeconfigs)).run();
  std::printf("%d passed, %d failed\n", passed, failed);
  return failed == 0 ? 0 : 1;
}
