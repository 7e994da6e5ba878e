// SPDX-License-Identifier: Apache-2.0
// What any program needs, so that the examples beside it are the logic of a controller and nothing else.
#pragma once

#include <lamina/kubernetes.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>
#include <thread>
#include <vector>

namespace example {

/// An empty folder that goes with this object.
struct TemporaryFolder {
  TemporaryFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "example-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::filesystem::filesystem_error(name, std::error_code());
    path = name;
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path); }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  std::filesystem::path path;
};

inline void write_file(const std::filesystem::path& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
}

inline std::string read_file(const std::filesystem::path& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

/// In a fixed order.
inline std::vector<std::filesystem::path> files_below(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder))
    if (entry.is_regular_file()) files.push_back(entry.path());
  std::ranges::sort(files);
  return files;
}

inline void log(const std::string& line) { std::cout << line << std::endl; }

inline void log_error(const lamina::ObjectId* object, const lamina::Error& error) {
  std::cerr << (object != nullptr ? object->object_name().to_string() + ": " : std::string()) << error.message
            << std::endl;
}

/// Runs until SIGINT or SIGTERM, or until it ends by itself. Call before any other thread is there.
inline int run_until_signal(int argc, char** argv,
                            lamina::Result<void> (*run)(int, char**, std::stop_token)) {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::stop_source stop;
  std::thread([signals, stop]() mutable {
    int signal = 0;
    sigwait(&signals, &signal);
    stop.request_stop();
  }).detach();
  const auto ended = run(argc, argv, stop.get_token());
  if (ended || ended.error().code == lamina::Code::kCancelled) return 0;
  std::cerr << ended.error().message << std::endl;
  return 1;
}

}  // namespace example
