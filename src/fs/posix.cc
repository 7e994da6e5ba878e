// SPDX-License-Identifier: Apache-2.0
#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <string>
#include <system_error>
#include <utility>

#include "base/file_descriptor.h"
#include "fs/file_system.h"

namespace lamina::fs {
namespace {

std::unexpected<Error> failure(int error, std::string_view what, const Path& path) {
  const Code code = error == ENOSPC || error == EDQUOT                    ? Code::kNoSpace
                    : error == ENOENT || error == ENOTDIR                 ? Code::kNotFound
                    : error == EEXIST                                     ? Code::kConflict
                    : error == EACCES || error == EPERM || error == EROFS ? Code::kDenied
                                                                          : Code::kInternal;
  return fail(code, std::string(what) + " " + path.string() + ": " + std::generic_category().message(error));
}

/// Repeats a call that a signal broke off.
template <class Call>
auto uninterrupted(const Call& call) {
  while (true) {
    const auto result = call();
    if (result != -1 || errno != EINTR) return result;
  }
}

Result<FileDescriptor> open_descriptor(const Path& path, int flags) {
  FileDescriptor descriptor(uninterrupted([&] { return ::open(path.c_str(), flags | O_CLOEXEC, 0600); }));
  if (descriptor.get() == -1) return failure(errno, "open", path);
  return descriptor;
}

class PosixFile final : public File {
 public:
  PosixFile(FileDescriptor descriptor, Path path)
      : descriptor_(std::move(descriptor)), path_(std::move(path)) {}

  Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> buffer) const override {
    std::size_t done = 0;
    while (done < buffer.size()) {
      const ssize_t count = uninterrupted([&] {
        return ::pread(descriptor_.get(), buffer.data() + done, buffer.size() - done,
                       static_cast<off_t>(offset + done));
      });
      if (count == -1) return failure(errno, "read", path_);
      if (count == 0) break;
      done += static_cast<std::size_t>(count);
    }
    return done;
  }

  Result<void> write_at(std::uint64_t offset, std::span<const std::byte> bytes) override {
    while (!bytes.empty()) {
      const ssize_t count = uninterrupted([&] {
        return ::pwrite(descriptor_.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
      });
      if (count == -1) return failure(errno, "write", path_);
      offset += static_cast<std::uint64_t>(count);
      bytes = bytes.subspan(static_cast<std::size_t>(count));
    }
    return {};
  }

  Result<void> sync() override {
    // The kernel drops the pages that it could not write and reports that once: a second sync would succeed.
    if (sync_failed_) return fail(Code::kInternal, "sync " + path_.string() + ": an earlier sync failed");
    if (uninterrupted([this] { return ::fdatasync(descriptor_.get()); }) == -1) {
      sync_failed_ = true;
      return failure(errno, "sync", path_);
    }
    return {};
  }

  Result<std::uint64_t> size() const override {
    struct stat status{};
    if (::fstat(descriptor_.get(), &status) == -1) return failure(errno, "stat", path_);
    return static_cast<std::uint64_t>(status.st_size);
  }

  Result<void> truncate(std::uint64_t size) override {
    if (uninterrupted([&] { return ::ftruncate(descriptor_.get(), static_cast<off_t>(size)); }) == -1) {
      return failure(errno, "truncate", path_);
    }
    return {};
  }

 private:
  FileDescriptor descriptor_;
  Path path_;
  std::atomic<bool> sync_failed_ = false;
};

class PosixLock final : public Lock {
 public:
  explicit PosixLock(FileDescriptor descriptor) : descriptor_(std::move(descriptor)) {}

 private:
  FileDescriptor descriptor_;
};

class PosixFileSystem final : public FileSystem {
 public:
  Result<std::unique_ptr<File>> open(const Path& path) override { return open_with(path, O_RDONLY); }
  Result<std::unique_ptr<File>> open_writable(const Path& path) override { return open_with(path, O_RDWR); }
  Result<std::unique_ptr<File>> create(const Path& path) override {
    return open_with(path, O_RDWR | O_CREAT | O_EXCL);
  }

  Result<void> rename(const Path& from, const Path& to) override {
    if (::rename(from.c_str(), to.c_str()) == -1) return failure(errno, "rename to " + to.string(), from);
    return {};
  }

  Result<void> remove(const Path& path) override {
    if (::unlink(path.c_str()) == -1) return failure(errno, "remove", path);
    return {};
  }

  Result<void> make_directory(const Path& path) override {
    if (::mkdir(path.c_str(), 0700) == 0) return {};
    const int error = errno;
    struct stat status{};
    if (error == EEXIST && ::stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode)) return {};
    return failure(error, "make directory", path);
  }

  Result<void> sync_directory(const Path& path) override {
    LAMINA_ASSIGN(const FileDescriptor directory, open_descriptor(path, O_RDONLY | O_DIRECTORY));
    if (uninterrupted([&] { return ::fsync(directory.get()); }) == -1) {
      return failure(errno, "sync directory", path);
    }
    return {};
  }

  Result<std::vector<std::string>> list(const Path& path) override {
    const std::unique_ptr<DIR, int (*)(DIR*)> directory(::opendir(path.c_str()), ::closedir);
    if (!directory) return failure(errno, "list", path);
    std::vector<std::string> names;
    while (true) {
      errno = 0;
      const dirent* entry = ::readdir(directory.get());
      if (entry == nullptr) break;
      const std::string_view name = entry->d_name;
      if (name != "." && name != "..") names.emplace_back(name);
    }
    if (errno != 0) return failure(errno, "list", path);
    std::ranges::sort(names);
    return names;
  }

  Result<std::unique_ptr<Lock>> lock(const Path& path) override {
    LAMINA_ASSIGN(FileDescriptor descriptor, open_descriptor(path, O_RDWR | O_CREAT));
    if (uninterrupted([&] { return ::flock(descriptor.get(), LOCK_EX | LOCK_NB); }) == -1) {
      if (errno == EWOULDBLOCK) return fail(Code::kConflict, "lock " + path.string() + ": another holds it");
      return failure(errno, "lock", path);
    }
    return std::make_unique<PosixLock>(std::move(descriptor));
  }

 private:
  static Result<std::unique_ptr<File>> open_with(const Path& path, int flags) {
    LAMINA_ASSIGN(FileDescriptor descriptor, open_descriptor(path, flags));
    return std::make_unique<PosixFile>(std::move(descriptor), path);
  }
};

}  // namespace

std::unique_ptr<FileSystem> posix_file_system() { return std::make_unique<PosixFileSystem>(); }

}  // namespace lamina::fs
