#include <algorithm>
#include <array>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include <tiffio.h>

#include "base/error.h"
#include "base/format.h"
#include "image/tiff.h"

namespace spinenet::image {
namespace {

constexpr const char* kTiffRemedy = "the file is damaged; get it again or remove it";
constexpr const char* kTiffConvert = "convert it to an ordinary 8-bit TIFF, PNG or JPEG";

// What libtiff reads from and reports to.
struct TiffSource {
  std::span<const uint8_t> bytes;
  size_t position = 0;
  bool is_damaged = false;
  std::array<char, 1024> message{};
};

TiffSource& source_of(void* handle) {
  return *static_cast<TiffSource*>(handle);
}

tmsize_t read_source(thandle_t handle, void* target, tmsize_t count) {
  TiffSource& source = source_of(handle);
  if (count <= 0 || source.position >= source.bytes.size()) return 0;
  const size_t got = std::min(static_cast<size_t>(count), source.bytes.size() - source.position);
  std::memcpy(target, source.bytes.data() + source.position, got);
  source.position += got;
  return static_cast<tmsize_t>(got);
}

tmsize_t write_nothing(thandle_t /*handle*/, void* /*bytes*/, tmsize_t /*count*/) {
  return -1;
}

toff_t seek_source(thandle_t handle, toff_t offset, int whence) {
  TiffSource& source = source_of(handle);
  const toff_t base = whence == SEEK_CUR ? source.position : whence == SEEK_END ? source.bytes.size() : 0;
  source.position = static_cast<size_t>(base + offset);
  return source.position;
}

int close_source(thandle_t /*handle*/) {
  return 0;
}

toff_t size_of_source(thandle_t handle) {
  return source_of(handle).bytes.size();
}

// libtiff reads from where the bytes are, and never writes there: a mapped file would not let it, either. (Without a
// map, version 4.5 refuses uncompressed tiles of other sizes than multiples of 1,024 bytes.)
int map_source(thandle_t handle, void** begin, toff_t* size) {
  *begin = const_cast<uint8_t*>(source_of(handle).bytes.data());
  *size = source_of(handle).bytes.size();
  return 1;
}

void unmap_nothing(thandle_t /*handle*/, void* /*begin*/, toff_t /*size*/) {}

void keep_message(TiffSource& source, const char* format, va_list arguments) {
  if (!source.is_damaged) std::vsnprintf(source.message.data(), source.message.size(), format, arguments);
  source.is_damaged = true;
}

int on_tiff_error(TIFF* /*tiff*/, void* handle, const char* /*module*/, const char* format, va_list arguments) {
  keep_message(source_of(handle), format, arguments);
  return 1;
}

// Most warnings are about tags. Those of libjpeg and of the fax codings say that pixels are filled in.
int on_tiff_warning(TIFF* /*tiff*/, void* handle, const char* module, const char* format, va_list arguments) {
  const std::string_view who = module == nullptr ? "" : module;
  if (who == "JPEGLib" || who.starts_with("Fax")) keep_message(source_of(handle), format, arguments);
  return 1;
}

struct CloseTiff {
  void operator()(TIFF* tiff) const { TIFFClose(tiff); }
};
struct FreeTiffOptions {
  void operator()(TIFFOpenOptions* options) const { TIFFOpenOptionsFree(options); }
};
using OpenTiff = std::unique_ptr<TIFF, CloseTiff>;

// No single piece of memory is larger than a few times the pixels.
OpenTiff open_tiff(TiffSource& source, const TiffHeader& header) {
  const std::unique_ptr<TIFFOpenOptions, FreeTiffOptions> options(TIFFOpenOptionsAlloc());
  if (!options) return nullptr;
  const int64_t most = (int64_t{64} << 20) + int64_t{16} * header.stored.height * header.stored.width;
  TIFFOpenOptionsSetMaxSingleMemAlloc(options.get(), static_cast<tmsize_t>(most));
  TIFFOpenOptionsSetErrorHandlerExtR(options.get(), on_tiff_error, &source);
  TIFFOpenOptionsSetWarningHandlerExtR(options.get(), on_tiff_warning, &source);
  return OpenTiff(TIFFClientOpenExt("image", "r", &source, read_source, write_nothing, seek_source, close_source,
                                    size_of_source, map_source, unmap_nothing, options.get()));
}

bool is_of_fax(uint32_t compression) {
  return compression >= COMPRESSION_CCITTRLE && compression <= COMPRESSION_CCITTFAX4;
}

// "" for what is read: numbers without a sign. What a file calls undefined is read as such, as libtiff does.
std::string name_of_foreign_samples(uint32_t sample_format) {
  switch (sample_format) {
    case SAMPLEFORMAT_UINT:
    case SAMPLEFORMAT_VOID:
      return "";
    case SAMPLEFORMAT_INT:
      return "signed";
    case SAMPLEFORMAT_IEEEFP:
      return "floating-point";
    case SAMPLEFORMAT_COMPLEXINT:
    case SAMPLEFORMAT_COMPLEXIEEEFP:
      return "complex";
    default:
      return fmt::format("unknown (format {})", sample_format);
  }
}

void check_kind_of_tiff(const TiffHeader& header, std::string_view place) {
  if (header.is_preview) {
    fail(ErrorKind::bad_data, "the first page of the TIFF is a preview, as in raw files of cameras", place,
         "develop it to JPEG or PNG");
  }
  constexpr std::array<uint32_t, 6> kCodings = {COMPRESSION_NONE,          COMPRESSION_LZW,     COMPRESSION_JPEG,
                                                COMPRESSION_ADOBE_DEFLATE, COMPRESSION_DEFLATE, COMPRESSION_PACKBITS};
  const bool known = std::find(kCodings.begin(), kCodings.end(), header.compression) != kCodings.end();
  if (!known && !is_of_fax(header.compression)) {
    fail(ErrorKind::bad_data, fmt::format("TIFF with compression {} is not read", header.compression), place,
         kTiffConvert);
  }
  const std::string foreign = name_of_foreign_samples(header.sample_format);
  if (!foreign.empty()) {
    fail(ErrorKind::bad_data, fmt::format("TIFF with {} samples is not read", foreign), place, kTiffConvert);
  }
  if (header.sample_bits < 1 || header.sample_bits > 16 || header.samples < 1 || header.samples > 5) {
    fail(ErrorKind::bad_data,
         fmt::format("TIFF with {} samples of {} bits a pixel is not read", header.samples, header.sample_bits), place,
         kTiffConvert);
  }
}

// Before memory is taken: the file can hold so many pixels, and tiles are not far larger than the image.
void check_amount_of_tiff(size_t bytes, const TiffHeader& header, std::string_view place) {
  constexpr int64_t kMostUnpacked = 4096;  // bytes that LZW, Deflate or JPEG make of one
  constexpr int64_t kLargestTile = int64_t{4} << 20;
  const int64_t pixels = int64_t{header.stored.height} * header.stored.width;
  const int64_t packed = pixels * header.samples * header.sample_bits / 8;
  const int64_t times = header.compression == COMPRESSION_NONE ? 1 : kMostUnpacked;
  if (!is_of_fax(header.compression) && packed / times > static_cast<int64_t>(bytes)) {
    fail(ErrorKind::bad_data,
         fmt::format("{} bytes are too few for a TIFF of {} x {} (height x width)", bytes, header.stored.height,
                     header.stored.width),
         place, kTiffRemedy);
  }
  if (int64_t{header.tile.height} * header.tile.width > std::max(2 * pixels, kLargestTile)) {
    fail(ErrorKind::bad_data,
         fmt::format("tiles of {} x {} (height x width) in a TIFF of {} x {}", header.tile.height, header.tile.width,
                     header.stored.height, header.stored.width),
         place, kTiffRemedy);
  }
}

bool has_size(TIFF* tiff, ImageSize size) {
  uint32_t height = 0, width = 0;
  TIFFGetField(tiff, TIFFTAG_IMAGELENGTH, &height);
  TIFFGetField(tiff, TIFFTAG_IMAGEWIDTH, &width);
  return height == static_cast<uint32_t>(size.height) && width == static_cast<uint32_t>(size.width);
}

// libtiff would multiply colours by an alpha that they are not multiplied with yet: they stay as they are stored.
void keep_colours_behind_alpha(TIFF* tiff) {
  uint16_t count = 0;
  uint16_t* kinds = nullptr;
  if (TIFFGetField(tiff, TIFFTAG_EXTRASAMPLES, &count, &kinds) != 1 || count == 0) return;
  std::vector<uint16_t> as_stored(kinds, kinds + count);
  as_stored[0] = EXTRASAMPLE_ASSOCALPHA;
  TIFFSetField(tiff, TIFFTAG_EXTRASAMPLES, int{count}, as_stored.data());
}

// Red, green, blue and alpha of each pixel, as TIFFGetR and its kind take them apart; none where libtiff objected.
std::vector<uint32_t> read_raster(TIFF* tiff, ImageSize size, TiffSource& source) {
  std::array<char, 1024> why{};  // as libtiff asks for
  TIFFRGBAImage reader{};
  if (TIFFRGBAImageOK(tiff, why.data()) != 1 || TIFFRGBAImageBegin(&reader, tiff, 1, why.data()) != 1) {
    if (!source.is_damaged) source.message = why;
    return {};
  }
  reader.orientation = reader.req_orientation = ORIENTATION_TOPLEFT;  // turned afterwards, as every format is
  std::vector<uint32_t> raster(static_cast<size_t>(size.height) * static_cast<size_t>(size.width));
  const int got =
      TIFFRGBAImageGet(&reader, raster.data(), static_cast<uint32_t>(size.width), static_cast<uint32_t>(size.height));
  TIFFRGBAImageEnd(&reader);
  if (got != 1 || source.is_damaged) raster.clear();
  return raster;
}

}  // namespace

Image decode_tiff_pixels(std::span<const uint8_t> bytes, const TiffHeader& header, std::string_view place) {
  check_kind_of_tiff(header, place);
  check_amount_of_tiff(bytes.size(), header, place);
  TiffSource source{bytes, 0, false, {}};
  const OpenTiff tiff = open_tiff(source, header);
  if (!tiff || source.is_damaged) {
    fail(ErrorKind::bad_data, fmt::format("corrupt TIFF header ({})", source.message.data()), place, kTiffRemedy);
  }
  if (!has_size(tiff.get(), header.stored)) {
    fail(ErrorKind::bad_data, "TIFF header contradicts itself", place, kTiffRemedy);
  }
  keep_colours_behind_alpha(tiff.get());
  const std::vector<uint32_t> raster = read_raster(tiff.get(), header.stored, source);
  if (raster.empty()) {
    fail(ErrorKind::bad_data, fmt::format("the TIFF cannot be read ({})", source.message.data()), place,
         "the file is damaged or of a rare kind; get it again, or convert it to PNG");
  }
  Image image = make_image(header.stored.height, header.stored.width);
  uint8_t* target = image.pixels.data();
  for (const uint32_t pixel : raster) {
    *target++ = static_cast<uint8_t>(TIFFGetR(pixel));
    *target++ = static_cast<uint8_t>(TIFFGetG(pixel));
    *target++ = static_cast<uint8_t>(TIFFGetB(pixel));
  }
  return image;
}

}  // namespace spinenet::image
