// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "kube/api.h"
#include "kube/testing/json_edit.h"
#include "oci/json.h"

/// What a server looks at in an object that it stores, and how it shows it.
namespace lamina::kube::testing {

[[noreturn]] void abort_test(const std::string& message);

std::string version_of(const oci::Json& json);
/// The namespace is the object's, or else `namespace_name`.
ObjectKey key_of(const ResourceType& type, const oci::Json& json, std::string_view namespace_name);
bool has_finalizers(const oci::Json& json);
/// `to` with what `from` has at `path`, or has not.
oci::Json keep_member(const oci::Json& from, const oci::Json& to, const JsonPath& path);
/// What is compared to see whether a write changes anything.
oci::Json content_of(const oci::Json& json);
/// What is compared to see whether the generation grows.
oci::Json desire_of(const oci::Json& json, bool status_subresource);

Object read(const oci::Json& json);
/// The answer to a write.
Object answer(const oci::Json& json, const WriteOptions& options);

/// A line of a watch.
std::string event_line(std::string_view kind, std::string_view object);
/// The bookmark after the initial events of a watch.
std::string end_of_initial_events(const ResourceType& type, std::uint64_t version);

}  // namespace lamina::kube::testing
