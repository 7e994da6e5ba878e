// SPDX-License-Identifier: Apache-2.0
#include "registry/errors.h"

#include <gmock/gmock.h>

#include <set>

#include "oci/error_document.h"

namespace lamina::registry {
namespace {

struct Case {
  Code code;
  About about;
  unsigned status;
  std::string_view id;
};

// What docs/api/README.md promises, in the order of Code. The first row of a code is what it answers about
// nothing in particular.
constexpr Case kCases[] = {
    {Code::kInvalid, About::kNothing, 400, "UNSUPPORTED"},
    {Code::kInvalid, About::kDigest, 400, "DIGEST_INVALID"},
    {Code::kInvalid, About::kManifest, 400, "MANIFEST_INVALID"},
    {Code::kInvalid, About::kRepository, 400, "NAME_INVALID"},
    {Code::kInvalid, About::kTag, 400, "MANIFEST_INVALID"},
    {Code::kInvalid, About::kSize, 400, "SIZE_INVALID"},
    {Code::kInvalid, About::kUpload, 400, "BLOB_UPLOAD_INVALID"},
    {Code::kNotFound, About::kNothing, 404, "UNSUPPORTED"},
    {Code::kNotFound, About::kBlob, 404, "BLOB_UNKNOWN"},
    {Code::kNotFound, About::kManifest, 404, "MANIFEST_UNKNOWN"},
    {Code::kNotFound, About::kTag, 404, "MANIFEST_UNKNOWN"},
    {Code::kNotFound, About::kManifestBlob, 404, "MANIFEST_BLOB_UNKNOWN"},
    {Code::kNotFound, About::kUpload, 404, "BLOB_UPLOAD_UNKNOWN"},
    {Code::kNotFound, About::kRepository, 404, "NAME_UNKNOWN"},
    {Code::kConflict, About::kNothing, 409, "DENIED"},
    {Code::kConflict, About::kUpload, 409, "BLOB_UPLOAD_INVALID"},
    {Code::kPrecondition, About::kNothing, 412, "DENIED"},
    {Code::kPrecondition, About::kTag, 412, "DENIED"},
    {Code::kUnauthorized, About::kNothing, 401, "UNAUTHORIZED"},
    {Code::kDenied, About::kNothing, 403, "DENIED"},
    {Code::kTooLarge, About::kNothing, 413, "SIZE_INVALID"},
    {Code::kTooLarge, About::kManifest, 413, "MANIFEST_INVALID"},
    {Code::kOutOfRange, About::kNothing, 416, "BLOB_UPLOAD_INVALID"},
    {Code::kOutOfRange, About::kRange, 416, "BLOB_UPLOAD_INVALID"},
    {Code::kOutOfRange, About::kChanges, 410, "UNSUPPORTED"},
    {Code::kUnsupported, About::kNothing, 405, "UNSUPPORTED"},
    {Code::kUnsupported, About::kBlob, 405, "UNSUPPORTED"},
    {Code::kUnsupported, About::kManifest, 415, "MANIFEST_INVALID"},
    {Code::kUnsupported, About::kDigest, 400, "DIGEST_INVALID"},
    {Code::kMismatch, About::kNothing, 400, "DIGEST_INVALID"},
    {Code::kMismatch, About::kDigest, 400, "DIGEST_INVALID"},
    {Code::kMismatch, About::kSize, 400, "SIZE_INVALID"},
    {Code::kCorrupt, About::kNothing, 500, "MANIFEST_UNKNOWN"},
    {Code::kCorrupt, About::kBlob, 500, "BLOB_UNKNOWN"},
    {Code::kNoSpace, About::kNothing, 507, "DENIED"},
    {Code::kUnavailable, About::kNothing, 503, "TOOMANYREQUESTS"},
    {Code::kUnavailable, About::kBlob, 503, "TOOMANYREQUESTS"},
    {Code::kCancelled, About::kNothing, 400, "SIZE_INVALID"},
    {Code::kInternal, About::kNothing, 500, "UNSUPPORTED"},
};

const std::set<std::string_view> kIdsOfTheSpec{
    "BLOB_UNKNOWN",          "BLOB_UPLOAD_INVALID", "BLOB_UPLOAD_UNKNOWN", "DIGEST_INVALID",
    "MANIFEST_BLOB_UNKNOWN", "MANIFEST_INVALID",    "MANIFEST_UNKNOWN",    "NAME_INVALID",
    "NAME_UNKNOWN",          "SIZE_INVALID",        "UNAUTHORIZED",        "DENIED",
    "UNSUPPORTED",           "TOOMANYREQUESTS"};

TEST(Errors, EachPairHasItsAnswer) {
  for (const Case& c : kCases) {
    const ErrorAnswer answer = answer_for(c.code, c.about);
    EXPECT_EQ(answer.status, c.status) << to_string(c.code) << ' ' << static_cast<int>(c.about);
    EXPECT_EQ(answer.id, c.id) << to_string(c.code) << ' ' << static_cast<int>(c.about);
  }
}

TEST(Errors, EveryCodeIsCoveredAndNoPairComesTwice) {
  std::set<Code> codes;
  std::set<std::pair<Code, About>> pairs;
  for (const Case& c : kCases) {
    codes.insert(c.code);
    EXPECT_TRUE(pairs.emplace(c.code, c.about).second)
        << to_string(c.code) << ' ' << static_cast<int>(c.about);
  }
  EXPECT_EQ(codes.size(), static_cast<std::size_t>(Code::kInternal) + 1);
}

TEST(Errors, EveryCombinationGivesAnErrorOfTheSpec) {
  for (int code = 0; code <= static_cast<int>(Code::kInternal); ++code) {
    for (int about = 0; about <= static_cast<int>(About::kManifestBlob); ++about) {
      const ErrorAnswer answer = answer_for(static_cast<Code>(code), static_cast<About>(about));
      EXPECT_TRUE(kIdsOfTheSpec.contains(answer.id)) << answer.id;
      EXPECT_GE(answer.status, 400u);
      EXPECT_LT(answer.status, 600u);
    }
  }
}

TEST(Errors, TheDocumentCarriesTheMessage) {
  const http::Response response = error_response({Code::kNotFound, About::kBlob, "no \"such\" blob"});
  EXPECT_EQ(response.status, 404u);
  EXPECT_EQ(response.headers.find("Content-Type"), "application/json");
  EXPECT_EQ(oci::parse_error_document(response.body), (oci::ErrorEntry{"BLOB_UNKNOWN", "no \"such\" blob"}));
}

TEST(Errors, TheCauseOfAnInternalFailureStaysInside) {
  const http::Response response = error_response({Code::kInternal, About::kNothing, "/var/lib/lamina: EIO"});
  EXPECT_EQ(response.status, 500u);
  EXPECT_THAT(response.body, testing::Not(testing::HasSubstr("/var/lib")));
}

TEST(Errors, WhoeverIsToComeAgainIsToldWhen) {
  EXPECT_TRUE(error_response({Code::kUnavailable, About::kNothing, ""}).headers.find("Retry-After"));
  EXPECT_FALSE(error_response({Code::kInternal, About::kNothing, ""}).headers.find("Retry-After"));
}

TEST(Errors, WhatTheProtocolRefusesIsADocumentToo) {
  for (const unsigned status : {400u, 408u, 414u, 417u, 431u, 501u, 503u, 505u}) {
    const http::Response response = protocol_error(status, "why");
    EXPECT_EQ(response.status, status);
    const auto entry = oci::parse_error_document(response.body);
    ASSERT_TRUE(entry) << status;
    EXPECT_TRUE(kIdsOfTheSpec.contains(entry->code)) << entry->code;
    EXPECT_EQ(entry->message, "why");
  }
}

}  // namespace
}  // namespace lamina::registry
