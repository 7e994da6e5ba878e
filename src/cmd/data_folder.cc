// SPDX-License-Identifier: Apache-2.0
#include "cmd/data_folder.h"

#include <algorithm>
#include <string>

#include "blob/local_blob_store.h"
#include "meta/rocksdb_meta_store.h"

namespace lamina::cmd {
namespace {

constexpr std::string_view kFormatFile = "lamina-format";
/// Of the folder: which files there are and what they hold. Records have a version of their own.
constexpr std::string_view kFormat = "lamina data 1\n";
constexpr std::string_view kLockFile = "lock";
constexpr std::size_t kLongestFormat = 64;

Error at(const std::filesystem::path& path, Error error, std::string_view doing) {
  error.message = "data folder " + path.string() + ": " + std::string(doing) + ": " + error.message;
  if (error.code == Code::kDenied) error.message += "; let this user write there or name another folder";
  if (error.code == Code::kNotFound) error.message += "; make its parent folder first";
  return error;
}

Result<std::string> read_format(fs::FileSystem& files, const std::filesystem::path& path) {
  LAMINA_ASSIGN(const auto file, files.open(path / kFormatFile));
  std::string text(kLongestFormat, '\0');
  LAMINA_ASSIGN(const std::size_t n, file->read_at(0, std::as_writable_bytes(std::span(text))));
  text.resize(n);
  return text;
}

/// Whether the folder has this format; false for a new one. An error for any other.
Result<bool> has_format(fs::FileSystem& files, const std::filesystem::path& path) {
  const auto found = read_format(files, path);
  if (found) {
    if (*found == kFormat) return true;
    return fail(Code::kUnsupported, "data folder " + path.string() + " has the format '" +
                                        found->substr(0, found->find('\n')) + "', this lamina reads '" +
                                        std::string(kFormat.substr(0, kFormat.size() - 1)) +
                                        "'; start a newer lamina on it");
  }
  if (found.error().code != Code::kNotFound)
    return std::unexpected(at(path, found.error(), "reading its format"));
  LAMINA_ASSIGN(const auto names, files.list(path));
  const auto foreign = std::ranges::find_if(names, [](const auto& name) { return name != kLockFile; });
  if (foreign != names.end()) {
    return fail(Code::kUnsupported, "data folder " + path.string() + " holds '" + *foreign +
                                        "' and no file " + std::string(kFormatFile) +
                                        ", so it is not Lamina's; name an empty or a new folder");
  }
  return false;
}

/// Writes the format into a new folder, or checks that of an old one.
Result<void> settle_format(fs::FileSystem& files, const std::filesystem::path& path) {
  LAMINA_ASSIGN(const bool settled, has_format(files, path));
  if (settled) return {};
  if (auto written = fs::write_durably(files, path / kFormatFile, kFormat); !written) {
    return std::unexpected(at(path, std::move(written).error(), "writing its format"));
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<DataFolder>> DataFolder::open(fs::FileSystem& files,
                                                     const std::filesystem::path& path) {
  std::unique_ptr<DataFolder> folder(new DataFolder);
  if (auto made = files.make_directory(path); !made) {
    if (made.error().code == Code::kConflict) {
      return fail(Code::kInvalid, "data folder " + path.string() + " is a file; name a folder");
    }
    return std::unexpected(at(path, std::move(made).error(), "making it"));
  }
  // Before anything is written into it, and again once nobody else can.
  LAMINA_TRY(has_format(files, path));
  auto lock = files.lock(path / kLockFile);
  if (!lock) {
    if (lock.error().code != Code::kConflict)
      return std::unexpected(at(path, std::move(lock).error(), "locking it"));
    return fail(Code::kConflict, "data folder " + path.string() +
                                     " is in use by another server; stop that one or name another folder");
  }
  folder->lock_ = *std::move(lock);
  LAMINA_TRY(settle_format(files, path));
  LAMINA_TRY(files.make_directory(path / "records"));  // RocksDB would let others read it.
  LAMINA_ASSIGN(folder->meta_, meta::RocksDbMetaStore::open(path / "records"));
  LAMINA_ASSIGN(folder->blobs_, blob::LocalBlobStore::open(files, path));
  return folder;
}

}  // namespace lamina::cmd
