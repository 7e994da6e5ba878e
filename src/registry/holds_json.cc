// SPDX-License-Identifier: Apache-2.0
#include "registry/holds_json.h"

#include <algorithm>
#include <functional>
#include <initializer_list>
#include <optional>

namespace lamina::registry {
namespace {

using oci::Json;

std::unexpected<Error> wrong(std::string_view member, std::string_view expected) {
  return fail(Code::kInvalid, "'" + std::string(member) + "': expected " + std::string(expected));
}

struct Member {
  std::string_view name;
  std::function<Result<void>(const Json&)> take;
};

/// Members that are not listed are errors: a mistyped one must not pass for an absent one.
Result<void> take_members(std::string_view what, const Json& value, std::initializer_list<Member> members) {
  const auto* object = value.as<Json::Object>();
  if (object == nullptr) return wrong(what, "an object");
  for (const auto& found : *object) {
    const auto* member = std::ranges::find(members, std::string_view(found.name), &Member::name);
    if (member == members.end()) {
      return fail(Code::kInvalid, "'" + std::string(what) + "' has no member '" + found.name + "'");
    }
    LAMINA_TRY(member->take(found.value));
  }
  return {};
}

auto into(std::string_view name, std::string& target) {
  return [=, &target](const Json& value) -> Result<void> {
    const auto* text = value.as<std::string>();
    if (text == nullptr) return wrong(name, "a string");
    target = *text;
    return {};
  };
}
auto into(std::string_view name, std::optional<std::string>& target) {
  return [=, &target](const Json& value) { return into(name, target.emplace())(value); };
}
auto into(std::string_view name, bool& target) {
  return [=, &target](const Json& value) -> Result<void> {
    const auto* flag = value.as<bool>();
    if (flag == nullptr) return wrong(name, "true or false");
    target = *flag;
    return {};
  };
}

Result<std::uint64_t> number(std::string_view name, const Json& value) {
  const auto* integer = value.as<std::int64_t>();
  if (integer == nullptr || *integer < 0) return wrong(name, "a whole number that is not negative");
  return static_cast<std::uint64_t>(*integer);
}

template <class Take>
Result<void> each(std::string_view name, const Json& value, Take take) {
  const auto* array = value.as<Json::Array>();
  if (array == nullptr) return wrong(name, "an array");
  for (const Json& entry : *array) LAMINA_TRY(take(entry));
  return {};
}

Result<store::HeldManifest> held_of(const Json& value) {
  std::string repository, digest;
  LAMINA_TRY(take_members(
      "holds", value, {{"repository", into("repository", repository)}, {"digest", into("digest", digest)}}));
  LAMINA_ASSIGN(auto name, RepositoryName::parse(repository));
  LAMINA_ASSIGN(const Digest parsed, Digest::parse(digest));
  return store::HeldManifest{std::move(name), parsed};
}

Result<store::HoldsUpdate::Entry> entry_of(const Json& value) {
  store::HoldsUpdate::Entry entry;
  LAMINA_TRY(take_members("holders", value,
                          {{"namespace", into("namespace", entry.namespace_name)},
                           {"name", into("name", entry.name)},
                           {"uid", into("uid", entry.uid)},
                           {"holds", [&](const Json& holds) {
                              return each("holds", holds, [&](const Json& each_hold) -> Result<void> {
                                LAMINA_ASSIGN(auto held, held_of(each_hold));
                                entry.holds.push_back(std::move(held));
                                return {};
                              });
                            }}}));
  // Absent must not be read as empty: that would release all.
  if (value.find("holds") == nullptr) return wrong("holders", "members name and holds");
  return entry;
}

}  // namespace

Result<store::HoldsUpdate> parse_holds_update(std::string_view body) {
  LAMINA_ASSIGN(const Json document, oci::parse_json(body));
  store::HoldsUpdate update;
  LAMINA_TRY(take_members("holds", document,
                          {{"cluster", into("cluster", update.scope.cluster)},
                           {"group", into("group", update.scope.group)},
                           {"kind", into("kind", update.scope.kind)},
                           {"generation",
                            [&](const Json& value) -> Result<void> {
                              LAMINA_ASSIGN(update.generation, number("generation", value));
                              return {};
                            }},
                           {"complete", into("complete", update.complete)},
                           {"listedSecondsAgo",
                            [&](const Json& value) -> Result<void> {
                              constexpr std::uint64_t kDay = 86'400;
                              LAMINA_ASSIGN(const std::uint64_t seconds, number("listedSecondsAgo", value));
                              if (seconds > kDay) return wrong("listedSecondsAgo", "a list of the last day");
                              update.listed_ago = std::chrono::seconds(seconds);
                              return {};
                            }},
                           {"holders", [&](const Json& value) {
                              return each("holders", value, [&](const Json& holder) -> Result<void> {
                                LAMINA_ASSIGN(auto entry, entry_of(holder));
                                update.holders.push_back(std::move(entry));
                                return {};
                              });
                            }}}));
  if (document.find("holders") == nullptr)
    return wrong("holders", "the list of objects, [] if there is none");
  return update;
}

Result<Adoption> parse_adoption(std::string_view body) {
  LAMINA_ASSIGN(const Json document, oci::parse_json(body));
  Adoption adoption;
  LAMINA_TRY(take_members("adopt", document,
                          {{"from", into("from", adoption.from)}, {"to", into("to", adoption.to)}}));
  return adoption;
}

Result<store::HolderFilter> parse_release(std::string_view body) {
  LAMINA_ASSIGN(const Json document, oci::parse_json(body));
  store::HolderFilter filter;
  LAMINA_TRY(take_members("release", document,
                          {{"cluster", into("cluster", filter.cluster)},
                           {"group", into("group", filter.group)},
                           {"kind", into("kind", filter.kind)}}));
  if (!filter.cluster) return wrong("cluster", "the UID of a cluster");
  return filter;
}

Result<store::OwnerRecord> parse_owner(const Json& value) {
  store::OwnerRecord record;
  store::Holder& owner = record.owner;
  LAMINA_TRY(take_members("owner", value,
                          {{"cluster", into("cluster", owner.scope.cluster)},
                           {"group", into("group", owner.scope.group)},
                           {"kind", into("kind", owner.scope.kind)},
                           {"namespace", into("namespace", owner.namespace_name)},
                           {"name", into("name", owner.name)},
                           {"uid", into("uid", record.uid)}}));
  LAMINA_TRY(validate(owner));
  LAMINA_TRY(store::validate_uid(record.uid));
  return record;
}

void write_holder(oci::JsonWriter& json, const store::Holder& holder, std::string_view uid) {
  json.name("cluster").string(holder.scope.cluster);
  json.name("group").string(holder.scope.group);
  json.name("kind").string(holder.scope.kind);
  json.name("namespace").string(holder.namespace_name);
  json.name("name").string(holder.name);
  json.name("uid").string(uid);
}

void write_held(oci::JsonWriter& json, const store::HeldManifest& held) {
  json.begin_object();
  json.name("repository").string(held.repository.str());
  json.name("digest").string(held.digest.to_string());
  json.end_object();
}

}  // namespace lamina::registry
