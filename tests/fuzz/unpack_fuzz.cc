// SPDX-License-Identifier: Apache-2.0
// Archives from anybody: unpacking writes below its destination or nowhere, and leaves nothing when it fails.
#include <algorithm>
#include <cstring>
#include <filesystem>
#include <span>
#include <string>

#include "fuzz.h"
#include "lamina/archive.h"

namespace lamina {
namespace {

class MemorySource final : public Source {
 public:
  explicit MemorySource(std::span<const std::byte> bytes) : rest_(bytes) {}
  Result<std::size_t> read(std::span<std::byte> buffer) override {
    const std::size_t count = std::min(buffer.size(), rest_.size());
    std::memcpy(buffer.data(), rest_.data(), count);
    rest_ = rest_.subspan(count);
    return count;
  }

 private:
  std::span<const std::byte> rest_;
};

/// A folder of this process that holds nothing between two inputs.
const std::filesystem::path& working_folder() {
  static const std::filesystem::path folder = [] {
    std::string name = (std::filesystem::temp_directory_path() / "lamina-unpack-fuzz-XXXXXX").string();
    fuzz::require(::mkdtemp(name.data()) != nullptr, "a temporary folder can be made");
    return std::filesystem::path(name);
  }();
  return folder;
}

}  // namespace
}  // namespace lamina

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace lamina;
  const std::filesystem::path destination = working_folder() / "tree";
  MemorySource source(std::as_bytes(std::span(data, size)));
  UnpackOptions options;
  options.links = LinkPolicy::kSkip;
  options.limits = {.max_bytes = 1 << 20, .max_ratio = 100, .ratio_from_bytes = 1 << 16};
  options.max_entries = 100;
  const bool unpacked = unpack(source, destination, options).has_value();
  fuzz::require(std::filesystem::exists(destination) == unpacked, "all or nothing");
  std::filesystem::remove_all(destination);
  fuzz::require(std::filesystem::is_empty(working_folder()), "nothing is written beside the destination");
  return 0;
}
