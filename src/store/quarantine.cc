// SPDX-License-Identifier: Apache-2.0
#include "store/quarantine.h"

#include "store/keys.h"
#include "store/records.h"

namespace lamina::store {

Error quarantine(Context& context, const Digest& digest, const blob::BlobId& id, std::string_view what) {
  const auto marked = commit_with(context, [&]() -> Result<meta::Batch> {
    const std::string key = keys::blob(digest);
    LAMINA_ASSIGN(const auto stored, context.meta.get(meta::Table::kBlobs, key));
    meta::Batch batch;
    if (!stored) return batch;
    LAMINA_ASSIGN(BlobRecord record, decode<BlobRecord>(*stored));
    if (record.quarantined || record.id != id) return batch;
    record.quarantined = true;
    require_unchanged(batch, meta::Table::kBlobs, key, stored);
    set_record(batch, meta::Table::kBlobs, key, encode(record));
    return batch;
  });
  std::string message = "blob " + digest.to_string() + ": " + std::string(what) +
                        " differ from what was pushed; it is quarantined until it is pushed again";
  if (!marked) message += " (the mark could not be written: " + marked.error().message + ")";
  return {Code::kCorrupt, About::kBlob, std::move(message), {std::string(kQuarantined)}};
}

}  // namespace lamina::store
