// SPDX-License-Identifier: Apache-2.0
#include "registry/registry.h"

#include "registry/call.h"
#include "registry/errors.h"

namespace lamina::registry {
namespace {

Answer dispatch(Call& call, bool ready, Waiters& waiters) {
  switch (call.route.endpoint) {
    case Endpoint::kVersion: return get_version(call);
    case Endpoint::kBlobGet: return get_blob(call);
    case Endpoint::kBlobDelete: return delete_blob(call);
    case Endpoint::kUploadStart: return start_upload(call);
    case Endpoint::kUploadStatus: return get_upload(call);
    case Endpoint::kUploadChunk: return append_upload(call);
    case Endpoint::kUploadFinish: return finish_upload(call);
    case Endpoint::kUploadCancel: return cancel_upload(call);
    case Endpoint::kManifestGet: return get_manifest(call);
    case Endpoint::kManifestPut: return put_manifest(call);
    case Endpoint::kManifestDelete: return delete_manifest(call);
    case Endpoint::kTags: return get_tags(call);
    case Endpoint::kReferrers: return get_referrers(call);
    case Endpoint::kCatalog: return get_catalog(call);
    case Endpoint::kPublish: return publish(call);
    case Endpoint::kSearch: return get_search(call);
    case Endpoint::kChanges: return get_changes(call, waiters);
    case Endpoint::kHoldsSet: return post_holds(call);
    case Endpoint::kHoldsList: return get_holds(call);
    case Endpoint::kHoldsAdopt: return adopt_holds(call);
    case Endpoint::kHoldsRelease: return release_holds(call);
    case Endpoint::kHolders: return get_holders(call);
    case Endpoint::kOrphans: return get_orphans(call);
    case Endpoint::kFile: return get_file(call);
    case Endpoint::kLive: return get_live(call);
    case Endpoint::kReady: return get_ready(call, ready);
  }
  std::unreachable();
}

}  // namespace

void Registry::stop_waiting() {
  waiters_.stop();
  store_.changes().wake_all();
}

http::Task<void> Registry::serve(http::Exchange& exchange) {
  const http::Request& request = exchange.request();
  const auto refuse = [&](const Error& error) {
    const ErrorAnswer answer = answer_for(error.code, error.about);
    if (answer.status >= 500) options_.log_failure(request, error);
    http::Response response = error_response(error);
    if (answer.status == 405) response.headers.add("Allow", allowed_methods(request.path, request.method));
    return exchange.respond(std::move(response));
  };
  auto found = route(request.method, request.path);
  if (!found) {
    co_await refuse(found.error());
    co_return;
  }
  Call call{exchange, request, store_, workers_, options_, *std::move(found), std::nullopt};
  if (!call.route.name.empty()) {
    auto name = RepositoryName::parse(call.route.name);
    if (!name) {
      co_await refuse(name.error());
      co_return;
    }
    call.name = *std::move(name);
  }
  const auto answered = co_await dispatch(call, ready_, waiters_);
  if (!answered) co_await refuse(answered.error());
}

}  // namespace lamina::registry
