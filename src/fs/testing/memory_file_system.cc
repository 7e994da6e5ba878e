// SPDX-License-Identifier: Apache-2.0
#include "fs/testing/memory_file_system.h"

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace lamina::fs {
namespace {

constexpr std::size_t kPage = 4096;

}  // namespace

struct MemoryFileSystem::Node {
  using Entries = std::map<std::string, std::shared_ptr<Node>>;

  bool directory = false;
  std::vector<std::byte> bytes, synced_bytes;
  Entries entries, synced_entries;
  std::weak_ptr<const int> lock;
};

struct MemoryFileSystem::State {
  mutable std::mutex mutex;  // Guards all below and every node.
  Fault fault;
  std::uint64_t calls = 0;
  std::shared_ptr<Node> root = std::make_shared<Node>();

  /// Counts the call; its error if the test wants one.
  Result<void> enter(Operation operation, const Path& path) {
    const Call call{calls++, operation, path};
    if (!fault) return {};
    if (auto error = fault(call)) return std::unexpected(*std::move(error));
    return {};
  }

  Result<std::shared_ptr<Node>> find(const Path& path) const {
    std::shared_ptr<Node> node = root;
    for (const Path& part : path.lexically_normal().relative_path()) {
      if (part.empty() || part == ".") continue;
      const auto found = node->entries.find(part.string());
      if (found == node->entries.end()) return fail(Code::kNotFound, path.string() + ": no such file");
      node = found->second;
    }
    return node;
  }

  Result<std::shared_ptr<Node>> directory(const Path& path) const {
    LAMINA_ASSIGN(std::shared_ptr<Node> node, find(path));
    if (!node->directory) return fail(Code::kNotFound, path.string() + ": not a directory");
    return node;
  }

  Result<std::shared_ptr<Node>> file(const Path& path) const {
    LAMINA_ASSIGN(std::shared_ptr<Node> node, find(path));
    if (node->directory) return fail(Code::kInternal, path.string() + ": is a directory");
    return node;
  }

  /// A new node under a name that must be free.
  Result<std::shared_ptr<Node>> add(const Path& path, bool as_directory) {
    LAMINA_ASSIGN(const std::shared_ptr<Node> parent, directory(path.parent_path()));
    auto node = std::make_shared<Node>();
    node->directory = as_directory;
    if (!parent->entries.emplace(path.filename().string(), node).second) {
      return fail(Code::kConflict, path.string() + ": exists");
    }
    return node;
  }

  /// Every node that has a name now or has one on the disk, in the order of its path.
  std::vector<std::shared_ptr<Node>> nodes() const {
    std::vector<std::shared_ptr<Node>> ordered{root};
    std::set<const Node*> seen{root.get()};
    for (std::size_t next = 0; next < ordered.size(); ++next) {
      const std::shared_ptr<Node> node = ordered[next];
      for (const Node::Entries* entries : {&node->synced_entries, &node->entries}) {
        for (const auto& [name, child] : *entries) {
          if (seen.insert(child.get()).second) ordered.push_back(child);
        }
      }
    }
    return ordered;
  }
};

class MemoryFileSystem::OpenFile final : public File {
 public:
  OpenFile(std::shared_ptr<State> state, std::shared_ptr<Node> node, Path path, bool writable)
      : state_(std::move(state)), node_(std::move(node)), path_(std::move(path)), writable_(writable) {}

  Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> buffer) const override {
    const std::scoped_lock lock(state_->mutex);
    LAMINA_TRY(state_->enter(Operation::kRead, path_));
    const std::span<const std::byte> bytes = node_->bytes;
    if (offset >= bytes.size()) return 0;
    const auto part = bytes.subspan(offset, std::min<std::size_t>(buffer.size(), bytes.size() - offset));
    std::ranges::copy(part, buffer.begin());
    return part.size();
  }

  Result<void> write_at(std::uint64_t offset, std::span<const std::byte> bytes) override {
    const std::scoped_lock lock(state_->mutex);
    auto entered = state_->enter(Operation::kWrite, path_);
    LAMINA_TRY(must_be_writable());
    if (!entered) bytes = bytes.first(bytes.size() / 2);
    if (node_->bytes.size() < offset + bytes.size()) node_->bytes.resize(offset + bytes.size());
    std::ranges::copy(bytes, node_->bytes.begin() + static_cast<std::ptrdiff_t>(offset));
    return entered;
  }

  Result<void> sync() override {
    const std::scoped_lock lock(state_->mutex);
    if (sync_failed_) return fail(Code::kInternal, "sync " + path_.string() + ": an earlier sync failed");
    auto entered = state_->enter(Operation::kSync, path_);
    sync_failed_ = !entered;
    if (entered) node_->synced_bytes = node_->bytes;
    return entered;
  }

  Result<std::uint64_t> size() const override {
    const std::scoped_lock lock(state_->mutex);
    LAMINA_TRY(state_->enter(Operation::kSize, path_));
    return node_->bytes.size();
  }

  Result<void> truncate(std::uint64_t size) override {
    const std::scoped_lock lock(state_->mutex);
    LAMINA_TRY(state_->enter(Operation::kTruncate, path_));
    LAMINA_TRY(must_be_writable());
    node_->bytes.resize(size);
    return {};
  }

 private:
  Result<void> must_be_writable() const {
    if (writable_) return {};
    return fail(Code::kInternal, path_.string() + ": open for reading only");
  }

  std::shared_ptr<State> state_;
  std::shared_ptr<Node> node_;
  Path path_;
  bool writable_;
  bool sync_failed_ = false;
};

