#include "image/decode.h"

#include <algorithm>
#include <fstream>
#include <optional>
#include <string>

#include "base/error.h"
#include "base/files.h"
#include "base/format.h"
#include "image/bmp.h"
#include "image/format.h"
#include "image/jpeg.h"
#include "image/orientation.h"
#include "image/png.h"
#include "image/tiff.h"
#include "image/webp.h"

namespace spinenet::image {
namespace {

constexpr const char* kRemedy = "the file is damaged; get it again or remove it";
constexpr size_t kPrefix = size_t{64} << 10;  // nearly every JPEG header fits

std::span<const uint8_t> as_bytes(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

[[noreturn]] void fail_format(std::span<const uint8_t> bytes, std::string_view place) {
  if (bytes.empty()) fail(ErrorKind::bad_data, "the image is empty", place, kRemedy);
  const std::string_view name = foreign_format(bytes);
  if (!name.empty()) {
    fail(ErrorKind::bad_data, fmt::format("{} images are not read", name), place, "convert it to JPEG or PNG");
  }
  const auto first = bytes.first(std::min<size_t>(bytes.size(), 8));
  fail(ErrorKind::bad_data, fmt::format("no image (it begins with {:02x})", fmt::join(first, " ")), place,
       "give a JPEG, PNG, WebP, TIFF or BMP image");
}

Format format_or_fail(std::span<const uint8_t> bytes, std::string_view place) {
  const std::optional<Format> format = format_of(bytes);
  if (!format) fail_format(bytes, place);
  return *format;
}

template <class Header>
Header header_or_fail(const std::optional<Header>& header, Format format, std::string_view place) {
  if (header) return *header;
  fail(ErrorKind::bad_data, fmt::format("the {} header is cut or corrupt", name_of(format)), place, kRemedy);
}

void check_bytes(uint64_t count, std::string_view place, const DecodeLimits& limits) {
  if (count <= static_cast<uint64_t>(limits.max_bytes)) return;
  fail(ErrorKind::bad_data, fmt::format("an image of {} bytes exceeds the limit of {}", count, limits.max_bytes), place,
       "store it smaller");
}

void check_size(ImageSize size, std::string_view place, const DecodeLimits& limits) {
  const std::string objection = objection_to(size, limits);
  if (!objection.empty()) fail(ErrorKind::bad_data, objection, place, "scale it down, or cut it into parts");
}

void check_scans(std::span<const uint8_t> bytes, std::string_view place, const DecodeLimits& limits) {
  if (count_jpeg_scans(bytes, limits.max_scans) <= limits.max_scans) return;
  fail(ErrorKind::bad_data, fmt::format("the JPEG has more than {} scans", limits.max_scans), place,
       "store it as a baseline JPEG");
}

// The header, held against the limits.
template <class Header>
Header sound_header(const std::optional<Header>& header, Format format, std::string_view place,
                    const DecodeLimits& limits) {
  const Header sound = header_or_fail(header, format, place);
  check_size(sound.stored, place, limits);
  return sound;
}

struct StoredSize {
  ImageSize size;
  int orientation = 1;
};

StoredSize stored_size(std::span<const uint8_t> bytes, std::string_view place) {
  const Format format = format_or_fail(bytes, place);
  const auto size_in = [&](const auto& found) {
    const auto header = header_or_fail(found, format, place);
    return StoredSize{header.stored, header.orientation};
  };
  switch (format) {
    case Format::jpeg:
      return size_in(parse_jpeg_header(bytes));
    case Format::png:
      return size_in(parse_png_header(bytes));
    case Format::webp:
      return size_in(parse_webp_header(bytes));
    case Format::tiff:
      return size_in(parse_tiff_header(bytes));
    case Format::bmp:
      break;
  }
  return size_in(parse_bmp_header(bytes));
}

}  // namespace

std::string objection_to(ImageSize size, const DecodeLimits& limits) {
  const int longer = std::max(size.height, size.width), shorter = std::min(size.height, size.width);
  std::string limit;
  if (int64_t{size.height} * size.width > limits.max_pixels) {
    limit = fmt::format("the limit of {} pixels", limits.max_pixels);
  } else if (longer > limits.max_side) {
    limit = fmt::format("the limit of {} pixels a side", limits.max_side);
  } else if (longer > int64_t{limits.max_ratio} * shorter) {
    limit = fmt::format("the limit of {} for the ratio of its sides", limits.max_ratio);
  }
  if (limit.empty()) return "";
  return fmt::format("an image of {} x {} (height x width) exceeds {}", size.height, size.width, limit);
}

std::string read_limited(const std::filesystem::path& path, const DecodeLimits& limits) {
  std::error_code unknown;
  const uint64_t count = std::filesystem::file_size(path, unknown);
  if (!unknown) check_bytes(count, path.string(), limits);
  return read_file(path);
}

Image decode_image(std::span<const uint8_t> bytes, std::string_view place, const DecodeLimits& limits) {
  check_bytes(bytes.size(), place, limits);
  const Format format = format_or_fail(bytes, place);
  switch (format) {
    case Format::jpeg: {
      const JpegHeader header = sound_header(parse_jpeg_header(bytes), format, place, limits);
      check_scans(bytes, place, limits);
      return upright(decode_jpeg_pixels(bytes, header, place), header.orientation);
    }
    case Format::png: {
      const PngHeader header = sound_header(parse_png_header(bytes), format, place, limits);
      return upright(decode_png_pixels(bytes, header, place), header.orientation);
    }
    case Format::webp: {
      const WebpHeader header = sound_header(parse_webp_header(bytes), format, place, limits);
      return upright(decode_webp_pixels(bytes, header, place), header.orientation);
    }
    case Format::tiff: {
      const TiffHeader header = sound_header(parse_tiff_header(bytes), format, place, limits);
      return upright(decode_tiff_pixels(bytes, header, place), header.orientation);
    }
    case Format::bmp:
      break;
  }
  return decode_bmp_pixels(bytes, sound_header(parse_bmp_header(bytes), format, place, limits), place);
}

Image read_image(const std::filesystem::path& path, const DecodeLimits& limits) {
  return decode_image(as_bytes(read_limited(path, limits)), path.string(), limits);
}

ImageSize image_size(std::span<const uint8_t> bytes, std::string_view place) {
  const StoredSize found = stored_size(bytes, place);
  return upright_size(found.size, found.orientation);
}

ImageSize read_image_size(const std::filesystem::path& path) {
  std::string prefix(kPrefix, '\0');
  std::ifstream file(path, std::ios::binary);
  file.read(prefix.data(), static_cast<std::streamsize>(prefix.size()));
  prefix.resize(static_cast<size_t>(file.gcount()));
  const std::optional<JpegHeader> header = parse_jpeg_header(as_bytes(prefix));
  if (!header && !prefix.empty() && !format_of(as_bytes(prefix))) fail_format(as_bytes(prefix), path.string());
  const ImageSize size = header ? upright_size(header->stored, header->orientation)
                                : image_size(as_bytes(read_limited(path, {})), path.string());
  check_size(size, path.string(), {});
  return size;
}

ImageSize read_stored_size(const std::filesystem::path& path) {
  return stored_size(as_bytes(read_limited(path)), path.string()).size;
}

}  // namespace spinenet::image
