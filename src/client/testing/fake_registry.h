// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <set>
#include <string>

#include "http/testing/fake_transport.h"
#include "lamina/digest.h"

namespace lamina::client::testing {

using http::testing::Answer;
using http::testing::FakeTransport;
using http::testing::Sent;

/// Enough of a registry in memory to answer a client: uploads, manifests, tags, ranges, referrers, and
/// Lamina's publish where `lamina` is set. A handler for FakeTransport.
struct FakeRegistry {
  bool lamina = false;
  std::string advertise_url;
  bool ranges = true;
  bool referrers_api = true;
  bool can_mount = true;

  struct Stored {
    std::string media_type;
    std::string bytes;
  };
  std::map<std::string, std::string> blobs;    ///< "repository@digest"
  std::map<std::string, Stored> manifests;     ///< "repository@digest"
  std::map<std::string, std::string> tags;     ///< "repository:tag" -> digest
  std::map<std::string, std::string> uploads;  ///< Location path -> bytes
  std::string published_json;                  ///< Part 1 of the last publish.
  std::string published_layer;                 ///< Part 2.
  unsigned next_upload = 0;

  Answer operator()(const Sent& request);
  void put_blob(const std::string& repository, const std::string& bytes) {
    blobs[repository + "@" + Digest::of(bytes).to_string()] = bytes;
  }
  Digest put_manifest(const std::string& repository, const std::string& tag, const std::string& media_type,
                      const std::string& bytes);

 private:
  Answer manifest(const Sent& request, const std::string& repository, const std::string& reference);
  Answer blob(const Sent& request, const std::string& repository, const std::string& digest);
  Answer upload(const Sent& request, const std::string& repository, const std::string& path,
                const std::string& query);
  Answer publish(const Sent& request, const std::string& repository);
};

}  // namespace lamina::client::testing