MemoryFileSystem::MemoryFileSystem() : state_(std::make_shared<State>()) { state_->root->directory = true; }
MemoryFileSystem::~MemoryFileSystem() = default;

void MemoryFileSystem::set_fault(Fault fault) { state_->fault = std::move(fault); }

std::uint64_t MemoryFileSystem::calls() const {
  const std::scoped_lock lock(state_->mutex);
  return state_->calls;
}

void MemoryFileSystem::lose_unsynced() {
  const std::scoped_lock lock(state_->mutex);
  for (const std::shared_ptr<Node>& node : state_->nodes()) {
    node->bytes = node->synced_bytes;
    node->entries = node->synced_entries;
    node->lock.reset();
  }
}

void MemoryFileSystem::lose_unsynced(std::uint64_t seed) {
  const std::scoped_lock lock(state_->mutex);
  std::mt19937_64 random(seed);
  const auto coin = [&random] { return (random() & 1) != 0; };

  const std::vector<std::shared_ptr<Node>> nodes = state_->nodes();
  std::set<Node*> linked;  // That have a name before the loss.
  std::set<Node*> kept;    // That have one after it for sure.
  std::vector<Node::Entries> after(nodes.size());
  for (std::size_t index = 0; index < nodes.size(); ++index) {
    const Node& node = *nodes[index];
    after[index] = node.synced_entries;
    for (const auto& [name, child] : node.entries) {
      linked.insert(child.get());
      const auto synced = node.synced_entries.find(name);
      if ((synced != node.synced_entries.end() && synced->second == child) || coin()) {
        after[index][name] = child;
        kept.insert(child.get());
      }
    }
  }
  for (std::size_t index = 0; index < nodes.size(); ++index) {
    Node& node = *nodes[index];
    for (const auto& [name, child] : node.synced_entries) {
      const bool removed = !node.entries.contains(name);
      const bool renamed = linked.contains(child.get());
      if (removed && (!renamed || kept.contains(child.get())) && coin()) after[index].erase(name);
    }
    node.entries = std::move(after[index]);
    node.synced_entries = node.entries;
    node.lock.reset();

    if (node.bytes != node.synced_bytes) {
      std::vector<std::byte> bytes = node.synced_bytes;
      if (coin()) bytes.resize(node.bytes.size());
      for (std::size_t start = 0; start < std::min(bytes.size(), node.bytes.size()); start += kPage) {
        const std::size_t length = std::min({kPage, bytes.size() - start, node.bytes.size() - start});
        if (coin()) std::copy_n(node.bytes.data() + start, length, bytes.data() + start);
      }
      node.bytes = std::move(bytes);
      node.synced_bytes = node.bytes;
    }
  }
}

