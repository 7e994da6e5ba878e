// SPDX-License-Identifier: Apache-2.0
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <functional>
#include <utility>

#include "archive/buffer.h"
#include "archive/ignore.h"
#include "archive/posix.h"
#include "archive/tar_format.h"
#include "base/file_descriptor.h"
#include "lamina/archive.h"

namespace lamina {
namespace {

using archive::printable;

constexpr std::string_view kIgnoreFile = ".sourceignore";
constexpr std::uint64_t kMaxIgnoreFileBytes = std::uint64_t{1} << 20;
constexpr std::size_t kMaxNamesOfDropped = 10;

/// Counts, and gathers small writes into pieces of one buffer.
class OutputSink final : public Sink {
 public:
  explicit OutputSink(Sink& output) : output_(output) {}

  Result<void> write(std::span<const std::byte> bytes) override {
    while (!bytes.empty()) {
      const std::size_t size = std::min(bytes.size(), buffer_.size() - filled_);
      std::memcpy(buffer_.data() + filled_, bytes.data(), size);
      filled_ += size;
      bytes = bytes.subspan(size);
      if (filled_ == buffer_.size()) LAMINA_TRY(flush());
    }
    return {};
  }
  Result<void> flush() {
    if (filled_ == 0) return {};
    written_ += filled_;
    return output_.write(std::span(buffer_).first(std::exchange(filled_, 0)));
  }
  std::uint64_t written() const { return written_; }

 private:
  Sink& output_;
  std::array<std::byte, archive::kBufferSize> buffer_;
  std::size_t filled_ = 0;
  std::uint64_t written_ = 0;
};

std::string join(const archive::PathParts& path) {
  std::string joined;
  for (const std::string& part : path) joined.append(joined.empty() ? "" : "/").append(part);
  return joined.empty() ? "." : joined;
}

/// An entry that was listed and then cannot be opened as what it was has been changed by somebody.
std::unexpected<Error> fail_open(int error, const std::string& shown) {
  if (error == ENOENT || error == ELOOP || error == ENOTDIR) {
    return fail(Code::kConflict, shown + " went away or changed its type while it was packed; pack again");
  }
  return archive::fail_errno(error, "cannot open " + shown);
}

/// Visits a tree in the order of the archive: names by bytes, a directory before its content.
class Walker {
 public:
  using Visit = std::function<Result<bool>(int parent, const std::string& name, const struct stat& status)>;

  explicit Walker(const std::filesystem::path& root) : root_(root) {}

