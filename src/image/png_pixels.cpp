#include <array>
#include <csetjmp>
#include <cstring>
#include <vector>

#include <png.h>

#include "base/error.h"
#include "base/format.h"
#include "image/png.h"

namespace spinenet::image {
namespace {

constexpr const char* kPngRemedy = "the file is damaged; get it anew or remove it";

// Deflate makes at most 1,032 bytes of one.
constexpr int64_t kMaxInflation = 1032;

// What may follow the last row in the packed pixels; the end of a stream takes a few bytes.
constexpr size_t kMaxPackedTail = 2048;
constexpr size_t kPackedBuffer = 4096;  // read at once, and unpacked without a look at the tail

struct PngDecoder {
  png_structp png = nullptr;
  png_infop info = nullptr;
  std::span<const uint8_t> rest;
  size_t packed_tail = 0;  // bytes of pixel chunks read after the last row
  std::array<char, 200> message{};

  PngDecoder() = default;
  PngDecoder(const PngDecoder&) = delete;
  PngDecoder& operator=(const PngDecoder&) = delete;
  ~PngDecoder() { png_destroy_read_struct(&png, &info, nullptr); }
};

// libpng's callbacks must not return from an error: they jump back into the function that called libpng, which
// therefore holds no object with a destructor.
[[noreturn]] void stop(png_structp png, png_const_charp what) {
  auto* decoder = static_cast<PngDecoder*>(png_get_error_ptr(png));
  std::strncpy(decoder->message.data(), what, decoder->message.size() - 1);
  png_longjmp(png, 1);
}

void ignore_warning(png_structp /*png*/, png_const_charp /*what*/) {}

bool is_after_last_row(png_structp png, png_infop info) {
  constexpr int kInterlacedPasses = 7;
  if (png_get_interlace_type(png, info) != PNG_INTERLACE_NONE)
    return png_get_current_pass_number(png) >= kInterlacedPasses;
  return png_get_current_row_number(png) >= png_get_image_height(png, info);
}

// libpng unpacks all there is behind the last row only to throw it away: a small picture could keep it busy for
// minutes.
void refuse_long_tail(PngDecoder& decoder, size_t count) {
  constexpr png_uint_32 kPixels = 0x49444154;  // IDAT
  if ((png_get_io_state(decoder.png) & PNG_IO_MASK_LOC) != PNG_IO_CHUNK_DATA) return;
  if (png_get_io_chunk_type(decoder.png) != kPixels || !is_after_last_row(decoder.png, decoder.info)) return;
  decoder.packed_tail += count;
  if (decoder.packed_tail > kMaxPackedTail) png_error(decoder.png, "too much data behind the last row");
}

void read_bytes(png_structp png, png_bytep target, size_t count) {
  auto* decoder = static_cast<PngDecoder*>(png_get_io_ptr(png));
  refuse_long_tail(*decoder, count);
  if (count > decoder->rest.size()) png_error(png, "the file ends too early");
  std::memcpy(target, decoder->rest.data(), count);
  decoder->rest = decoder->rest.subspan(count);
}

// Text, profiles and the rest are skipped unread: they do not change a pixel here, and may be zlib bombs.
void skip_side_chunks(png_structp png) {
  static constexpr char kNames[] =
      "iCCP\0tEXt\0zTXt\0iTXt\0eXIf\0gAMA\0cHRM\0sRGB\0sBIT\0bKGD\0hIST\0pHYs\0sPLT\0tIME\0oFFs\0pCAL\0sCAL";
  png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_NEVER, reinterpret_cast<png_const_bytep>(kNames),
                              static_cast<int>(sizeof kNames / 5));
}

bool read_header(PngDecoder& decoder) {
  if (setjmp(png_jmpbuf(decoder.png)) != 0) return false;
  png_set_read_fn(decoder.png, &decoder, read_bytes);
  png_set_user_limits(decoder.png, PNG_UINT_31_MAX, PNG_UINT_31_MAX);  // the caller has checked the size
  png_set_compression_buffer_size(decoder.png, kPackedBuffer);
  skip_side_chunks(decoder.png);
  png_read_info(decoder.png, decoder.info);
  png_set_expand(decoder.png);
  png_set_scale_16(decoder.png);
  png_set_gray_to_rgb(decoder.png);
  png_set_strip_alpha(decoder.png);
  png_set_interlace_handling(decoder.png);
  png_read_update_info(decoder.png, decoder.info);
  return true;
}

bool read_rows(PngDecoder& decoder, png_bytepp rows) {
  if (setjmp(png_jmpbuf(decoder.png)) != 0) return false;
  png_read_image(decoder.png, rows);
  png_read_end(decoder.png, nullptr);
  return true;
}

}  // namespace

Image decode_png_pixels(std::span<const uint8_t> bytes, const PngHeader& header, std::string_view place) {
  const ImageSize size = header.stored;
  if (header.packed_bytes / kMaxInflation > static_cast<int64_t>(bytes.size())) {
    fail(ErrorKind::bad_data,
         fmt::format("{} bytes are too few for a PNG of {} x {} (height x width)", bytes.size(), size.height,
                     size.width),
         place, kPngRemedy);
  }
  PngDecoder decoder;
  decoder.rest = bytes;
  decoder.png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &decoder, stop, ignore_warning);
  decoder.info = decoder.png == nullptr ? nullptr : png_create_info_struct(decoder.png);
  if (decoder.info == nullptr) fail(ErrorKind::failed, "no memory for a PNG decoder", place);
  if (!read_header(decoder)) {
    fail(ErrorKind::bad_data, fmt::format("corrupt PNG header ({})", decoder.message.data()), place, kPngRemedy);
  }
  if (png_get_rowbytes(decoder.png, decoder.info) != static_cast<size_t>(size.width) * 3) {
    fail(ErrorKind::bad_data, "PNG header contradicts itself", place, kPngRemedy);
  }
  Image image = make_image(size.height, size.width);
  std::vector<png_bytep> rows(static_cast<size_t>(size.height));
  for (int y = 0; y < size.height; ++y) rows[static_cast<size_t>(y)] = image.at(y, 0);
  if (!read_rows(decoder, rows.data())) {
    fail(ErrorKind::bad_data, fmt::format("corrupt PNG ({})", decoder.message.data()), place, kPngRemedy);
  }
  return image;
}

}  // namespace spinenet::image