Result<std::unique_ptr<File>> MemoryFileSystem::open(const Path& path) {
  const std::scoped_lock lock(state_->mutex);
  LAMINA_TRY(state_->enter(Operation::kOpen, path));
  LAMINA_ASSIGN(std::shared_ptr<Node> node, state_->file(path));
  return std::make_unique<OpenFile>(state_, std::move(node), path, false);
}

Result<std::unique_ptr<File>> MemoryFileSystem::open_writable(const Path& path) {
  const std::scoped_lock lock(state_->mutex);
  LAMINA_TRY(state_->enter(Operation::kOpenWritable, path));
  LAMINA_ASSIGN(std::shared_ptr<Node> node, state_->file(path));
  return std::make_unique<OpenFile>(state_, std::move(node), path, true);
}

Result<std::unique_ptr<File>> MemoryFileSystem::create(const Path& path) {
  const std::scoped_lock lock(state_->mutex);
  LAMINA_TRY(state_->enter(Operation::kCreate, path));
  LAMINA_ASSIGN(std::shared_ptr<Node> node, state_->add(path, false));
  return std::make_unique<OpenFile>(state_, std::move(node), path, true);
}

Result<void> MemoryFileSystem::rename(const Path& from, const Path& to) {
  const std::scoped_lock lock(state_->mutex);
  LAMINA_TRY(state_->enter(Operation::kRename, from));
  LAMINA_ASSIGN(std::shared_ptr<Node> node, state_->find(from));
  LAMINA_ASSIGN(const std::shared_ptr<Node> target, state_->directory(to.parent_path()));
  LAMINA_ASSIGN(const std::shared_ptr<Node> source, state_->directory(from.parent_path()));
  std::shared_ptr<Node>& entry = target->entries[to.filename().string()];
  // rename(2): two names of one file stay as they are.
  if (entry == node) return {};
  entry = std::move(node);
  source->entries.erase(from.filename().string());
  return {};
}

Result<void> MemoryFileSystem::remove(const Path& path) {
  const std::scoped_lock lock(state_->mutex);
  LAMINA_TRY(state_->enter(Operation::kRemove, path));
  LAMINA_TRY(state_->file(path));
  LAMINA_ASSIGN(const std::shared_ptr<Node> parent, state_->directory(path.parent_path()));
  parent->entries.erase(path.filename().string());
  return {};
}

Result<void> MemoryFileSystem::make_directory(const Path& path) {
  const std::scoped_lock lock(state_->mutex);
  LAMINA_TRY(state_->enter(Operation::kMakeDirectory, path));
  if (state_->directory(path)) return {};
  LAMINA_TRY(state_->add(path, true));
  return {};
}

Result<void> MemoryFileSystem::sync_directory(const Path& path) {
  const std::scoped_lock lock(state_->mutex);
  LAMINA_TRY(state_->enter(Operation::kSyncDirectory, path));
  LAMINA_ASSIGN(const std::shared_ptr<Node> node, state_->directory(path));
  node->synced_entries = node->entries;
  return {};
}

Result<std::vector<std::string>> MemoryFileSystem::list(const Path& path) {
  const std::scoped_lock lock(state_->mutex);
  LAMINA_TRY(state_->enter(Operation::kList, path));
  LAMINA_ASSIGN(const std::shared_ptr<Node> node, state_->directory(path));
  std::vector<std::string> names;
  for (const auto& [name, child] : node->entries) names.push_back(name);
  return names;
}

Result<std::unique_ptr<Lock>> MemoryFileSystem::lock(const Path& path) {
  class HeldLock final : public Lock {
   public:
    explicit HeldLock(std::shared_ptr<const int> token) : token_(std::move(token)) {}

   private:
    std::shared_ptr<const int> token_;  // The file is locked while this lives.
  };

  const std::scoped_lock lock(state_->mutex);
  LAMINA_TRY(state_->enter(Operation::kLock, path));
  auto found = state_->find(path);
  if (!found) found = state_->add(path, false);
  LAMINA_ASSIGN(const std::shared_ptr<Node> node, std::move(found));
  if (!node->lock.expired()) return fail(Code::kConflict, "lock " + path.string() + ": another holds it");
  auto token = std::make_shared<const int>();
  node->lock = token;
  return std::make_unique<HeldLock>(std::move(token));
}

}  // namespace lamina::fs
