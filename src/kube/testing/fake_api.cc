// SPDX-License-Identifier: Apache-2.0
#include "kube/testing/fake_api.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "kube/testing/apply.h"
#include "kube/testing/json_edit.h"
#include "kube/testing/selector.h"
#include "kube/testing/stored_object.h"

namespace lamina::kube::testing {
namespace {

using oci::Json;

std::string name_of(const ResourceType& type) {
  return type.plural + "." + type.version + (type.group.empty() ? "" : "." + type.group);
}

Result<Json> parse_body(std::string_view json) {
  auto parsed = oci::parse_json(json);
  if (!parsed) return std::unexpected(std::move(parsed).error());
  if (parsed->as<Json::Object>() == nullptr) return fail(Code::kInvalid, "expected an object");
  return parsed;
}

std::unexpected<Error> conflict(const ObjectKey& key, const std::string& why) {
  return std::unexpected(Error{Code::kConflict, About::kNothing, key.to_string() + ": " + why, {"Conflict"}});
}

std::unexpected<Error> no_type(const ResourceType& type) {
  return std::unexpected(
      Error{Code::kNotFound, About::kNothing, "the server has no type " + name_of(type), {"NotFound"}});
}

std::unexpected<Error> missing(const ResourceType& type, const ObjectKey& key) {
  return std::unexpected(Error{Code::kNotFound,
                               About::kNothing,
                               type.plural + " \"" + key.to_string() + "\" not found",
                               {"NotFound"}});
}

}  // namespace

// --- What tests do ---

void FakeApi::add_type(const ResourceType& type, std::vector<std::string> short_names,
                       bool status_subresource) {
  const std::lock_guard lock(mutex_);
  Served& added = types_[name_of(type)];
  added.type = {.type = type, .singular = {}, .short_names = std::move(short_names)};
  added.status_subresource = status_subresource;
}

void FakeApi::remove_type(const ResourceType& type) {
  {
    const std::lock_guard lock(mutex_);
    types_.erase(name_of(type));
  }
  break_watches();
}

Object FakeApi::put(const ResourceType& type, std::string_view text) {
  auto json = parse_body(text);
  if (!json) abort_test(json.error().message);
  const std::lock_guard lock(mutex_);
  Served* in = served(type);
  if (in == nullptr) abort_test("no type " + name_of(type));
  const ObjectKey key = key_of(type, *json, {});
  const auto found = in->objects.find(key);
  Json next =
      found == in->objects.end() ? *json : keep_member(found->second.json, *json, {"metadata", "uid"});
  next = stamped(*in, std::move(next));
  const std::string before = found == in->objects.end() ? std::string() : to_text(found->second.json);
  in->objects[key].json = next;
  publish(*in, key, before.empty() ? "ADDED" : "MODIFIED", before, next);
  return read(next);
}

bool FakeApi::erase(const ResourceType& type, const ObjectKey& key) {
  const std::lock_guard lock(mutex_);
  Served* in = served(type);
  if (in == nullptr || !in->objects.contains(key)) return false;
  drop(*in, key);
  return true;
}

std::size_t FakeApi::collect_garbage() {
  const std::lock_guard lock(mutex_);
  const auto is_live = [&](const std::string& uid) {
    return std::ranges::any_of(types_, [&](const auto& type) {
      return std::ranges::any_of(type.second.objects, [&](const auto& object) {
        return text_at(object.second.json, {"metadata", "uid"}) == uid;
      });
    });
  };
  std::size_t collected = 0;
  for (auto& [name, in] : types_) {
    std::vector<ObjectKey> orphans;
    for (const auto& [key, object] : in.objects) {
      const Json* references = find_at(object.json, {"metadata", "ownerReferences"});
      const auto* owners = references == nullptr ? nullptr : references->as<Json::Array>();
      if (owners == nullptr || owners->empty()) continue;
      if (std::ranges::none_of(*owners, [&](const Json& owner) { return is_live(text_at(owner, {"uid"})); }))
        orphans.push_back(key);
    }
    for (const ObjectKey& key : orphans) drop(in, key);
    collected += orphans.size();
  }
  return collected;
}

std::optional<Object> FakeApi::find(const ResourceType& type, const ObjectKey& key) const {
  const std::lock_guard lock(mutex_);
  const Served* in = served(type);
  if (in == nullptr) return std::nullopt;
  const auto found = in->objects.find(key);
  return found == in->objects.end() ? std::nullopt : std::optional(read(found->second.json));
}

std::vector<Object> FakeApi::all(const ResourceType& type) const {
  const std::lock_guard lock(mutex_);
  std::vector<Object> objects;
  if (const Served* in = served(type)) {
    for (const auto& [key, object] : in->objects) objects.push_back(read(object.json));
  }
  return objects;
}

void FakeApi::on_call(std::function<std::optional<Error>(const Call&)> hook) {
  const std::lock_guard lock(mutex_);
  hook_ = std::move(hook);
}

void FakeApi::break_watches(std::optional<Error> error) {
  const std::lock_guard lock(mutex_);
  ++breaks_;
  break_error_ = std::move(error);
  changed_.notify_all();
}

void FakeApi::inject_line(const ResourceType& type, std::string line) {
  const std::lock_guard lock(mutex_);
  history_.push_back({++version_, name_of(type), {}, {}, {}, std::move(line)});
  changed_.notify_all();
}

void FakeApi::forget_history() {
  const std::lock_guard lock(mutex_);
  history_.clear();
  forgotten_ = ++version_;
}

void FakeApi::support_watch_list(bool supported) {
  const std::lock_guard lock(mutex_);
  watch_list_ = supported;
}

void FakeApi::wait_for_watches(const ResourceType& type, std::size_t count) const {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] {
    const auto found = watches_.find(name_of(type));
    return (found == watches_.end() ? 0 : found->second) == count;
  });
}

