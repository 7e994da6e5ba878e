// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "archive/tar_format.h"

namespace lamina::archive {

/// Makes archives that no packer would.
class TarBuilder {
 public:
  TarBuilder& file(std::string_view name, std::string_view content, std::uint32_t mode = 0644) {
    tar_ += tar_header(name, false, mode, content.size());
    return raw(content).pad();
  }
  TarBuilder& directory(std::string_view name, std::uint32_t mode = 0755) {
    tar_ += tar_header(name, true, mode, 0);
    return *this;
  }
  /// A header with any type, and `content` behind it.
  TarBuilder& entry(char type, std::string_view name, std::string_view content = {}) {
    tar_ += tar_header(name, false, 0644, content.size());
    return set(tar_field::kType, std::string_view(&type, 1)).raw(content).pad();
  }
  /// Overwrites a field of the last header, which has no content yet, and makes its checksum right again.
  TarBuilder& set(TarField field, std::string_view value) {
    const std::size_t header = tar_.size() - kTarBlock;
    tar_.replace(header + field.offset, value.size(), value);
    std::string sum(6, '0');
    std::uint32_t rest = tar_checksum(std::string_view(tar_).substr(header));
    for (auto digit = sum.rbegin(); digit != sum.rend(); ++digit, rest >>= 3) {
      *digit = static_cast<char>('0' + (rest & 7));
    }
    tar_.replace(header + tar_field::kChecksum.offset, sum.size(), sum);
    return *this;
  }
  TarBuilder& raw(std::string_view bytes) {
    tar_ += bytes;
    return *this;
  }
  TarBuilder& pad() {
    tar_.append(tar_padding(tar_.size()), '\0');
    return *this;
  }
  /// With the end mark.
  std::string finish() const { return tar_ + std::string(kTarEnd, '\0'); }
  std::string unfinished() const { return tar_; }

 private:
  std::string tar_;
};

}  // namespace lamina::archive
