// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <system_error>
#include <utility>

#include "archive/posix.h"
#include "archive/tar_reader.h"
#include "archive/tree_writer.h"
#include "lamina/archive.h"

namespace lamina {
namespace {

namespace fs = std::filesystem;
using archive::printable;

/// A new directory to build the tree in: beside a destination that does not exist, inside an empty one (which
/// may be a mount point or somebody's working directory, and so cannot be replaced). Removed unless
/// committed.
class Stage {
 public:
  static Result<Stage> create(fs::path destination) {
    if (!destination.has_filename()) destination = destination.parent_path();  // A trailing slash.
    if (destination.empty()) return fail(Code::kInvalid, "no directory to unpack to is given");
    std::error_code error;
    const bool inside = fs::exists(fs::symlink_status(destination, error));
    if (inside) LAMINA_TRY(check_empty(destination, 0));
    const fs::path parent = inside ? destination : destination.parent_path();
    std::string path = (parent / ".lamina-unpack-XXXXXX").string();
    if (mkdtemp(path.data()) == nullptr) {
      return archive::fail_errno(
          errno, "cannot make a directory in " + printable(parent.empty() ? "." : parent.string()));
    }
    return Stage(std::move(destination), path, inside);
  }

  Stage(Stage&& other) noexcept
      : destination_(std::move(other.destination_)),
        path_(std::exchange(other.path_, {})),
        inside_(other.inside_) {}
  Stage& operator=(Stage&&) = delete;
  ~Stage() {
    std::error_code ignored;
    if (!path_.empty()) fs::remove_all(path_, ignored);
  }

  const fs::path& path() const { return path_; }

  Result<void> commit() {
    if (inside_) return move_up();
    if (::rename(path_.c_str(), destination_.c_str()) != 0) {
      const int error = errno;
      if (error == ENOTEMPTY || error == EEXIST || error == ENOTDIR) return in_use(destination_);
      return archive::fail_errno(
          error, "cannot rename the unpacked directory to " + printable(destination_.string()));
    }
    path_.clear();
    return {};
  }

 private:
  Stage(fs::path destination, fs::path path, bool inside)
      : destination_(std::move(destination)), path_(std::move(path)), inside_(inside) {}

  static std::unexpected<Error> in_use(const fs::path& destination) {
    return fail(Code::kConflict, printable(destination.string()) +
                                     " is not an empty directory; name one that is, "
                                     "or one that does not exist");
  }

  static Result<void> check_empty(const fs::path& directory, std::size_t expected) {
    std::error_code error;
    std::size_t entries = 0;
    for (auto it = fs::directory_iterator(directory, error); !error && it != fs::directory_iterator();
         it.increment(error)) {
      ++entries;
    }
    if (error && error != std::errc::not_a_directory && error != std::errc::no_such_file_or_directory) {
      return archive::fail_errno(error.value(), "cannot list " + printable(directory.string()));
    }
    if (error || entries != expected) return in_use(directory);
    return {};
  }

  Result<void> move_up() {
    LAMINA_TRY(check_empty(destination_, 1));
    std::vector<fs::path> names;
    std::error_code error;
    for (auto it = fs::directory_iterator(path_, error); !error && it != fs::directory_iterator();
         it.increment(error)) {
      names.push_back(it->path().filename());
    }
    std::size_t moved = 0;
    for (; !error && moved < names.size(); ++moved) {
      fs::rename(path_ / names[moved], destination_ / names[moved], error);
    }
    if (!error) return {};
    std::error_code ignored;
    for (std::size_t i = 0; i + 1 < moved; ++i)
      fs::rename(destination_ / names[i], path_ / names[i], ignored);
    return archive::fail_errno(error.value(),
                               "cannot move the unpacked files to " + printable(destination_.string()));
  }

  fs::path destination_;
  fs::path path_;  ///< Empty once there is nothing left to remove.
  bool inside_;
};

class Unpacker {
 public:
  Unpacker(Source& source, const UnpackOptions& options)
      : options_(options), plain_(source, options.limits), tar_(plain_) {}

  Result<UnpackStats> run(const fs::path& root) {
    LAMINA_ASSIGN(archive::TreeWriter tree, archive::TreeWriter::open(root));
    LAMINA_TRY(tree.add_directory({}, 0755));
    while (true) {
      LAMINA_ASSIGN(const auto entry, tar_.next());
      if (!entry) break;
      if (stats_.files + stats_.directories + stats_.skipped_links >= options_.max_entries) {
        return fail(Code::kTooLarge, "the archive has more than " + std::to_string(options_.max_entries) +
                                         " entries; raise the limit if it is to be trusted");
      }
      LAMINA_TRY(add(*entry, tree));
    }
    stats_.tar_bytes = tar_.position();
    stats_.compression = plain_.compression().value_or(Compression::kNone);
    return stats_;
  }

 private:
  Result<void> add(const archive::TarEntry& entry, archive::TreeWriter& tree) {
    LAMINA_ASSIGN(const auto path, archive::split_entry_name(entry.name));
    switch (entry.type) {
      case archive::TarType::kDirectory: ++stats_.directories; return tree.add_directory(path, entry.mode);
      case archive::TarType::kLink:
        ++stats_.skipped_links;
        if (options_.links == LinkPolicy::kSkip) return {};
        return fail(Code::kUnsupported,
                    "the archive's entry " + printable(entry.name) +
                        " is a link, which is refused; skip links if it is to be trusted");
      case archive::TarType::kFile: break;
    }
    if (path.empty()) return fail(Code::kInvalid, "the archive names a file " + printable(entry.name));
    ++stats_.files;
    LAMINA_TRY(tree.create_file(path));
    while (true) {
      LAMINA_ASSIGN(const auto bytes, tar_.read());
      if (bytes.empty()) break;
      LAMINA_TRY(tree.write(bytes));
    }
    stats_.file_bytes += entry.size;
    return tree.close_file(entry.mode);
  }

  const UnpackOptions& options_;
  DecompressingSource plain_;
  archive::TarReader tar_;
  UnpackStats stats_;
};

}  // namespace

Result<UnpackStats> unpack(Source& source, const fs::path& destination, const UnpackOptions& options) {
  LAMINA_ASSIGN(Stage stage, Stage::create(destination));
  const auto unpacker = std::make_unique<Unpacker>(source, options);  // Too large for a small thread's stack.
  LAMINA_ASSIGN(const UnpackStats stats, unpacker->run(stage.path()));
  LAMINA_TRY(stage.commit());
  return stats;
}

}  // namespace lamina