std::vector<Call> FakeApi::calls() const {
  const std::lock_guard lock(mutex_);
  return calls_;
}

std::vector<Call> FakeApi::writes() const {
  std::vector<Call> writes = calls();
  std::erase_if(writes, [](const Call& call) { return !call.is_write(); });
  return writes;
}

void FakeApi::forget_calls() {
  const std::lock_guard lock(mutex_);
  calls_.clear();
}

// --- The store ---

std::optional<Error> FakeApi::begin(const Call& call) {
  std::function<std::optional<Error>(const Call&)> hook;
  {
    const std::lock_guard lock(mutex_);
    calls_.push_back(call);
    hook = hook_;
  }
  return hook ? hook(call) : std::nullopt;
}

FakeApi::Served* FakeApi::served(const ResourceType& type) {
  const auto found = types_.find(name_of(type));
  return found == types_.end() ? nullptr : &found->second;
}
const FakeApi::Served* FakeApi::served(const ResourceType& type) const {
  const auto found = types_.find(name_of(type));
  return found == types_.end() ? nullptr : &found->second;
}

Result<FakeApi::Stored*> FakeApi::stored(const ResourceType& type, const ObjectKey& key) {
  Served* in = served(type);
  if (in == nullptr) return no_type(type);
  const auto found = in->objects.find(key);
  if (found == in->objects.end()) return missing(type, key);
  return &found->second;
}

Json FakeApi::stamped(Served& in, Json json) {
  json = with(json, {"apiVersion"}, json_text(in.type.type.api_version()));
  json = with(json, {"kind"}, json_text(in.type.type.kind));
  if (text_at(json, {"metadata", "uid"}).empty()) {
    std::string number = std::to_string(next_uid_++);
    number.insert(0, 12 - std::min<std::size_t>(number.size(), 12), '0');
    json = with(json, {"metadata", "uid"}, json_text("00000000-0000-4000-8000-" + number));
  }
  if (text_at(json, {"metadata", "creationTimestamp"}).empty())
    json = with(json, {"metadata", "creationTimestamp"}, json_text("2026-01-01T00:00:00Z"));
  if (find_at(json, {"metadata", "generation"}) == nullptr)
    json = with(json, {"metadata", "generation"}, json_number(1));
  return with(json, {"metadata", "resourceVersion"}, json_text(std::to_string(++version_)));
}

void FakeApi::publish(const Served& in, const ObjectKey& key, const char* kind, std::string before,
                      const Json& json) {
  history_.push_back({version_, name_of(in.type.type), kind, key, std::move(before), to_text(json)});
  changed_.notify_all();
}

