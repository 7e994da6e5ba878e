// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "client/client_impl.h"
#include "client/testing/fake_registry.h"

namespace lamina::client::testing {

class FixedClock final : public Clock {
 public:
  explicit FixedClock(const UnixTime& time) : time_(time) {}
  UnixTime now() const override { return time_; }

 private:
  const UnixTime& time_;
};

class NoCredentials final : public CredentialsProvider {
 public:
  Result<std::optional<Credentials>> find(std::string_view, std::string_view) override {
    return std::nullopt;
  }
};

/// A client, a registry in memory that it talks to, and a folder.
class ClientTest : public ::testing::Test {
 protected:
  ClientTest();
  ~ClientTest() override;

  Client& client();
  /// The parts of one more client of the same registry.
  std::unique_ptr<Client::Impl> impl();
  std::vector<Sent> sent() const;
  std::vector<std::string> lines() const;

  const std::filesystem::path& folder() const { return folder_; }
  /// Writes a file below the folder and returns its path.
  std::filesystem::path write_file(const std::string& name, const std::string& bytes);
  static std::string read_file(const std::filesystem::path& path);
  /// Names in the folder, hidden ones included.
  std::vector<std::string> names() const;
  static Reference ref(const std::string& text) { return Reference::parse("127.0.0.1:5000/" + text).value(); }

  FakeRegistry registry;
  /// Asked before the registry; may answer in its place.
  std::function<std::optional<Answer>(const Sent&)> intercept;
  ClientOptions client_options;
  std::vector<std::chrono::milliseconds> pauses;
  UnixTime now{std::chrono::seconds{1'000'000}};

 private:
  std::filesystem::path folder_;
  std::vector<Sent> log_;
  std::unique_ptr<Client> client_;
};

}  // namespace lamina::client::testing
