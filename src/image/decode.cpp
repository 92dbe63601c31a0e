#include "image/decode.h"

#include <algorithm>
#include <array>
#include <fstream>
#include <string>

#include "base/error.h"
#include "base/files.h"
#include "base/format.h"
#include "image/jpeg.h"
#include "image/orientation.h"
#include "image/png.h"

namespace spinenet::image {
namespace {

constexpr const char* kRemedy = "the file is damaged; get it again or remove it";
constexpr size_t kPrefix = size_t{64} << 10;  // nearly every JPEG header fits

std::span<const uint8_t> as_bytes(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

// What other image format the bytes are, or "".
std::string_view foreign_format(std::string_view bytes) {
  struct Magic {
    size_t offset;
    std::string_view mark, name;
  };
  using namespace std::string_view_literals;
  static constexpr std::array<Magic, 9> kMagics = {{{0, "GIF8"sv, "GIF"},
                                                    {8, "WEBP"sv, "WebP"},
                                                    {0, "BM"sv, "BMP"},
                                                    {0, "II*\0"sv, "TIFF"},
                                                    {0, "MM\0*"sv, "TIFF"},
                                                    {4, "ftypavif"sv, "AVIF"},
                                                    {4, "ftyphei"sv, "HEIC"},
                                                    {4, "ftypmif1"sv, "HEIF"},
                                                    {4, "jP  "sv, "JPEG 2000"}}};
  for (const Magic& magic : kMagics) {
    if (bytes.size() > magic.offset && bytes.substr(magic.offset).starts_with(magic.mark)) return magic.name;
  }
  return {};
}

[[noreturn]] void fail_format(std::span<const uint8_t> bytes, std::string_view place) {
  if (bytes.empty()) fail(ErrorKind::bad_data, "the image is empty", place, kRemedy);
  const std::string_view name = foreign_format({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  if (!name.empty()) {
    fail(ErrorKind::bad_data, fmt::format("{} images are not read", name), place, "convert it to JPEG or PNG");
  }
  const auto first = bytes.first(std::min<size_t>(bytes.size(), 8));
  fail(ErrorKind::bad_data, fmt::format("neither JPEG nor PNG (it begins with {:02x})", fmt::join(first, " ")), place,
       "give a JPEG or PNG image");
}

[[noreturn]] void fail_header(std::string_view format, std::string_view place) {
  fail(ErrorKind::bad_data, fmt::format("the {} header is cut or corrupt", format), place, kRemedy);
}

void check_bytes(uint64_t count, std::string_view place, const DecodeLimits& limits) {
  if (count <= static_cast<uint64_t>(limits.max_bytes)) return;
  fail(ErrorKind::bad_data, fmt::format("an image of {} bytes exceeds the limit of {}", count, limits.max_bytes), place,
       "store it smaller");
}

void check_pixels(ImageSize size, std::string_view place, const DecodeLimits& limits) {
  if (int64_t{size.height} * size.width <= limits.max_pixels) return;
  fail(ErrorKind::bad_data,
       fmt::format("an image of {} x {} (height x width) exceeds the limit of {} pixels", size.height, size.width,
                   limits.max_pixels),
       place, "scale it down");
}

void check_scans(std::span<const uint8_t> bytes, std::string_view place, const DecodeLimits& limits) {
  if (count_jpeg_scans(bytes, limits.max_scans) <= limits.max_scans) return;
  fail(ErrorKind::bad_data, fmt::format("the JPEG has more than {} scans", limits.max_scans), place,
       "store it as a baseline JPEG");
}

}  // namespace

std::string read_limited(const std::filesystem::path& path, const DecodeLimits& limits) {
  std::error_code unknown;
  const uint64_t count = std::filesystem::file_size(path, unknown);
  if (!unknown) check_bytes(count, path.string(), limits);
  return read_file(path);
}

Image decode_image(std::span<const uint8_t> bytes, std::string_view place, const DecodeLimits& limits) {
  check_bytes(bytes.size(), place, limits);
  if (is_jpeg(bytes)) {
    const auto header = parse_jpeg_header(bytes);
    if (!header) fail_header("JPEG", place);
    check_pixels(header->stored, place, limits);
    check_scans(bytes, place, limits);
    return upright(decode_jpeg_pixels(bytes, *header, place), header->orientation);
  }
  if (is_png(bytes)) {
    const auto header = parse_png_header(bytes);
    if (!header) fail_header("PNG", place);
    check_pixels(header->stored, place, limits);
    return upright(decode_png_pixels(bytes, *header, place), header->orientation);
  }
  fail_format(bytes, place);
}

Image read_image(const std::filesystem::path& path, const DecodeLimits& limits) {
  return decode_image(as_bytes(read_limited(path, limits)), path.string(), limits);
}

ImageSize image_size(std::span<const uint8_t> bytes, std::string_view place) {
  if (is_jpeg(bytes)) {
    const auto header = parse_jpeg_header(bytes);
    if (!header) fail_header("JPEG", place);
    return upright_size(header->stored, header->orientation);
  }
  if (is_png(bytes)) {
    const auto header = parse_png_header(bytes);
    if (!header) fail_header("PNG", place);
    return upright_size(header->stored, header->orientation);
  }
  fail_format(bytes, place);
}

ImageSize read_image_size(const std::filesystem::path& path) {
  std::string prefix(kPrefix, '\0');
  std::ifstream file(path, std::ios::binary);
  file.read(prefix.data(), static_cast<std::streamsize>(prefix.size()));
  prefix.resize(static_cast<size_t>(file.gcount()));
  if (const auto header = parse_jpeg_header(as_bytes(prefix))) return upright_size(header->stored, header->orientation);
  if (!prefix.empty() && !is_jpeg(as_bytes(prefix)) && !is_png(as_bytes(prefix)))
    fail_format(as_bytes(prefix), path.string());
  return image_size(as_bytes(read_limited(path, {})), path.string());
}

}  // namespace spinenet::image