void FakeApi::drop(Served& in, const ObjectKey& key) {
  const auto found = in.objects.find(key);
  const std::string before = to_text(found->second.json);
  const Json last = stamped(in, found->second.json);
  in.objects.erase(found);
  publish(in, key, "DELETED", before, last);
}

Result<Object> FakeApi::insert(Served& in, Json json, const WriteOptions& options,
                               std::vector<Applied> applied) {
  const ObjectKey key = key_of(in.type.type, json, {});
  if (in.status_subresource) json = without(json, {"status"});
  json = without(json, {"metadata", "uid"});
  if (options.dry_run) return answer(json, options);
  json = stamped(in, std::move(json));
  in.objects[key] = {json, std::move(applied)};
  publish(in, key, "ADDED", {}, json);
  return answer(json, options);
}

Result<Object> FakeApi::change(Served& in, const ObjectKey& key, Json next, const WriteOptions& options,
                               std::optional<std::vector<Applied>> applied) {
  Stored& stored = in.objects.at(key);
  const Json& now = stored.json;
  if (const std::string version = version_of(next); !version.empty() && version != version_of(now))
    return conflict(key, "the object has been modified; please apply your changes to the latest version");
  if (const std::string uid = text_at(next, {"metadata", "uid"});
      !uid.empty() && uid != text_at(now, {"metadata", "uid"}))
    return conflict(key, "the uid is that of another object");
  if (options.subresource == "status") {
    next = keep_member(next, now, {"status"});
  } else if (in.status_subresource) {
    next = keep_member(now, next, {"status"});
  }
  for (const char* name :
       {"name", "namespace", "uid", "creationTimestamp", "deletionTimestamp", "generation"}) {
    next = keep_member(now, next, {"metadata", name});
  }
  if (options.dry_run) return answer(next, options);
  if (applied) stored.applied = *std::move(applied);
  if (equal(content_of(now), content_of(next))) return answer(now, options);
  if (!equal(desire_of(now, in.status_subresource), desire_of(next, in.status_subresource))) {
    const Json* generation = find_at(now, {"metadata", "generation"});
    const auto* number = generation == nullptr ? nullptr : generation->as<std::int64_t>();
    next = with(next, {"metadata", "generation"}, json_number(number == nullptr ? 1 : *number + 1));
  }
  const std::string before = to_text(now);
  next = stamped(in, std::move(next));
  stored.json = next;
  if (!text_at(next, {"metadata", "deletionTimestamp"}).empty() && !has_finalizers(next)) {
    drop(in, key);
  } else {
    publish(in, key, "MODIFIED", before, next);
  }
  return answer(next, options);
}

Result<Object> FakeApi::apply(Served& in, const ObjectKey& key, const Json& body,
                              const WriteOptions& options) {
  if (options.field_manager.empty()) return fail(Code::kInvalid, "fieldManager is required for apply");
  Json fields = own_fields(body);
  if (options.subresource == "status") {
    fields = keep_member(fields, Json(), {"status"});
  } else if (in.status_subresource) {
    fields = without(fields, {"status"});
  }
  const Applied mine{options.field_manager, options.subresource, fields};
  const auto found = in.objects.find(key);
  if (found == in.objects.end()) {
    if (!options.subresource.empty()) return missing(in.type.type, key);
    if (!version_of(body).empty()) return conflict(key, "the object to apply to does not exist");
    return insert(in, body, options, {mine});
  }
  auto merged = merge_applied(found->second.json, found->second.applied, mine, options.force);
  if (!merged) return conflict(key, merged.error().message);
  Json next = without(merged->json, {"metadata", "resourceVersion"});
  for (const JsonPath& path : {JsonPath{"metadata", "resourceVersion"}, JsonPath{"metadata", "uid"}}) {
    if (find_at(body, path) != nullptr) next = keep_member(body, next, path);
  }
  return change(in, key, std::move(next), options, std::move(merged->applied));
}

// --- The verbs ---

Result<Object> FakeApi::get(const ResourceType& type, const ObjectKey& key) {
  if (auto error = begin({.verb = Verb::kGet, .type = type, .key = key})) return std::unexpected(*error);
  const std::lock_guard lock(mutex_);
  LAMINA_ASSIGN(const Stored* found, stored(type, key));
  return read(found->json);
}

