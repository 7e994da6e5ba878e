// SPDX-License-Identifier: Apache-2.0
#include "client/body.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace lamina::client {

Result<std::unique_ptr<FileBody>> FileBody::open(const std::filesystem::path& path) {
  const auto failed = [&] {
    const Code code = errno == ENOENT || errno == ENOTDIR ? Code::kNotFound
                      : errno == EACCES                   ? Code::kDenied
                                                          : Code::kInternal;
    return fail(code, "cannot read " + path.string() + ": " + std::strerror(errno));
  };
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return failed();
  std::unique_ptr<FileBody> body(new FileBody(fd, path));
  struct stat status{};
  if (fstat(fd, &status) != 0) return failed();
  if (!S_ISREG(status.st_mode)) {
    return fail(Code::kInvalid,
                "expected a regular file, " + path.string() + " is none; push it as a stream");
  }
  posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
  body->size_ = static_cast<std::uint64_t>(status.st_size);
  return body;
}

FileBody::~FileBody() { ::close(fd_); }

Result<std::size_t> FileBody::read(std::span<std::byte> buffer) {
  while (true) {
    const ssize_t count = ::pread(fd_, buffer.data(), buffer.size(), static_cast<off_t>(at_));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0)
      return fail(Code::kInternal, "cannot read " + path_.string() + ": " + std::strerror(errno));
    at_ += static_cast<std::uint64_t>(count);
    if (at_ > size_ || (count == 0 && at_ < size_)) {
      return fail(Code::kConflict, path_.string() + " changed its size while it was read");
    }
    return static_cast<std::size_t>(count);
  }
}

Result<bool> FileBody::rewind() {
  at_ = 0;
  return true;
}

Result<std::size_t> StreamBody::read(std::span<std::byte> buffer) {
  LAMINA_ASSIGN(const std::size_t count, source_.read(buffer));
  at_ += count;
  if (size_ && (at_ > *size_ || (count == 0 && at_ < *size_))) {
    return fail(Code::kMismatch, "expected a stream of " + std::to_string(*size_) + " bytes, found " +
                                     (count == 0 ? std::to_string(at_) : std::string("more")));
  }
  return count;
}

Result<std::size_t> ProducedBody::read(std::span<std::byte> buffer) {
  if (!pipe_) {
    pipe_ = std::make_unique<Pipe>();
    thread_ = std::jthread([this, pipe = pipe_.get()] { pipe->finish(producer_(*pipe)); });
  }
  return pipe_->read(buffer);
}

Result<bool> ProducedBody::rewind() {
  if (!pipe_) return true;
  if (!repeatable_) return false;
  stop();
  return true;
}

void ProducedBody::stop() {
  if (!pipe_) return;
  pipe_->abandon();
  thread_.join();
  pipe_.reset();
}

Result<std::size_t> HashingBody::read(std::span<std::byte> buffer) {
  LAMINA_ASSIGN(const std::size_t count, body_.read(buffer));
  hasher_.update(buffer.first(count));
  count_ += count;
  if (on_progress_ && count > 0) LAMINA_TRY(on_progress_(count_));
  return count;
}

Result<bool> HashingBody::rewind() {
  LAMINA_ASSIGN(const bool rewound, body_.rewind());
  if (rewound) {
    hasher_ = Hasher(hasher_.algorithm());
    count_ = 0;
  }
  return rewound;
}

Result<std::size_t> WrappedBody::read(std::span<std::byte> buffer) {
  Body* const parts[] = {&before_, &body_, &after_};
  for (; part_ < 3; ++part_) {
    LAMINA_ASSIGN(const std::size_t count, parts[part_]->read(buffer));
    if (count > 0) return count;
  }
  return 0;
}

std::optional<std::uint64_t> WrappedBody::size() const {
  const auto inner = body_.size();
  if (!inner) return std::nullopt;
  return before_size_ + *inner + after_size_;
}

Result<bool> WrappedBody::rewind() {
  LAMINA_ASSIGN(const bool rewound, body_.rewind());
  if (!rewound) return false;
  LAMINA_TRY(before_.rewind());
  LAMINA_TRY(after_.rewind());
  part_ = 0;
  return true;
}

Result<Measured> measure(Body& body, HashingBody::OnProgress on_progress) {
  HashingBody hashing(body, std::move(on_progress));
  std::vector<std::byte> buffer(256 * 1024);
  while (true) {
    LAMINA_ASSIGN(const std::size_t count, hashing.read(buffer));
    if (count == 0) return Measured{.digest = hashing.digest(), .size = hashing.count()};
  }
}

}  // namespace lamina::client
