// SPDX-License-Identifier: Apache-2.0
#include "store/store.h"

#include "store/keys.h"

namespace lamina::store {
namespace {

/// Of the keys and values in docs/format/records.md.
constexpr std::string_view kFormatVersion = "1";

}  // namespace

Result<void> Store::prepare() {
  LAMINA_TRY(commit_with(context_, [&]() -> Result<meta::Batch> {
    LAMINA_ASSIGN(const auto version, context_.meta.get(meta::Table::kSystem, keys::kFormat));
    meta::Batch batch;
    if (version) {
      if (*version == kFormatVersion) return batch;
      return fail(Code::kUnsupported, "the records have format version " + *version +
                                          ", this lamina reads version " + std::string(kFormatVersion) +
                                          "; start a newer lamina on this folder");
    }
    require_absent(batch, meta::Table::kSystem, std::string(keys::kFormat));
    set_record(batch, meta::Table::kSystem, std::string(keys::kFormat), std::string(kFormatVersion));
    set_record(batch, meta::Table::kSystem, std::string(keys::kEpoch), context_.random.hex128());
    return batch;
  }));
  return {};
}

}  // namespace lamina::store
