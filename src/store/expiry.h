// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <set>
#include <string>

#include "store/context.h"
#include "store/records.h"

// When a manifest with an expiry may go: not while it is held, and one that names an owner not before a
// complete list of the owner's kind, which began after the expiry, left it out.
namespace lamina::store {

/// Adds to `batch` that the manifest is to be looked at when it expires.
void note_expiry(meta::Batch& batch, const RepositoryName& repository, const Digest& digest, UnixTime expires,
                 const std::optional<OwnerRecord>& owner);

/// The key in kHeld of a hold on the manifest, if there is one.
Result<std::optional<std::string>> find_hold(Context& context, const RepositoryName& repository,
                                             const Digest& digest);

/// Whether the owner that the manifest names, if any, lets it expire.
Result<bool> owner_lets_go(Context& context, const RepositoryName& repository, const Digest& digest,
                           UnixTime expires);

/// Adds to `batch` what follows for a manifest from a hold that the same batch takes away: what is managed
/// expires after the grace, what is condemned is to be looked at now. `holders` are the keys of the objects
/// that had these holds.
Result<void> note_release(Context& context, meta::Batch& batch, const HeldManifest& released,
                          const std::set<std::string>& holders);

/// Adds to `batch` that some thousand of the objects that hold the manifest do so no more.
Result<void> drop_holds(Context& context, meta::Batch& batch, const HeldManifest& held);

}  // namespace lamina::store
