// SPDX-License-Identifier: Apache-2.0
#include "client/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>
#include <vector>

namespace lamina::client {
namespace {

std::unexpected<Error> system_error(const std::string& what) {
  const int number = errno;
  Code code = Code::kInternal;
  if (number == ENOENT || number == ENOTDIR) code = Code::kNotFound;
  if (number == EACCES || number == EPERM || number == EROFS) code = Code::kDenied;
  if (number == ENOSPC || number == EDQUOT) code = Code::kNoSpace;
  if (number == EISDIR || number == EEXIST) code = Code::kConflict;
  return fail(code, what + ": " + std::strerror(number));
}

}  // namespace

std::filesystem::path parent_of(const std::filesystem::path& path) {
  return path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
}

TemporaryFile::TemporaryFile(int fd, std::filesystem::path path, std::filesystem::path target)
    : fd_(fd), path_(std::move(path)), target_(std::move(target)) {}

TemporaryFile::TemporaryFile(TemporaryFile&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      path_(std::exchange(other.path_, {})),
      target_(std::move(other.target_)) {}

TemporaryFile::~TemporaryFile() {
  if (fd_ >= 0) ::close(fd_);
  if (!path_.empty()) ::unlink(path_.c_str());
}

Result<TemporaryFile> TemporaryFile::create(const std::filesystem::path& target, Random& random) {
  if (!target.has_filename())
    return fail(Code::kInvalid, "expected the name of a file, found '" + target.string() + "'");
  std::filesystem::path path = parent_of(target) / (".lamina-" + random.hex128() + ".part");
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (fd < 0) return system_error("cannot create a file beside " + target.string());
  return TemporaryFile(fd, std::move(path), target);
}

Result<void> TemporaryFile::publish() {
  if (::rename(path_.c_str(), target_.c_str()) != 0)
    return system_error("cannot replace " + target_.string());
  path_.clear();
  return {};
}

Result<void> write_at(int fd, std::span<const std::byte> bytes, std::uint64_t offset) {
  while (!bytes.empty()) {
    const ssize_t count = ::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return system_error("cannot write the download");
    bytes = bytes.subspan(static_cast<std::size_t>(count));
    offset += static_cast<std::uint64_t>(count);
  }
  return {};
}

Result<void> FdSink::write(std::span<const std::byte> bytes) {
  LAMINA_TRY(write_at(fd_, bytes, at_));
  at_ += bytes.size();
  return {};
}

Result<std::size_t> FdSource::read(std::span<std::byte> buffer) {
  while (true) {
    const ssize_t count = ::pread(fd_, buffer.data(), buffer.size(), static_cast<off_t>(at_));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return system_error("cannot read the download");
    at_ += static_cast<std::uint64_t>(count);
    return static_cast<std::size_t>(count);
  }
}

Result<Digest> digest_of_file(int fd, Algorithm algorithm) {
  Hasher hasher(algorithm);
  FdSource source(fd);
  std::vector<std::byte> buffer(256 * 1024);
  while (true) {
    LAMINA_ASSIGN(const std::size_t count, source.read(buffer));
    if (count == 0) return hasher.digest();
    hasher.update(std::span(buffer).first(count));
  }
}

Result<std::uint64_t> size_of_file(int fd) {
  struct stat status{};
  if (::fstat(fd, &status) != 0) return system_error("cannot look at the download");
  return static_cast<std::uint64_t>(status.st_size);
}

Result<void> require_space(const std::filesystem::path& directory, std::uint64_t bytes) {
  struct statvfs volume{};
  if (::statvfs(directory.c_str(), &volume) != 0) return system_error("cannot look at " + directory.string());
  const std::uint64_t available = std::uint64_t{volume.f_bavail} * volume.f_frsize;
  if (bytes <= available) return {};
  return fail(Code::kNoSpace, "expected " + std::to_string(bytes) + " bytes of free space in " +
                                  directory.string() + ", found " + std::to_string(available));
}

}  // namespace lamina::client
