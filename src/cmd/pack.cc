// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <memory>

#include "cmd/commands.h"
#include "cmd/files.h"
#include "cmd/pack_arguments.h"
#include "cmd/quantity.h"
#include "cmd/report.h"
#include "lamina/archive.h"

namespace lamina::cmd {
namespace {

struct Arguments {
  std::string directory;
  std::string to;
  PackArguments packing;
};

/// Hashes what goes through it, and stops at a signal. Without an output it only hashes.
class HashingSink final : public Sink {
 public:
  HashingSink(Sink* output, const std::function<int()>& caught_signal)
      : output_(output), caught_signal_(caught_signal) {}

  Result<void> write(std::span<const std::byte> bytes) override {
    if (caught_signal_() != 0) return fail(Code::kCancelled, "interrupted while packing");
    hasher_.update(bytes);
    return output_ == nullptr ? Result<void>{} : output_->write(bytes);
  }
  Digest digest() const { return hasher_.digest(); }

 private:
  Sink* output_;
  const std::function<int()>& caught_signal_;
  Hasher hasher_;
};

Report report(const Arguments& arguments, const PackStats& stats, const Digest& digest) {
  Report made;
  made.content_on_stdout = arguments.to == "-";
  made.warning = dropped_warning(stats);
  made.text = rows({{"digest", digest.to_string()},
                    {"size", fmt::format("{} ({} entries)", format_size(stats.output_bytes), stats.entries)},
                    {"left out", stats.ignored > 0 ? fmt::format("{} by patterns", stats.ignored) : ""}});
  made.brief = digest.to_string() + '\n';
  auto json = json_writer();
  json.begin_object();
  json.name("digest").string(digest.to_string());
  json.name("size").integer(stats.output_bytes);
  json.name("tarSize").integer(stats.tar_bytes);
  json.name("entries").integer(stats.entries);
  json.name("ignored").integer(stats.ignored);
  json.name("dropped").integer(stats.dropped);
  json.end_object();
  made.json = json.take();
  return made;
}

Result<Report> run(const Arguments& arguments, Context& context) {
  context.catch_signals();
  std::unique_ptr<NewFile> file;
  Sink* output = arguments.to == "-" ? &context.out : nullptr;
  if (output == nullptr && !arguments.to.empty()) {
    LAMINA_ASSIGN(file, NewFile::create(arguments.to));
    output = file.get();
  }
  HashingSink sink(output, context.caught_signal);
  LAMINA_ASSIGN(const PackStats stats,
                pack_directory(arguments.directory, arguments.packing.options(), sink));
  if (file != nullptr) LAMINA_TRY(file->publish());
  return report(arguments, stats, sink.digest());
}

}  // namespace

Command pack_command() {
  const auto arguments = std::make_shared<Arguments>();
  Command command{
      .name = "pack",
      .summary = "Pack a directory as a reproducible archive",
      .description =
          "Packs a directory as `lamina push` does, into a tar.gz that depends on names, contents and "
          "permissions only. Without --to, nothing is written: the digest tells whether two trees are the "
          "same.",
      .examples = {{"To a file", "lamina pack ./deploy --to deploy.tar.gz"},
                   {"The digest that the layer will have", "lamina pack ./deploy -o json | jq -r .digest"}},
      .arguments = {},
      .options = {},
      .run = [arguments](Context& context) { return run(*arguments, context); }};
  command.argument("DIR", arguments->directory, "The directory").completes = Completes::kDirectories;
  command.option("--to", "PATH", arguments->to, "The file to make; - is standard output").completes =
      Completes::kFiles;
  arguments->packing.declare(command);
  return command;
}

}  // namespace lamina::cmd
