// SPDX-License-Identifier: Apache-2.0
#include "client/helper_process.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <utility>

#include "base/file_descriptor.h"
#include "oci/quote.h"

namespace lamina::client {
namespace {

/// A helper answers with one small document; whatever says more is none.
constexpr std::size_t kMaxAnswer = 1024 * 1024;

struct Pipe {
  FileDescriptor read;
  FileDescriptor write;
};

Result<Pipe> make_pipe() {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0)
    return fail(Code::kInternal, std::string("pipe: ") + std::strerror(errno));
  return Pipe{FileDescriptor(ends[0]), FileDescriptor(ends[1])};
}

}  // namespace

Result<std::optional<std::string>> run_credential_helper(const std::string& program,
                                                         const std::string& server) {
  LAMINA_ASSIGN(Pipe input, make_pipe());
  LAMINA_ASSIGN(Pipe output, make_pipe());

  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, input.read.get(), STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, output.write.get(), STDOUT_FILENO);
  std::string name = program, verb = "get";
  std::array<char*, 3> arguments{name.data(), verb.data(), nullptr};
  pid_t child = 0;
  const int spawned = posix_spawnp(&child, program.c_str(), &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (spawned != 0) {
    return fail(Code::kUnauthorized, "Docker's config.json names the helper " + program +
                                         ", which cannot be run: " + std::strerror(spawned));
  }
  input.read.close();
  output.write.close();
  // A pipe holds far more than a server name, so this cannot block. A helper that ends without reading it is
  // no error, and its SIGPIPE must not end this process: it is blocked, taken and forgotten.
  sigset_t pipe_signal, before;
  sigemptyset(&pipe_signal);
  sigaddset(&pipe_signal, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &pipe_signal, &before);
  const bool broken = write(input.write.get(), server.data(), server.size()) < 0 && errno == EPIPE;
  if (broken) {
    const timespec no_wait{};
    sigtimedwait(&pipe_signal, nullptr, &no_wait);
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  input.write.close();

  std::string answer;
  std::array<char, 4096> buffer{};
  while (answer.size() < kMaxAnswer) {
    const ssize_t count = read(output.read.get(), buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) break;
    answer.append(buffer.data(), static_cast<std::size_t>(count));
  }
  output.read.close();
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return answer;
  if (answer.find("credentials not found") != std::string::npos) return std::nullopt;
  return fail(Code::kUnauthorized, program + " failed: " + oci::quote(answer));
}

}  // namespace lamina::client
