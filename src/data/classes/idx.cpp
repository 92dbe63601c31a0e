#include "data/classes/idx.h"

#include <algorithm>
#include <array>
#include <memory>
#include <new>
#include <string>

#include <zlib.h>

#include "base/error.h"
#include "base/format.h"

namespace spinenet::data {
namespace {

constexpr std::string_view kGzip = "\x1f\x8b";
constexpr size_t kPiece = 1 << 20;

struct EndInflate {
  void operator()(z_stream* stream) const {
    inflateEnd(stream);
    std::default_delete<z_stream>()(stream);
  }
};

// Front to back.
class IdxReader {
 public:
  explicit IdxReader(const IdxFile& file) : file_(file), plain_(file.bytes) {
    if (!file.bytes.starts_with(kGzip)) return;
    if (file.bytes.size() > UINT32_MAX) refuse("is too large");
    auto stream = std::make_unique<z_stream>();
    *stream = {};
    constexpr int kOfGzip = 16 + MAX_WBITS;
    if (inflateInit2(stream.get(), kOfGzip) != Z_OK) throw std::bad_alloc();
    stream_.reset(stream.release());
    stream_->next_in = reinterpret_cast<Bytef*>(const_cast<char*>(file.bytes.data()));  // which zlib does not write
    stream_->avail_in = static_cast<uInt>(file.bytes.size());
  }

  void read(std::span<uint8_t> bytes) {
    if (some(bytes) != bytes.size()) refuse("is cut off");
  }

  uint32_t word() {
    std::array<uint8_t, 4> b{};
    read(b);
    return uint32_t{b[0]} << 24 | uint32_t{b[1]} << 16 | uint32_t{b[2]} << 8 | b[3];
  }

  // The number of items, after the magic number; the sizes of an item must be `item_shape`.
  uint32_t header(std::span<const uint32_t> item_shape) {
    const auto magic = static_cast<uint32_t>(0x801 + item_shape.size());
    if (word() != magic) refuse(fmt::format("has not the IDX magic number {:#x}", magic));
    const uint32_t items = word();
    for (const uint32_t size : item_shape) {
      if (word() != size) refuse(fmt::format("has items not {} pixels wide", size));
    }
    if (items == 0 || items > kMostIdxItems) refuse(fmt::format("names {} items", items));
    return items;
  }

  void expect_end() {
    uint8_t extra = 0;
    const bool more = some({&extra, 1}) != 0 || (stream_ && stream_->avail_in > 0);
    if (more) refuse("holds more than its header says");
  }

 private:
  [[noreturn]] void refuse(std::string_view what) const { fail(ErrorKind::bad_data, what, file_.place, file_.remedy); }

  // As many bytes as there are. A gzip file may consist of several.
  size_t some(std::span<uint8_t> bytes) {
    if (!stream_) {
      const size_t count = std::min(bytes.size(), plain_.size());
      std::copy_n(plain_.begin(), count, bytes.begin());
      plain_.remove_prefix(count);
      return count;
    }
    stream_->next_out = bytes.data();
    stream_->avail_out = static_cast<uInt>(bytes.size());
    while (stream_->avail_out > 0 && !ended_) {
      const int code = inflate(stream_.get(), Z_NO_FLUSH);
      if (code == Z_STREAM_END) {
        const std::string_view behind(reinterpret_cast<const char*>(stream_->next_in), stream_->avail_in);
        ended_ = !behind.starts_with(kGzip) || inflateReset(stream_.get()) != Z_OK;
      } else if (code == Z_BUF_ERROR) {
        refuse("is cut off");
      } else if (code != Z_OK) {
        refuse("is damaged: its gzip coding or its checksum is wrong");
      }
    }
    return bytes.size() - stream_->avail_out;
  }

  IdxFile file_;
  std::string_view plain_;  // not read yet, of a file that is not gzipped
  std::unique_ptr<z_stream, EndInflate> stream_;
  bool ended_ = false;
};

}  // namespace

std::vector<uint8_t> parse_idx(const IdxFile& file, std::span<const uint32_t> item_shape) {
  IdxReader reader(file);
  size_t bytes = reader.header(item_shape);
  for (const uint32_t size : item_shape) bytes *= size;
  std::vector<uint8_t> content;
  while (content.size() < bytes) {
    const size_t before = content.size();
    content.resize(std::min(bytes, before + std::max(before, kPiece)));
    reader.read(std::span(content).subspan(before));
  }
  reader.expect_end();
  return content;
}

}  // namespace spinenet::data
