// SPDX-License-Identifier: Apache-2.0
#include "store/records.h"

#include <limits>

#include "store/keys.h"

namespace lamina::store {
namespace {

constexpr char kVersion = 1;

class Encoder {
 public:
  Encoder& number(std::uint64_t value) {
    while (value >= 0x80) {
      out_ += static_cast<char>((value & 0x7f) | 0x80);
      value >>= 7;
    }
    out_ += static_cast<char>(value);
    return *this;
  }
  Encoder& text(std::string_view value) {
    number(value.size());
    out_ += value;
    return *this;
  }
  Encoder& time(UnixTime value) {
    return number(static_cast<std::uint64_t>(value.time_since_epoch().count()));
  }
  Encoder& digest(const Digest& value) { return text(keys::of(value)); }
  std::string take() { return std::move(out_); }

 private:
  std::string out_{kVersion};
};

/// Reads what Encoder wrote. After the first fault every read gives zero and ok() is false.
class Decoder {
 public:
  explicit Decoder(std::string_view bytes) : rest_(bytes) {
    ok_ = !rest_.empty() && rest_.front() == kVersion;
    if (ok_) rest_.remove_prefix(1);
  }
  std::uint64_t number() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; ok_ && shift < 64; shift += 7) {
      if (rest_.empty()) break;
      const auto byte = static_cast<unsigned char>(rest_.front());
      rest_.remove_prefix(1);
      value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
      // One form for each number: no more bytes than it needs, none beyond 64 bits.
      if ((byte == 0 && shift > 0) || (byte > 1 && shift == 63)) break;
      if (byte < 0x80) return value;
    }
    ok_ = false;
    return 0;
  }
  std::string_view text() {
    const std::uint64_t size = number();
    if (!ok_ || size > rest_.size()) {
      ok_ = false;
      return {};
    }
    const std::string_view value = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return value;
  }
  UnixTime time() { return UnixTime{std::chrono::seconds{static_cast<std::int64_t>(number())}}; }
  Digest digest() {
    std::string_view bytes = text();
    auto value = keys::take_digest(bytes);
    if (!value || !bytes.empty()) ok_ = false;
    return value.value_or(Digest{});
  }
  std::uint32_t number32() {
    const std::uint64_t value = number();
    if (value > std::numeric_limits<std::uint32_t>::max()) ok_ = false;
    return static_cast<std::uint32_t>(value);
  }
  bool flag() {
    const std::uint64_t value = number();
    if (value > 1) ok_ = false;
    return value == 1;
  }
  template <class Enum>
  Enum one_of(Enum last) {
    const std::uint64_t value = number();
    if (value < 1 || value > static_cast<std::uint64_t>(last)) ok_ = false;
    return static_cast<Enum>(value);
  }
  bool ok() const { return ok_; }
  static std::unexpected<Error> damaged() {
    return fail(Code::kCorrupt,
                "a record does not have the form of format version 1; the records are damaged");
  }
  /// The record, if all of the bytes were read and fitted.
  template <class Record>
  Result<Record> done(Record record) const {
    if (ok_ && rest_.empty()) return record;
    return damaged();
  }

 private:
  std::string_view rest_;
  bool ok_;
};

}  // namespace

std::string encode(const BlobRecord& r) {
  return Encoder()
      .number(r.size)
      .number(static_cast<std::uint64_t>(r.place))
      .text(r.id.str())
      .number(r.quarantined)
      .number(r.checksum)
      .take();
}
template <>
Result<BlobRecord> decode(std::string_view bytes) {
  Decoder in(bytes);
  BlobRecord r;
  r.size = in.number();
  r.place = in.one_of(BlobRecord::Place::kStore);
  r.id = blob::BlobId(std::string(in.text()));
  r.quarantined = in.flag();
  r.checksum = in.number32();
  return in.done(std::move(r));
}

std::string encode(const LinkRecord& r) { return Encoder().time(r.lease).take(); }
template <>
Result<LinkRecord> decode(std::string_view bytes) {
  Decoder in(bytes);
  return in.done(LinkRecord{in.time()});
}

std::string encode(const ManifestRecord& r) {
  return Encoder().text(r.media_type).text(r.bytes).time(r.pushed).time(r.expires).number(r.condemned).take();
}
template <>
Result<ManifestRecord> decode(std::string_view bytes) {
  Decoder in(bytes);
  ManifestRecord r;
  r.media_type = in.text();
  r.bytes = in.text();
  r.pushed = in.time();
  r.expires = in.time();
  r.condemned = in.flag();
  return in.done(std::move(r));
}

std::string encode(const TagRecord& r) { return Encoder().digest(r.digest).time(r.updated).take(); }
template <>
Result<TagRecord> decode(std::string_view bytes) {
  Decoder in(bytes);
  TagRecord r;
  r.digest = in.digest();
  r.updated = in.time();
  return in.done(r);
}

std::string encode(const TagCountRecord& r) { return Encoder().number(r.tags).time(r.untagged).take(); }
template <>
Result<TagCountRecord> decode(std::string_view bytes) {
  Decoder in(bytes);
  TagCountRecord r;
  r.tags = in.number();
  r.untagged = in.time();
  return in.done(r);
}

