// SPDX-License-Identifier: Apache-2.0
#include "fs/file_system.h"

namespace lamina::fs {

Result<void> write_durably(FileSystem& files, const Path& path, std::string_view bytes) {
  Path temporary = path;
  temporary += ".new";
  // One that is there was left by a crash.
  if (auto removed = files.remove(temporary); !removed && removed.error().code != Code::kNotFound) {
    return removed;
  }
  {
    LAMINA_ASSIGN(const std::unique_ptr<File> file, files.create(temporary));
    LAMINA_TRY(file->write_at(0, std::as_bytes(std::span(bytes))));
    LAMINA_TRY(file->sync());
  }
  LAMINA_TRY(files.rename(temporary, path));
  const Path parent = path.parent_path();
  return files.sync_directory(parent.empty() ? Path(".") : parent);
}

}  // namespace lamina::fs
