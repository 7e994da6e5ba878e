// SPDX-License-Identifier: Apache-2.0
#include "client/testing/client_fixture.h"

#include <cstdlib>
#include <fstream>
#include <iterator>

namespace lamina::client::testing {

ClientTest::ClientTest() {
  client_options.credentials = std::make_shared<NoCredentials>();
  std::string pattern = (std::filesystem::temp_directory_path() / "lamina-client-XXXXXX").string();
  folder_ = ::mkdtemp(pattern.data());
}

ClientTest::~ClientTest() { std::filesystem::remove_all(folder_); }

std::unique_ptr<Client::Impl> ClientTest::impl() {
  auto transport = std::make_unique<FakeTransport>([this](const Sent& request) {
    log_.push_back(request);
    if (intercept) {
      if (auto answer = intercept(request)) return *std::move(answer);
    }
    return registry(request);
  });
  Pacing pacing{.sleep = [this](std::chrono::milliseconds time) { pauses.push_back(time); },
                .random = [] { return 0.0; }};
  return std::make_unique<Client::Impl>(client_options, std::move(transport), std::move(pacing),
                                        std::make_unique<FixedClock>(now));
}

Client& ClientTest::client() {
  if (!client_) client_ = std::make_unique<Client>(impl());
  return *client_;
}

std::vector<Sent> ClientTest::sent() const { return log_; }

std::vector<std::string> ClientTest::lines() const {
  std::vector<std::string> lines;
  for (const Sent& request : log_) lines.push_back(request.line());
  return lines;
}

std::filesystem::path ClientTest::write_file(const std::string& name, const std::string& bytes) {
  const std::filesystem::path path = folder_ / name;
  std::filesystem::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << bytes;
  return path;
}

std::string ClientTest::read_file(const std::filesystem::path& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

std::vector<std::string> ClientTest::names() const {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder_))
    names.push_back(entry.path().filename().string());
  return names;
}

}  // namespace lamina::client::testing