std::string encode(const RepositoryRecord& r) { return Encoder().time(r.made).take(); }
template <>
Result<RepositoryRecord> decode(std::string_view bytes) {
  Decoder in(bytes);
  return in.done(RepositoryRecord{in.time()});
}

std::string encode(const UploadRecord& r) {
  Encoder out;
  out.text(r.repository).number(static_cast<std::uint64_t>(r.algorithm)).time(r.started);
  out.number(static_cast<std::uint64_t>(r.state));
  if (r.digest) out.digest(*r.digest);
  return out.take();
}
template <>
Result<UploadRecord> decode(std::string_view bytes) {
  Decoder in(bytes);
  UploadRecord r;
  r.repository = in.text();
  r.algorithm = in.one_of(Algorithm::kSha512);
  r.started = in.time();
  r.state = in.one_of(UploadRecord::State::kPublishing);
  if (r.state == UploadRecord::State::kPublishing) r.digest = in.digest();
  return in.done(std::move(r));
}

std::string encode(const ChangeRecord& r) {
  return Encoder()
      .number(static_cast<std::uint64_t>(r.kind))
      .text(r.repository)
      .text(r.tag)
      .digest(r.digest)
      .take();
}
template <>
Result<ChangeRecord> decode(std::string_view bytes) {
  Decoder in(bytes);
  ChangeRecord r;
  r.kind = in.one_of(ChangeRecord::Kind::kManifestRemoved);
  r.repository = in.text();
  r.tag = in.text();
  r.digest = in.digest();
  return in.done(std::move(r));
}

std::string encode(const LogRecord& r) {
  Encoder out;
  out.number(r.cut).number(r.marks.size());
  for (const LogRecord::Mark& mark : r.marks) out.time(mark.when).number(mark.sequence);
  return out.take();
}
template <>
Result<LogRecord> decode(std::string_view bytes) {
  Decoder in(bytes);
  LogRecord r;
  r.cut = in.number();
  for (std::uint64_t left = in.number(); left > 0 && in.ok(); --left) {
    const UnixTime when = in.time();
    r.marks.push_back({when, in.number()});
  }
  return in.done(std::move(r));
}

std::string encode(const HolderRecord& r) {
  Encoder out;
  out.text(r.uid).time(r.changed).number(r.holds.size());
  for (const HeldManifest& held : r.holds) out.text(held.repository.str()).digest(held.digest);
  return out.take();
}
template <>
Result<HolderRecord> decode(std::string_view bytes) {
  Decoder in(bytes);
  HolderRecord r;
  r.uid = in.text();
  r.changed = in.time();
  for (std::uint64_t left = in.number(); in.ok() && left > 0; --left) {
    auto repository = RepositoryName::parse(in.text());
    if (!repository) return Decoder::damaged();
    r.holds.push_back({*std::move(repository), in.digest()});
  }
  return in.done(std::move(r));
}

std::string encode(const SyncRecord& r) {
  return Encoder().number(r.generation).time(r.began).time(r.finished).take();
}
template <>
Result<SyncRecord> decode(std::string_view bytes) {
  Decoder in(bytes);
  SyncRecord r;
  r.generation = in.number();
  r.began = in.time();
  r.finished = in.time();
  return in.done(r);
}

std::string encode(const OwnerRecord& r) {
  return Encoder().text(keys::holder(r.owner)).text(r.uid).number(r.released).take();
}
template <>
Result<OwnerRecord> decode(std::string_view bytes) {
  Decoder in(bytes);
  OwnerRecord r;
  auto owner = keys::parse_holder(in.text());
  if (!owner) return Decoder::damaged();
  r.owner = *std::move(owner);
  r.uid = in.text();
  r.released = in.flag();
  return in.done(std::move(r));
}

std::string encode_checksums(const std::vector<std::uint32_t>& pieces) {
  Encoder out;
  out.number(pieces.size());
  std::string packed;
  packed.reserve(pieces.size() * 4);
  for (std::uint32_t piece : pieces) {
    for (int shift = 0; shift < 32; shift += 8) packed += static_cast<char>((piece >> shift) & 0xff);
  }
  return out.text(packed).take();
}
Result<std::vector<std::uint32_t>> decode_checksums(std::string_view bytes) {
  Decoder in(bytes);
  const std::uint64_t count = in.number();
  const std::string_view packed = in.text();
  std::vector<std::uint32_t> pieces;
  if (packed.size() % 4 != 0 || packed.size() / 4 != count) {
    return fail(Code::kCorrupt, "the checksums of a blob do not have the form of format version 1");
  }
  pieces.reserve(packed.size() / 4);
  for (std::size_t at = 0; at < packed.size(); at += 4) {
    std::uint32_t piece = 0;
    for (std::size_t i = 4; i-- > 0;) piece = (piece << 8) | static_cast<unsigned char>(packed[at + i]);
    pieces.push_back(piece);
  }
  return in.done(std::move(pieces));
}

}  // namespace lamina::store
