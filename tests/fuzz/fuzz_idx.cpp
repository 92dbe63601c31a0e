// Any bytes as the two IDX files of a set of garments: two bytes say how long the file of labels is, which the file of
// images follows. They are read or refused as bad data, and what they hold does not depend on whether they are gzipped.
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>

#include <zlib.h>

#include "base/error.h"
#include "data/classes/fashion_mnist.h"

namespace spinenet {
namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

std::string gzipped(std::string_view bytes) {
  z_stream stream{};
  require(deflateInit2(&stream, 1, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  std::string out(deflateBound(&stream, bytes.size()), '\0');
  std::string in(bytes);
  stream.next_in = reinterpret_cast<Bytef*>(in.data());
  stream.avail_in = static_cast<uInt>(in.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  require(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

bool is_gzip(std::string_view bytes) {
  return bytes.starts_with("\x1f\x8b");
}

std::optional<data::FashionMnist> read(std::string_view images, std::string_view labels) {
  try {
    return data::parse_fashion_mnist({images, "images", "remedy"}, {labels, "labels", "remedy"});
  } catch (const Error& error) {
    require(error.kind() == ErrorKind::bad_data);
    return std::nullopt;
  }
}

void check(const data::FashionMnist& garments) {
  require(garments.size() > 0 && garments.pixels.size() == garments.labels.size() * data::kGarmentPixels);
  for (const uint8_t label : garments.labels) require(label < data::kGarmentNames.size());
}

}  // namespace
}  // namespace spinenet

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace spinenet;
  if (size < 2) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 2, size - 2);
  const std::string_view labels = bytes.substr(0, data[0] | data[1] << 8);
  const std::string_view images = bytes.substr(labels.size());
  const auto garments = read(images, labels);
  if (garments) check(*garments);
  if (is_gzip(images) || is_gzip(labels)) return 0;
  const auto zipped = read(gzipped(images), gzipped(labels));
  require(zipped.has_value() == garments.has_value());
  require(!zipped || (zipped->pixels == garments->pixels && zipped->labels == garments->labels));
  return 0;
}
