// SPDX-License-Identifier: Apache-2.0
#include "archive/tree_writer.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <ranges>

#include "archive/tar_format.h"
#include "base/file_descriptor.h"

namespace lamina::archive {
namespace {

constexpr mode_t kImpliedDirectoryMode = 0755;

std::string join(std::span<const std::string> path) {
  std::string joined;
  for (const std::string& part : path) joined.append(joined.empty() ? "" : "/").append(part);
  return printable(joined);
}

}  // namespace

Result<std::vector<std::string>> split_entry_name(std::string_view name) {
  const auto refuse = [&](std::string_view reason) {
    return fail(Code::kInvalid, "the archive's entry " + printable(name.substr(0, kMaxNameBytes)) +
                                    " is refused: " + std::string(reason));
  };
  if (name.empty()) return refuse("its name is empty");
  if (name.size() > kMaxNameBytes) return refuse("its name is longer than 4096 bytes");
  if (name.front() == '/') return refuse("its name is absolute");
  if (name.find('\0') != std::string_view::npos) return refuse("its name holds a NUL");
  if (name.find('\\') != std::string_view::npos) return refuse("its name holds a backslash");
  std::vector<std::string> parts;
  for (const auto range : std::views::split(name, '/')) {
    std::string part(range.begin(), range.end());
    if (part == "..") return refuse("its name holds '..'");
    if (!part.empty() && part != ".") parts.push_back(std::move(part));
  }
  if (parts.size() > kMaxDepth) return refuse("it is nested deeper than 128 directories");
  return parts;
}

Result<TreeWriter> TreeWriter::open(const std::filesystem::path& root) {
  FileDescriptor fd(::open(root.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!fd) return fail_errno(errno, "cannot open " + printable(root.string()));
  return TreeWriter(std::move(fd));
}

/// The descriptor of the directory `path`, made where it is not there.
Result<int> TreeWriter::enter(std::span<const std::string> path) {
  const auto same = [](const Level& level, const std::string& name) { return level.name == name; };
  const auto [differs, rest] = std::ranges::mismatch(open_, path, same);
  open_.erase(differs, open_.end());
  int parent = open_.empty() ? root_.get() : open_.back().fd.get();
  for (const std::string& name : std::ranges::subrange(rest, path.end())) {
    const auto shown = [&] { return join(path.first(open_.size() + 1)); };
    const bool made = mkdirat(parent, name.c_str(), 0700) == 0;
    if (!made && errno != EEXIST) return fail_errno(errno, "cannot make directory " + shown());
    FileDescriptor fd(openat(parent, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!fd && (errno == ENOTDIR || errno == ELOOP)) {
      return fail(Code::kInvalid, "the archive uses " + shown() + " both as a file and as a directory");
    }
    if (!fd) return fail_errno(errno, "cannot open directory " + shown());
    if (made && fchmod(fd.get(), kImpliedDirectoryMode) != 0) {
      return fail_errno(errno, "cannot set the mode of " + shown());
    }
    parent = fd.get();
    open_.push_back({name, std::move(fd)});
  }
  return parent;
}

Result<void> TreeWriter::add_directory(const std::vector<std::string>& path, std::uint32_t mode) {
  LAMINA_ASSIGN(const int directory, enter(path));
  if (fchmod(directory, (mode & 0777) | 0700) != 0)
    return fail_errno(errno, "cannot set the mode of " + join(path));
  return {};
}

Result<void> TreeWriter::create_file(const std::vector<std::string>& path) {
  file_name_ = join(path);
  LAMINA_ASSIGN(const int directory, enter(std::span(path).first(path.size() - 1)));
  file_ = FileDescriptor(
      openat(directory, path.back().c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!file_ && errno == EEXIST) {
    return fail(Code::kInvalid,
                "the archive names " + file_name_ + " twice; which of the two is meant is unclear");
  }
  if (!file_) return fail_errno(errno, "cannot create " + file_name_);
  return {};
}

Result<void> TreeWriter::write(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(file_.get(), bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return fail_errno(errno, "cannot write " + file_name_);
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  return {};
}

Result<void> TreeWriter::close_file(std::uint32_t mode) {
  if (fchmod(file_.get(), mode & 0777) != 0) return fail_errno(errno, "cannot set the mode of " + file_name_);
  // Network file systems report a full disk here.
  if (::close(file_.release()) != 0) return fail_errno(errno, "cannot write " + file_name_);
  return {};
}

}  // namespace lamina::archive
