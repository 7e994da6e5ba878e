// SPDX-License-Identifier: Apache-2.0
// Names that clients and users send: whatever is accepted comes back the same from its own text.
#include "fuzz.h"
#include "lamina/digest.h"
#include "lamina/reference.h"

namespace lamina {
namespace {

using fuzz::require;

void check_digest(std::string_view text) {
  const auto digest = Digest::parse(text);
  if (digest) require(digest->to_string() == text, "a digest has one spelling");
}

void check_tag_or_digest(std::string_view text) {
  const auto target = parse_tag_or_digest(text);
  if (target) require(to_string(*target) == text, "a tag or digest has one spelling");
}

void check_repository(std::string_view text) {
  const auto repository = RepositoryName::parse(text);
  if (!repository) return;
  require(text.size() <= RepositoryName::kMaxLength, "a repository name has at most 255 bytes");
  require(text.find("..") == std::string_view::npos && !text.starts_with('/'), "no way out of a folder");
}

void check_reference(std::string_view text) {
  const auto reference = Reference::parse(text);
  if (!reference) return;
  const auto again = Reference::parse(reference->to_string());
  require(again.has_value(), "a reference's own text is one");
  require(again->registry == reference->registry && again->repository == reference->repository &&
              again->tag == reference->tag && again->digest == reference->digest,
          "a reference survives its own text");
}

}  // namespace
}  // namespace lamina

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = lamina::fuzz::text_of(data, size);
  lamina::check_digest(text);
  lamina::check_tag_or_digest(text);
  lamina::check_repository(text);
  lamina::check_reference(text);
  return 0;
}
