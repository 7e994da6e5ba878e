// SPDX-License-Identifier: Apache-2.0
#include "oci/file_name.h"

#include <cstddef>
#include <string_view>

namespace lamina::oci {
namespace {

constexpr std::string_view kTitle = "org.opencontainers.image.title";
constexpr std::size_t kLongestFileName = 255;

bool is_file_name(std::string_view text) {
  if (text.empty() || text.size() > kLongestFileName || text == "." || text == "..") return false;
  for (const char c : text) {
    if (c == '/' || c == '\\' || static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return false;
  }
  return true;
}

}  // namespace

std::string file_name(const Descriptor& layer) {
  const auto title = layer.annotations.find(kTitle);
  if (title != layer.annotations.end() && is_file_name(title->second)) return title->second;
  const std::string_view type = layer.media_type;
  if (type.starts_with("application/vnd.cncf.helm.chart.content")) return "chart.tgz";
  if (type.ends_with("tar+gzip") || type.ends_with("tar.gzip")) return "layer.tar.gz";
  if (type.ends_with("tar+zstd")) return "layer.tar.zst";
  if (type.ends_with("tar")) return "layer.tar";
  if (type.ends_with("json")) return "layer.json";
  return "layer";
}

}  // namespace lamina::oci