Result<Page> FakeApi::list(const ResourceType& type, const ListOptions& options, std::string_view next) {
  if (auto error = begin({.verb = Verb::kList, .type = type, .key = {options.namespace_name, {}}}))
    return std::unexpected(*error);
  const std::lock_guard lock(mutex_);
  const Served* in = served(type);
  if (in == nullptr) return no_type(type);
  Page page{.items = {}, .resource_version = std::to_string(version_), .next = {}};
  for (const auto& [key, object] : in->objects) {
    if (!options.namespace_name.empty() && key.namespace_name != options.namespace_name) continue;
    if (!is_selected(object.json, options.label_selector, options.field_selector)) continue;
    if (!next.empty() && key.to_string() <= next) continue;
    if (page.items.size() == options.limit && options.limit > 0) {
      page.next = page.items.back().key.to_string();
      break;
    }
    page.items.push_back(read(object.json));
  }
  return page;
}

Result<void> FakeApi::watch(const ResourceType& type, const WatchOptions& options,
                            const std::function<Result<void>(std::string_view)>& on_line,
                            std::stop_token stop) {
  if (auto error = begin({.verb = Verb::kWatch, .type = type, .key = {options.namespace_name, {}}}))
    return std::unexpected(*error);
  const auto is_wanted = [&](const ObjectKey& key, const std::string& object) {
    if (object.empty()) return false;
    if (!options.namespace_name.empty() && key.namespace_name != options.namespace_name) return false;
    const auto json = oci::parse_json(object);
    return json && is_selected(*json, options.label_selector, options.field_selector);
  };

  std::unique_lock lock(mutex_);
  const Served* in = served(type);
  if (in == nullptr) return no_type(type);
  if (options.initial_events && !watch_list_)
    return fail(Code::kInvalid,
                "sendInitialEvents is forbidden for watch unless the WatchList feature is on");
  std::uint64_t seen = version_;
  std::vector<std::string> lines;
  if (options.resource_version.empty()) {
    for (const auto& [key, object] : in->objects) {
      const std::string text = to_text(object.json);
      if (is_wanted(key, text)) lines.push_back(event_line("ADDED", text));
    }
    if (options.initial_events) lines.push_back(end_of_initial_events(type, version_));
  } else {
    const std::string& version = options.resource_version;
    std::from_chars(version.data(), version.data() + version.size(), seen);
    if (seen < forgotten_)
      return std::unexpected(
          Error{Code::kOutOfRange, About::kNothing, "too old resource version: " + version, {"Expired"}});
  }

  const std::string name = name_of(type);
  const std::uint64_t breaks = breaks_;
  ++watches_[name];
  changed_.notify_all();
  Result<void> result;
  while (true) {
    if (!lines.empty()) {
      lock.unlock();
      for (const std::string& line : std::exchange(lines, {})) {
        if (result) result = on_line(line);
      }
      lock.lock();
      if (!result) break;
    }
    const auto next = [&] { return std::ranges::upper_bound(history_, seen, {}, &Event::version); };
    changed_.wait(lock, stop, [&] { return breaks_ != breaks || next() != history_.end(); });
    if (stop.stop_requested()) {
      result = fail(Code::kCancelled, "the watch was stopped");
      break;
    }
    if (breaks_ != breaks) {
      if (break_error_) result = std::unexpected(*break_error_);
      break;
    }
    for (auto event = next(); event != history_.end(); ++event) {
      seen = event->version;
      if (event->type_name != name) continue;
      const bool was = is_wanted(event->key, event->before), is = is_wanted(event->key, event->line);
      if (event->kind.empty()) {
        lines.push_back(event->line);
      } else if (event->kind == "DELETED") {
        if (was) lines.push_back(event_line("DELETED", event->line));
      } else if (was || is) {
        lines.push_back(event_line(!was ? "ADDED" : is ? "MODIFIED" : "DELETED", event->line));
      }
    }
  }
  --watches_[name];
  changed_.notify_all();
  return result;
}

