// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lamina/result.h"
#include "lamina/stream.h"

namespace lamina {

// ---- Packing ------------------------------------------------------------------------------------------

/// Which entries of a directory stay out of its archive. Patterns are the gitignore subset of Flux
/// (fluxcd/pkg/sourceignore): the last that matches decides, `!` includes again (below an excluded directory
/// too), a trailing `/` matches directories only, a pattern without another `/` matches any part of the
/// path, any other is anchored at the directory it is written for. Blank lines and lines from `#` are
/// skipped.
struct IgnoreRules {
  /// Adds Flux's own patterns with the lowest priority: version control always (`.git/`, `.gitignore`, ...),
  /// pictures, archives and CI files only where neither `patterns` nor a `.sourceignore` gives a pattern.
  bool flux_defaults = false;
  /// Reads `.sourceignore` in the directory and below it (except in `.git`), each for its own directory; one
  /// that is a link does not count.
  bool source_ignore_files = true;
  /// Relative to the packed directory; above all others in priority.
  std::vector<std::string> patterns = {};
};

enum class PackModes : std::uint8_t {
  kNormalised,  ///< 0750 directories, 0700 files that anybody may execute, else 0600: as Flux's storage.
  kKept,        ///< Permission bits (0777) as on disk: as `flux push artifact` and ocm-controller v1.
};

struct PackOptions {
  PackModes modes = PackModes::kNormalised;
  bool gzip = true;  ///< False: plain tar.
  IgnoreRules ignore = {};
};

struct PackStats {
  std::uint64_t entries = 0;               ///< Files and directories in the archive, its root included.
  std::uint64_t tar_bytes = 0;             ///< Before compression.
  std::uint64_t output_bytes = 0;          ///< Handed to the sink.
  std::uint64_t ignored = 0;               ///< Left out by IgnoreRules.
  std::uint64_t dropped = 0;               ///< Neither file nor directory: symlinks, devices, sockets, FIFOs.
  std::vector<std::string> first_dropped;  ///< Names of the first ten of them, for a message.
};

/// Writes `directory` to `sink` as a reproducible tar or tar.gz: bytes depend only on names, contents,
/// modes (as chosen) and the version of zlib, never on times, owners, the order on disk or the machine.
/// The tar equals that of Flux's storage byte for byte (Go archive/tar, ustar with PAX where a name is not
/// ASCII or too long, or a file is 8 GiB or more); the gzip has no name and no time.
/// Memory: about half a MiB, and the names of the directories on the path to the current entry.
/// Symlinks are dropped, not followed; `directory` itself may be one.
/// Errors name the path. kNotFound: no such directory. kInvalid: not a directory, or a name holds a
/// backslash, is longer than 4096 bytes or 128 levels, all of which unpacking refuses. kDenied: not readable.
/// kConflict: a file or directory went away or changed size while it was read. kTooLarge: a `.sourceignore`
/// over 1 MiB. The sink's own errors pass through. After an error the bytes written are not a valid archive.
Result<PackStats> pack_directory(const std::filesystem::path& directory, const PackOptions& options,
                                 Sink& sink);

// ---- Compression --------------------------------------------------------------------------------------

enum class Compression : std::uint8_t { kNone, kGzip, kZstd };

std::string_view to_string(Compression compression);

/// By magic bytes; four bytes are enough. kNone for anything else, an empty `start` included.
Compression detect_compression(std::span<const std::byte> start);

/// Compresses what is written to it into another sink: gzip (RFC 1952) at level 6, header
/// 1f 8b 08 00 00000000 00 ff. The output depends on the input only, not on how it is cut into writes.
class GzipSink : public Sink {
 public:
  /// `output` must outlive this sink.
  explicit GzipSink(Sink& output);
  ~GzipSink() override;

