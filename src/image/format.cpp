#include "image/format.h"

#include <array>

#include "image/bmp.h"
#include "image/jpeg.h"
#include "image/png.h"
#include "image/tiff.h"
#include "image/webp.h"

namespace spinenet::image {

std::optional<Format> format_of(std::span<const uint8_t> bytes) {
  if (is_jpeg(bytes)) return Format::jpeg;
  if (is_png(bytes)) return Format::png;
  if (is_webp(bytes)) return Format::webp;
  if (is_tiff(bytes)) return Format::tiff;
  if (is_bmp(bytes)) return Format::bmp;
  return std::nullopt;
}

std::string_view foreign_format(std::span<const uint8_t> bytes) {
  struct Magic {
    size_t offset;
    std::string_view mark, name;
  };
  using namespace std::string_view_literals;
  static constexpr std::array<Magic, 10> kMagics = {{{0, "GIF8"sv, "GIF"},
                                                     {0, "II+\0"sv, "BigTIFF"},
                                                     {0, "MM\0+"sv, "BigTIFF"},
                                                     {4, "ftypavif"sv, "AVIF"},
                                                     {4, "ftypavis"sv, "AVIF"},
                                                     {4, "ftyphei"sv, "HEIC"},
                                                     {4, "ftypmif1"sv, "HEIF"},
                                                     {4, "jP  "sv, "JPEG 2000"},
                                                     {4, "JXL \r\n"sv, "JPEG XL"},
                                                     {0, "8BPS"sv, "Photoshop"}}};
  const std::string_view text{reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  for (const Magic& magic : kMagics) {
    if (text.size() > magic.offset && text.substr(magic.offset).starts_with(magic.mark)) return magic.name;
  }
  return {};
}

}  // namespace spinenet::image