  /// Calls `visit` for everything in `directory`, and goes down where it returns true.
  Result<void> walk(int directory, const Visit& visit) {
    LAMINA_ASSIGN(const std::vector<std::string> names, list(directory));
    for (const std::string& name : names) {
      path_.push_back(name);
      struct stat status{};
      if (fstatat(directory, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0)
        return fail_open(errno, shown());
      LAMINA_ASSIGN(const bool descend, visit(directory, name, status));
      if (descend) {
        if (path_.size() >= archive::kMaxDepth) {
          return fail(Code::kInvalid, shown() + " is nested deeper than " +
                                          std::to_string(archive::kMaxDepth) +
                                          " directories, which unpacking refuses");
        }
        const FileDescriptor child(
            openat(directory, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
        if (!child) return fail_open(errno, shown());
        LAMINA_TRY(walk(child.get(), visit));
      }
      path_.pop_back();
    }
    return {};
  }

  /// Of the entry being visited, relative to the root.
  const archive::PathParts& path() const { return path_; }
  /// The same for messages.
  std::string shown() const { return printable((root_ / join(path_)).lexically_normal().string()); }

 private:
  Result<std::vector<std::string>> list(int directory) const {
    FileDescriptor copy(
        openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));  // A dup() would share the position.
    DIR* stream = copy ? fdopendir(copy.get()) : nullptr;
    if (stream == nullptr) return archive::fail_errno(errno, "cannot list " + shown());
    copy.release();  // closedir() closes it.
    std::vector<std::string> names;
    errno = 0;
    while (const dirent* entry = readdir(stream)) {
      const std::string_view name = entry->d_name;
      if (name != "." && name != "..") names.emplace_back(name);
    }
    const int error = errno;
    closedir(stream);
    if (error != 0) return archive::fail_errno(error, "cannot list " + shown());
    std::ranges::sort(names);
    return names;
  }

  std::filesystem::path root_;
  archive::PathParts path_;
};

class Packer {
 public:
  Packer(const std::filesystem::path& root, const PackOptions& options, Sink& sink)
      : root_(root), options_(options), walker_(root), output_(sink), gzip_(output_) {}

  Result<PackStats> pack() {
    const FileDescriptor directory(open(root_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!directory) return archive::fail_errno(errno, "cannot open directory " + walker_.shown());
    LAMINA_TRY(load_ignore_rules(directory.get()));

    struct stat status{};
    if (fstat(directory.get(), &status) != 0)
      return archive::fail_errno(errno, "cannot stat " + walker_.shown());
    LAMINA_TRY(add_directory(status));
    LAMINA_TRY(
        walker_.walk(directory.get(), [this](int parent, const std::string& name, const struct stat& entry) {
          return add(parent, name, entry);
        }));
    LAMINA_TRY(emit(std::string(archive::kTarEnd, '\0')));
    if (options_.gzip) LAMINA_TRY(gzip_.finish());
    LAMINA_TRY(output_.flush());
    stats_.output_bytes = output_.written();
    return std::move(stats_);
  }

 private:
  Result<void> load_ignore_rules(int directory) {
    const IgnoreRules& rules = options_.ignore;
    archive::IgnoreMatcher given;
    std::size_t count = 0;
    if (rules.flux_defaults) given.add(archive::kVersionControlPatterns, {});
    if (rules.source_ignore_files) {
      LAMINA_ASSIGN(count, add_ignore_file(directory, {}, given));
      Walker finder(root_);
      LAMINA_TRY(finder.walk(
          directory, [&](int parent, const std::string& name, const struct stat& status) -> Result<bool> {
            if (!S_ISDIR(status.st_mode) || name == ".git") return false;
            const FileDescriptor child(
                openat(parent, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
            if (!child) return fail_open(errno, finder.shown());
            LAMINA_ASSIGN(const std::size_t added, add_ignore_file(child.get(), finder.path(), given));
            count += added;
            return true;
          }));
    }
    for (const std::string& pattern : rules.patterns) count += given.add(pattern, {});
    if (rules.flux_defaults && count == 0) given.add(archive::kOtherDefaultPatterns, {});
    ignore_ = std::move(given);
    return {};
  }

  Result<std::size_t> add_ignore_file(int directory, const archive::PathParts& domain,
                                      archive::IgnoreMatcher& matcher) const {
    const auto shown = [&] {
      return printable((root_ / join(domain) / kIgnoreFile).lexically_normal().string());
    };
    const FileDescriptor file(
        openat(directory, std::string(kIgnoreFile).c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
    // A link is dropped from the archive like any other, so its patterns do not count either.
    if (!file && (errno == ENOENT || errno == ELOOP)) return 0;
    if (!file) return archive::fail_errno(errno, "cannot open " + shown());
    struct stat status{};
    if (fstat(file.get(), &status) != 0) return archive::fail_errno(errno, "cannot stat " + shown());
    if (!S_ISREG(status.st_mode)) return 0;
    std::string text;
    std::array<char, 4096> piece;
    while (true) {
      const ssize_t size = ::read(file.get(), piece.data(), piece.size());
      if (size < 0) return archive::fail_errno(errno, "cannot read " + shown());
      if (size == 0) return matcher.add(text, domain);
      text.append(piece.data(), static_cast<std::size_t>(size));
      if (text.size() > kMaxIgnoreFileBytes) return fail(Code::kTooLarge, shown() + " is larger than 1 MiB");
    }
  }

  /// True where the entry is a directory to go down into.
  Result<bool> add(int parent, const std::string& name, const struct stat& status) {
    const bool directory = S_ISDIR(status.st_mode);
    if (ignore_.ignores(walker_.path(), directory)) {
      ++stats_.ignored;
      return directory;  // Something below may be included again.
    }
    if (!directory && !S_ISREG(status.st_mode)) {
      ++stats_.dropped;
      if (stats_.first_dropped.size() < kMaxNamesOfDropped)
        stats_.first_dropped.push_back(join(walker_.path()));
      return false;
    }
    if (name.find('\\') != std::string::npos) {
      return fail(Code::kInvalid, walker_.shown() +
                                      " has a backslash in its name, which consumers refuse; "
                                      "rename it or exclude it by a pattern");
    }
    if (directory) {
      LAMINA_TRY(add_directory(status));
    } else {
      LAMINA_TRY(add_file(parent, name));
    }
    return directory;
  }

  std::uint32_t mode_of(const struct stat& status) const {
    if (options_.modes == PackModes::kKept) return status.st_mode & 0777U;
    if (S_ISDIR(status.st_mode)) return 0750;
    return (status.st_mode & 0111U) != 0 ? 0700 : 0600;
  }

  Result<void> add_header(bool directory, std::uint32_t mode, std::uint64_t size) {
    const std::string name = join(walker_.path());
    if (name.size() > archive::kMaxNameBytes) {
      return fail(Code::kInvalid, walker_.shown() + " is longer than " +
                                      std::to_string(archive::kMaxNameBytes) +
                                      " bytes, which unpacking refuses");
    }
    ++stats_.entries;
    return emit(archive::tar_header(name, directory, mode, size));
  }

  Result<void> add_directory(const struct stat& status) { return add_header(true, mode_of(status), 0); }

  Result<void> add_file(int parent, const std::string& name) {
    const FileDescriptor file(openat(parent, name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
    if (!file) return fail_open(errno, walker_.shown());
    struct stat status{};
    if (fstat(file.get(), &status) != 0) return archive::fail_errno(errno, "cannot stat " + walker_.shown());
    if (!S_ISREG(status.st_mode)) return fail_open(ENOENT, walker_.shown());

    const auto size = static_cast<std::uint64_t>(status.st_size);
    LAMINA_TRY(add_header(false, mode_of(status), size));
    std::uint64_t done = 0;
    // Reads on to the end of the file, so that growth is seen as well.
    while (true) {
      const ssize_t read = ::read(file.get(), content_.data(), content_.size());
      if (read < 0 && errno == EINTR) continue;
      if (read < 0) return archive::fail_errno(errno, "cannot read " + walker_.shown());
      if (read == 0) break;
      done += static_cast<std::uint64_t>(read);
      if (done > size) break;
      LAMINA_TRY(emit(std::span(content_).first(static_cast<std::size_t>(read))));
    }
    if (done != size) {
      return fail(Code::kConflict, walker_.shown() + " had " + std::to_string(size) + " bytes and then " +
                                       (done > size ? "more" : std::to_string(done)) +
                                       " while it was packed; pack again when nobody writes to it");
    }
    return emit(std::string(archive::tar_padding(size), '\0'));
  }

  Result<void> emit(std::span<const std::byte> bytes) {
    stats_.tar_bytes += bytes.size();
    return options_.gzip ? gzip_.write(bytes) : output_.write(bytes);
  }
  Result<void> emit(const std::string& text) { return emit(std::as_bytes(std::span(text))); }

  const std::filesystem::path& root_;
  const PackOptions& options_;
  Walker walker_;
  OutputSink output_;
  GzipSink gzip_;
  archive::IgnoreMatcher ignore_;
  std::array<std::byte, archive::kBufferSize> content_;
  PackStats stats_;
};

}  // namespace

Result<PackStats> pack_directory(const std::filesystem::path& directory, const PackOptions& options,
                                 Sink& sink) {
  return std::make_unique<Packer>(directory, options, sink)->pack();  // Too large for a small thread's stack.
}

}  // namespace lamina
