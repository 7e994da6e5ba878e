// SPDX-License-Identifier: Apache-2.0
#include "cmd/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <system_error>

namespace lamina::cmd {
namespace {

std::unexpected<Error> failure(const std::string& path, int error) {
  const auto code = [&] {
    switch (error) {
      case ENOENT: return Code::kNotFound;
      case EACCES:
      case EPERM:
      case EROFS: return Code::kDenied;
      case ENOSPC:
      case EDQUOT: return Code::kNoSpace;
      case EISDIR: return Code::kConflict;
      default: return Code::kInternal;
    }
  };
  return fail(code(), path + ": " + std::generic_category().message(error));
}

/// What open(2) would give a new file.
mode_t default_mode() {
  const mode_t mask = umask(0);
  umask(mask);
  return 0666 & ~mask;
}

}  // namespace

Result<std::string> read_small_file(const std::string& path) {
  constexpr std::size_t kMost = std::size_t{4} << 20;
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rbe"), std::fclose);
  if (file == nullptr) return failure(path, errno);
  std::string bytes(kMost + 1, '\0');
  bytes.resize(std::fread(bytes.data(), 1, bytes.size(), file.get()));
  if (std::ferror(file.get()) != 0) return failure(path, errno);
  if (bytes.size() > kMost) return fail(Code::kTooLarge, path + ": expected at most 4 MiB");
  return bytes;
}

Result<std::unique_ptr<NewFile>> NewFile::create(const std::filesystem::path& path) {
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored)) return failure(path.string(), EISDIR);
  std::string temporary = path.string() + ".lamina-XXXXXX";
  const int descriptor = mkostemp(temporary.data(), O_CLOEXEC);
  if (descriptor < 0) return failure(path.string(), errno);
  return std::unique_ptr<NewFile>(new NewFile(path, std::move(temporary), descriptor));
}

NewFile::~NewFile() {
  close(descriptor_);
  if (!temporary_.empty()) unlink(temporary_.c_str());
}

Result<void> NewFile::write(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(descriptor_, bytes.data(), bytes.size());
    if (n < 0 && errno != EINTR) return failure(path_.string(), errno);
    if (n > 0) bytes = bytes.subspan(static_cast<std::size_t>(n));
  }
  return {};
}

Result<void> NewFile::publish() {
  if (fchmod(descriptor_, default_mode()) != 0 || rename(temporary_.c_str(), path_.c_str()) != 0) {
    return failure(path_.string(), errno);
  }
  temporary_.clear();
  return {};
}

}  // namespace lamina::cmd