  Result<void> write(std::span<const std::byte> bytes) override;
  /// Ends the stream; to be called once, after the last write. Without it the output is truncated.
  Result<void> finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Bounds on what a compressed stream may grow to, so that a small download cannot fill a disk.
struct DecompressLimits {
  /// Bytes after decompression. 16 GiB: above any chart, tree or model that is passed between controllers,
  /// below the free space of the volumes that they unpack to.
  std::uint64_t max_bytes = std::uint64_t{16} << 30;
  /// Output per byte of compressed input. Text and trees of small files reach 20 to 100; deflate ends at
  /// 1032, which only bombs and files of zeros come near to.
  std::uint64_t max_ratio = 250;
  /// The ratio counts from here on, as what is smaller harms nobody: 64 MiB.
  std::uint64_t ratio_from_bytes = std::uint64_t{64} << 20;
};

/// Reads gzip, zstd or plain bytes, whichever `input` starts with (as Uncompressed() of
/// go-containerregistry). Several gzip members or zstd frames in a row are one stream.
/// Memory: 64 KiB and the window: 32 KiB for gzip, at most 8 MiB for zstd (the bound of RFC 8878).
/// read() fails with kInvalid on a truncated or damaged stream and on anything behind it, kTooLarge past a
/// limit, kUnsupported on a zstd window over 8 MiB.
class DecompressingSource : public Source {
 public:
  /// `input` must outlive this source.
  explicit DecompressingSource(Source& input, const DecompressLimits& limits = {});
  ~DecompressingSource() override;

  Result<std::size_t> read(std::span<std::byte> buffer) override;
  /// What the input turned out to be; empty before the first read().
  std::optional<Compression> compression() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Moves everything from `source` to `sink` by pieces of 64 KiB; returns the bytes moved.
Result<std::uint64_t> copy_stream(Source& source, Sink& sink);

// ---- Unpacking ----------------------------------------------------------------------------------------

enum class LinkPolicy : std::uint8_t {
  kReject,  ///< A symbolic or hard link in the archive fails the whole.
  kSkip,    ///< Links are left out and counted, as Flux's consumers do.
};

struct UnpackOptions {
  LinkPolicy links = LinkPolicy::kReject;
  /// Over the whole tar: headers and padding count.
  DecompressLimits limits = {};
  /// Files, directories and skipped links: each may cost an inode. A million is fifty times the largest tree
  /// that Lamina is tested with, and a tenth of the inodes of a 160 GiB ext4 volume.
  std::uint64_t max_entries = 1'000'000;
};

struct UnpackStats {
  std::uint64_t files = 0;
  std::uint64_t directories = 0;  ///< Named in the archive, its root included.
  std::uint64_t skipped_links = 0;
  std::uint64_t file_bytes = 0;
  std::uint64_t tar_bytes = 0;  ///< Before compression.
  Compression compression = Compression::kNone;
};

/// Unpacks a tar, tar.gz or tar.zst to `destination`, all or nothing. Safe for archives from anybody.
///
/// `destination` must not exist, its parent must; or be an empty directory. The tree is built in a new
/// directory
/// `.lamina-unpack-XXXXXX` beside it and renamed when the archive has ended well. In an empty destination,
/// which may be a mount point, it is built inside and moved up, entry by entry. On an error what was made is
/// removed. Not synced to disk: after a power loss unpack again.
///
/// Accepted: ustar, PAX and GNU long names; regular files and directories. Directories that are only implied
/// are made with 0755. Modes are the archive's permission bits whatever the umask (no setuid, setgid,
/// sticky), 0700 added to directories; owner, times and extended attributes are not restored. Refused: names
/// that are empty, absolute, longer than 4096 bytes or 128 levels, or hold `..`, a backslash or NUL; a name
/// that occurs twice, unless both are directories; links (see LinkPolicy), devices, FIFOs, sparse files; an
/// archive without its end mark, or with anything but zeros behind it. Nothing is written outside of the new
/// directory: each name is opened part by part without following links.
///
/// Errors: kInvalid for a malformed or refused archive, kUnsupported for an entry of a refused type,
/// kTooLarge for a passed limit, kConflict where `destination` is in use, kNotFound where its parent is
/// missing, kNoSpace for a full disk or quota, kDenied for missing rights. Errors of `source` pass through.
Result<UnpackStats> unpack(Source& source, const std::filesystem::path& destination,
                           const UnpackOptions& options = {});

}  // namespace lamina
