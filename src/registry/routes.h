// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "lamina/result.h"

namespace lamina::registry {

/// Every endpoint that is served. A test that has to cover them all goes through kEndpoints.
enum class Endpoint : std::uint8_t {
  kVersion,         ///< GET /v2/
  kBlobGet,         ///< GET, HEAD /v2/<name>/blobs/<digest>
  kBlobDelete,      ///< DELETE /v2/<name>/blobs/<digest>
  kUploadStart,     ///< POST /v2/<name>/blobs/uploads/
  kUploadStatus,    ///< GET /v2/<name>/blobs/uploads/<id>
  kUploadChunk,     ///< PATCH /v2/<name>/blobs/uploads/<id>
  kUploadFinish,    ///< PUT /v2/<name>/blobs/uploads/<id>?digest=
  kUploadCancel,    ///< DELETE /v2/<name>/blobs/uploads/<id>
  kManifestGet,     ///< GET, HEAD /v2/<name>/manifests/<reference>
  kManifestPut,     ///< PUT /v2/<name>/manifests/<reference>
  kManifestDelete,  ///< DELETE /v2/<name>/manifests/<reference>
  kTags,            ///< GET /v2/<name>/tags/list
  kReferrers,       ///< GET /v2/<name>/referrers/<digest>
  kCatalog,         ///< GET /v2/_catalog
  kPublish,         ///< POST /v2/<name>/_lamina/publish
  kSearch,          ///< GET /v2/_lamina/search
  kChanges,         ///< GET /v2/_lamina/changes
  kHoldsSet,        ///< POST /v2/_lamina/holds
  kHoldsList,       ///< GET /v2/_lamina/holds
  kHoldsAdopt,      ///< POST /v2/_lamina/holds/adopt
  kHoldsRelease,    ///< POST /v2/_lamina/holds/release
  kHolders,         ///< GET /v2/<name>/_lamina/holders/<digest>
  kOrphans,         ///< GET /v2/_lamina/orphans
  kFile,            ///< GET, HEAD /files/<name>/<reference>/<file name>
  kLive,            ///< GET /livez
  kReady,           ///< GET /readyz
};

struct EndpointRow {
  Endpoint endpoint;
  std::string_view method;
  std::string_view pattern;  ///< <name> may hold slashes, <last> and <file> are one segment each.
};

inline constexpr std::array kEndpoints{
    EndpointRow{Endpoint::kVersion, "GET", "/v2/"},
    EndpointRow{Endpoint::kCatalog, "GET", "/v2/_catalog"},
    EndpointRow{Endpoint::kSearch, "GET", "/v2/_lamina/search"},
    EndpointRow{Endpoint::kChanges, "GET", "/v2/_lamina/changes"},
    EndpointRow{Endpoint::kHoldsSet, "POST", "/v2/_lamina/holds"},
    EndpointRow{Endpoint::kHoldsList, "GET", "/v2/_lamina/holds"},
    EndpointRow{Endpoint::kHoldsAdopt, "POST", "/v2/_lamina/holds/adopt"},
    EndpointRow{Endpoint::kHoldsRelease, "POST", "/v2/_lamina/holds/release"},
    EndpointRow{Endpoint::kOrphans, "GET", "/v2/_lamina/orphans"},
    EndpointRow{Endpoint::kHolders, "GET", "/v2/<name>/_lamina/holders/<last>"},
    EndpointRow{Endpoint::kPublish, "POST", "/v2/<name>/_lamina/publish"},
    EndpointRow{Endpoint::kTags, "GET", "/v2/<name>/tags/list"},
    EndpointRow{Endpoint::kUploadStart, "POST", "/v2/<name>/blobs/uploads/"},
    EndpointRow{Endpoint::kUploadStatus, "GET", "/v2/<name>/blobs/uploads/<last>"},
    EndpointRow{Endpoint::kUploadChunk, "PATCH", "/v2/<name>/blobs/uploads/<last>"},
    EndpointRow{Endpoint::kUploadFinish, "PUT", "/v2/<name>/blobs/uploads/<last>"},
    EndpointRow{Endpoint::kUploadCancel, "DELETE", "/v2/<name>/blobs/uploads/<last>"},
    EndpointRow{Endpoint::kBlobGet, "GET", "/v2/<name>/blobs/<last>"},
    EndpointRow{Endpoint::kBlobDelete, "DELETE", "/v2/<name>/blobs/<last>"},
    EndpointRow{Endpoint::kManifestGet, "GET", "/v2/<name>/manifests/<last>"},
    EndpointRow{Endpoint::kManifestPut, "PUT", "/v2/<name>/manifests/<last>"},
    EndpointRow{Endpoint::kManifestDelete, "DELETE", "/v2/<name>/manifests/<last>"},
    EndpointRow{Endpoint::kReferrers, "GET", "/v2/<name>/referrers/<last>"},
    EndpointRow{Endpoint::kFile, "GET", "/files/<name>/<last>/<file>"},
    EndpointRow{Endpoint::kLive, "GET", "/livez"},
    EndpointRow{Endpoint::kReady, "GET", "/readyz"},
};

/// What a request asks for. The parts are not checked yet.
struct Route {
  Endpoint endpoint;
  std::string name;  ///< <name>
  std::string last;  ///< <last>
};

/// Finds the endpoint of a decoded path. HEAD is as GET. kNotFound where no pattern fits, kUnsupported where
/// one fits with other methods only.
Result<Route> route(std::string_view method, std::string_view path);

/// The methods that a path takes, but for `refused`, as the header Allow lists them: RFC 9110,
/// section 10.2.1.
std::string allowed_methods(std::string_view path, std::string_view refused);

}  // namespace lamina::registry
