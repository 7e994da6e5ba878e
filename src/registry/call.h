// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/exchange.h"
#include "http/workers.h"
#include "lamina/reference.h"
#include "registry/registry.h"
#include "registry/routes.h"
#include "store/store.h"

namespace lamina::registry {

/// One request on its way through an endpoint. An endpoint answers by the exchange, or returns an error
/// before it has begun to; then the caller answers with the error.
struct Call {
  http::Exchange& exchange;
  const http::Request& request;
  store::Store& store;
  http::Workers& workers;
  const Options& options;
  Route route;
  std::optional<RepositoryName> name;  ///< Of every endpoint with a <name>.

  const RepositoryName& repository() const { return *name; }
  bool is_head() const { return request.method == "HEAD"; }
  /// May the caller read there? Rights come with authentication; until then everyone may.
  bool readable(const RepositoryName&) const { return true; }
};

using Answer = http::Task<Result<void>>;

// One file a family.
Answer get_version(Call& call);                    // health.cc
Answer get_live(Call& call);                       // health.cc
Answer get_ready(Call& call, bool ready);          // health.cc
Answer get_blob(Call& call);                       // blobs.cc
Answer delete_blob(Call& call);                    // blobs.cc
Answer start_upload(Call& call);                   // uploads.cc
Answer get_upload(Call& call);                     // uploads.cc
Answer append_upload(Call& call);                  // uploads.cc
Answer finish_upload(Call& call);                  // uploads.cc
Answer cancel_upload(Call& call);                  // uploads.cc
Answer get_manifest(Call& call);                   // manifests.cc
Answer put_manifest(Call& call);                   // manifests.cc
Answer delete_manifest(Call& call);                // manifests.cc
Answer get_tags(Call& call);                       // lists.cc
Answer get_catalog(Call& call);                    // lists.cc
Answer get_referrers(Call& call);                  // lists.cc
Answer get_search(Call& call);                     // search.cc
Answer post_holds(Call& call);                     // holds.cc
Answer get_holds(Call& call);                      // holds.cc
Answer get_holders(Call& call);                    // holds.cc
Answer adopt_holds(Call& call);                    // holds.cc
Answer release_holds(Call& call);                  // holds.cc
Answer get_orphans(Call& call);                    // orphans.cc
Answer get_changes(Call& call, Waiters& waiters);  // changes.cc
Answer publish(Call& call);                        // publish.cc
Answer get_file(Call& call);                       // files.cc

/// `n`, or the default page: kInvalid where it is no number; cut to the largest page.
Result<std::size_t> page_size(const Call& call);
/// A Link header value to the same list from `last` on.
std::string next_link(const Call& call, std::size_t n, std::string_view last,
                      const std::vector<std::pair<std::string, std::string>>& more = {});
/// Sends a JSON document.
Answer respond_json(Call& call, std::string body, std::string_view content_type = "application/json",
                    http::Headers headers = {}, unsigned status = 200);
/// "/v2/<repository>/<rest>"
std::string location(const RepositoryName& repository, std::string_view rest);

}  // namespace lamina::registry
