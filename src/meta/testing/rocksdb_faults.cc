// SPDX-License-Identifier: Apache-2.0
#include "meta/testing/rocksdb_faults.h"

#include <rocksdb/file_system.h>

#include <utility>

namespace lamina::meta {
namespace {

using rocksdb::FileOptions;
using rocksdb::FSWritableFile;
using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;

IOStatus run(const DiskHook& hook, DiskOperation operation, const std::string& path) {
  const std::optional<DiskFault> fault = hook(operation, path);
  if (!fault) return IOStatus::OK();
  if (*fault == DiskFault::kFull) return IOStatus::NoSpace("injected");
  return IOStatus::IOError("injected");
}

class HookedFile final : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  HookedFile(std::unique_ptr<FSWritableFile> file, std::string path, std::shared_ptr<const DiskHook> hook)
      : FSWritableFileOwnerWrapper(std::move(file)), path_(std::move(path)), hook_(std::move(hook)) {}

  IOStatus Append(const rocksdb::Slice& data, const IOOptions& options, IODebugContext* context) override {
    const IOStatus status = run(*hook_, DiskOperation::kAppend, path_);
    return status.ok() ? FSWritableFileOwnerWrapper::Append(data, options, context) : status;
  }
  IOStatus Append(const rocksdb::Slice& data, const IOOptions& options,
                  const rocksdb::DataVerificationInfo& verification, IODebugContext* context) override {
    const IOStatus status = run(*hook_, DiskOperation::kAppend, path_);
    return status.ok() ? FSWritableFileOwnerWrapper::Append(data, options, verification, context) : status;
  }
  IOStatus Sync(const IOOptions& options, IODebugContext* context) override {
    const IOStatus status = run(*hook_, DiskOperation::kSync, path_);
    return status.ok() ? FSWritableFileOwnerWrapper::Sync(options, context) : status;
  }
  IOStatus Fsync(const IOOptions& options, IODebugContext* context) override {
    const IOStatus status = run(*hook_, DiskOperation::kSync, path_);
    return status.ok() ? FSWritableFileOwnerWrapper::Fsync(options, context) : status;
  }

 private:
  std::string path_;
  std::shared_ptr<const DiskHook> hook_;
};

class HookedFiles final : public rocksdb::FileSystemWrapper {
 public:
  explicit HookedFiles(DiskHook hook)
      : FileSystemWrapper(rocksdb::FileSystem::Default()),
        hook_(std::make_shared<const DiskHook>(std::move(hook))) {}

  const char* Name() const override { return "HookedFiles"; }

  IOStatus NewWritableFile(const std::string& path, const FileOptions& options,
                           std::unique_ptr<FSWritableFile>* result, IODebugContext* context) override {
    const IOStatus status = FileSystemWrapper::NewWritableFile(path, options, result, context);
    if (status.ok()) *result = std::make_unique<HookedFile>(std::move(*result), path, hook_);
    return status;
  }

 private:
  std::shared_ptr<const DiskHook> hook_;
};

}  // namespace

std::shared_ptr<rocksdb::FileSystem> files_with_hook(DiskHook hook) {
  return std::make_shared<HookedFiles>(std::move(hook));
}

bool is_log(const std::string& path) { return path.ends_with(".log"); }

}  // namespace lamina::meta