Result<Object> FakeApi::create(const ResourceType& type, std::string_view namespace_name,
                               std::string_view text, const WriteOptions& options) {
  if (auto error = begin({.verb = Verb::kCreate,
                          .type = type,
                          .key = {std::string(namespace_name), {}},
                          .subresource = options.subresource,
                          .json = std::string(text),
                          .field_manager = options.field_manager}))
    return std::unexpected(*error);
  LAMINA_ASSIGN(Json json, parse_body(text));
  const std::lock_guard lock(mutex_);
  Served* in = served(type);
  if (in == nullptr) return no_type(type);
  if (const std::string prefix = text_at(json, {"metadata", "generateName"});
      !prefix.empty() && text_at(json, {"metadata", "name"}).empty())
    json = with(json, {"metadata", "name"}, json_text(prefix + std::to_string(++version_)));
  const ObjectKey key = key_of(type, json, namespace_name);
  if (key.name.empty()) return fail(Code::kInvalid, "name or generateName is required");
  if (in->objects.contains(key)) {
    return std::unexpected(
        Error{Code::kConflict, About::kNothing, key.to_string() + " already exists", {"AlreadyExists"}});
  }
  if (type.namespaced) json = with(json, {"metadata", "namespace"}, json_text(key.namespace_name));
  return insert(*in, std::move(json), options, {});
}

Result<Object> FakeApi::update(const ResourceType& type, const ObjectKey& key, std::string_view text,
                               const WriteOptions& options) {
  if (auto error =
          begin({Verb::kUpdate, type, key, options.subresource, std::string(text), options.field_manager}))
    return std::unexpected(*error);
  LAMINA_ASSIGN(Json json, parse_body(text));
  const std::lock_guard lock(mutex_);
  LAMINA_TRY(stored(type, key));
  return change(*served(type), key, std::move(json), options, std::nullopt);
}

Result<Object> FakeApi::patch(const ResourceType& type, const ObjectKey& key, PatchType patch_type,
                              std::string_view text, const WriteOptions& options) {
  if (auto error =
          begin({Verb::kPatch, type, key, options.subresource, std::string(text), options.field_manager}))
    return std::unexpected(*error);
  LAMINA_ASSIGN(const Json patch, oci::parse_json(text));
  const std::lock_guard lock(mutex_);
  Served* in = served(type);
  if (in == nullptr) return no_type(type);
  if (patch_type == PatchType::kApply) {
    Json body = with(patch, {"metadata", "name"}, json_text(key.name));
    if (type.namespaced) body = with(body, {"metadata", "namespace"}, json_text(key.namespace_name));
    return apply(*in, key, body, options);
  }
  LAMINA_ASSIGN(const Stored* found, stored(type, key));
  if (patch_type == PatchType::kMerge) {
    return change(*in, key, merge_patch(found->json, patch), options, std::nullopt);
  }
  LAMINA_ASSIGN(Json next, json_patch(found->json, patch));
  return change(*in, key, std::move(next), options, std::nullopt);
}

Result<void> FakeApi::remove(const ResourceType& type, const ObjectKey& key, const DeleteOptions& options) {
  if (auto error = begin({.verb = Verb::kRemove, .type = type, .key = key})) return std::unexpected(*error);
  const std::lock_guard lock(mutex_);
  LAMINA_ASSIGN(Stored * found, stored(type, key));
  const Json& json = found->json;
  if (!options.uid.empty() && options.uid != text_at(json, {"metadata", "uid"}))
    return conflict(key, "the UID in the precondition does not match");
  if (!options.resource_version.empty() && options.resource_version != version_of(json))
    return conflict(key, "the ResourceVersion in the precondition does not match");
  Served& in = *served(type);
  if (!has_finalizers(json)) {
    drop(in, key);
  } else if (text_at(json, {"metadata", "deletionTimestamp"}).empty()) {
    const std::string before = to_text(json);
    found->json =
        stamped(in, with(json, {"metadata", "deletionTimestamp"}, json_text("2026-01-01T00:00:00Z")));
    publish(in, key, "MODIFIED", before, found->json);
  }
  return {};
}

Result<ResourceType> FakeApi::resolve_type(std::string_view name) {
  if (auto error = begin({.verb = Verb::kResolve, .json = std::string(name)})) return std::unexpected(*error);
  const std::lock_guard lock(mutex_);
  std::vector<DiscoveredType> types;
  types.reserve(types_.size());
  for (const auto& [_, in] : types_) types.push_back(in.type);
  return match_type(types, name);
}

}  // namespace lamina::kube::testing
