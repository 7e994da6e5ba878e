// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "store/audit.h"
#include "store/blobs.h"
#include "store/changes.h"
#include "store/context.h"
#include "store/holds.h"
#include "store/listing.h"
#include "store/manifests.h"
#include "store/uploads.h"

namespace lamina::store {

/// Records and bytes as one: what the registry serves. Owns the invariants of docs/format/README.md.
/// Thread-safe. `meta`, `blobs`, `clock` and `random` outlive it.
class Store {
 public:
  Store(meta::MetaStore& meta, blob::BlobStore& blob_store, const Clock& clock, Random& random,
        Options options = {})
      : records_(meta, signal_), context_{records_, blob_store, clock, random, std::move(options)} {}
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  /// Checks the format version in the records, or writes it into empty ones, with a new epoch. kUnsupported
  /// where they are of a newer format. Durable on return.
  Result<void> prepare();

  /// See audit.h.
  Result<std::vector<Finding>> audit() { return store::audit(context_); }

  Uploads& uploads() { return uploads_; }
  Blobs& blobs() { return blobs_; }
  Manifests& manifests() { return manifests_; }
  Listing& listing() { return listing_; }
  Holds& holds() { return holds_; }
  Changes& changes() { return changes_; }

 private:
  ChangeSignal signal_;
  AnnouncingMetaStore records_;
  Context context_;
  Blobs blobs_{context_};
  Uploads uploads_{context_, blobs_};
  Manifests manifests_{context_, blobs_};
  Listing listing_{context_};
  Holds holds_{context_};
  Changes changes_{context_, signal_};
};

}  // namespace lamina::store
