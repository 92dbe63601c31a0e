// jpeglib.h wants stdio.h before it.
#include <array>
#include <csetjmp>
#include <cstdio>
#include <vector>

#include <jerror.h>
#include <jpeglib.h>

#include "base/error.h"
#include "base/format.h"
#include "image/jpeg.h"

namespace spinenet::image {
namespace {

constexpr const char* kJpegRemedy = "the file is damaged; get it anew or remove it";

// libjpeg reports through a callback that must not return: it jumps back into the function that called libjpeg, which
// therefore holds no object with a destructor.
struct ErrorState {
  jpeg_error_mgr base{};
  std::jmp_buf jump{};
  std::array<char, JMSG_LENGTH_MAX> message{};
};

[[noreturn]] void stop(j_common_ptr info) {
  auto* state = reinterpret_cast<ErrorState*>(info->err);
  state->base.format_message(info, state->message.data());
  std::longjmp(state->jump, 1);
}

// Warnings about things which leave every pixel as the encoder meant it.
bool is_harmless(int code) {
  return code == JWRN_EXTRANEOUS_DATA || code == JWRN_ADOBE_XFORM || code == JWRN_JFIF_MAJOR ||
         code == JWRN_TOO_MUCH_DATA || code == JWRN_BOGUS_ICC;
}

// Every other warning says that libjpeg fills in pixels it does not have.
void on_message(j_common_ptr info, int level) {
  if (level < 0 && !is_harmless(info->err->msg_code)) stop(info);
}

struct JpegDecoder {
  ErrorState errors;
  jpeg_decompress_struct info{};

  JpegDecoder() = default;
  JpegDecoder(const JpegDecoder&) = delete;
  JpegDecoder& operator=(const JpegDecoder&) = delete;
  ~JpegDecoder() { jpeg_destroy_decompress(&info); }
};

bool read_header(JpegDecoder& decoder, std::span<const uint8_t> bytes) {
  decoder.info.err = jpeg_std_error(&decoder.errors.base);
  decoder.errors.base.error_exit = stop;
  decoder.errors.base.emit_message = on_message;
  if (setjmp(decoder.errors.jump) != 0) return false;
  jpeg_create_decompress(&decoder.info);
  jpeg_mem_src(&decoder.info, bytes.data(), static_cast<unsigned long>(bytes.size()));
  jpeg_read_header(&decoder.info, TRUE);
  return true;
}

// Files by Adobe's programs store ink inverted (255 is none).
void cmyk_to_rgb(const uint8_t* cmyk, uint8_t* rgb, int width, bool inverted) {
  const uint8_t flip = inverted ? 0 : 255;
  for (int x = 0; x < width; ++x, cmyk += 4, rgb += 3) {
    const int light = cmyk[3] ^ flip;
    for (int c = 0; c < 3; ++c) rgb[c] = static_cast<uint8_t>(((cmyk[c] ^ flip) * light + 127) / 255);
  }
}

bool read_rows(JpegDecoder& decoder, uint8_t* pixels, uint8_t* cmyk_row) {
  jpeg_decompress_struct& info = decoder.info;
  if (setjmp(decoder.errors.jump) != 0) return false;
  jpeg_start_decompress(&info);
  while (info.output_scanline < info.output_height) {
    uint8_t* row = pixels + static_cast<size_t>(info.output_scanline) * info.output_width * 3;
    JSAMPROW target = cmyk_row != nullptr ? cmyk_row : row;
    jpeg_read_scanlines(&info, &target, 1);
    if (cmyk_row != nullptr) {
      cmyk_to_rgb(cmyk_row, row, static_cast<int>(info.output_width), info.saw_Adobe_marker != FALSE);
    }
  }
  jpeg_finish_decompress(&info);
  return true;
}

// Huffman coding spends a bit or more on each block: fewer bits cannot hold the picture, whatever they are.
bool is_too_short(const jpeg_decompress_struct& info, size_t size) {
  uint64_t blocks = 0;
  for (int i = 0; i < info.num_components; ++i) {
    blocks += uint64_t{info.comp_info[i].width_in_blocks} * info.comp_info[i].height_in_blocks;
  }
  return blocks > uint64_t{size} * 8;
}

void check_kind(const JpegHeader& header, std::string_view place) {
  constexpr const char* kConvert = "convert it to an ordinary 8-bit JPEG or PNG";
  if (header.coding == JpegCoding::lossless) fail(ErrorKind::bad_data, "lossless JPEG is not read", place, kConvert);
  if (header.coding == JpegCoding::arithmetic) {
    // libjpeg reads on past damage in arithmetic coding without a word.
    fail(ErrorKind::bad_data, "JPEG with arithmetic coding is not read", place, kConvert);
  }
  if (header.sample_bits != 8) {
    fail(ErrorKind::bad_data, fmt::format("JPEG with {} bits a sample is not read", header.sample_bits), place,
         kConvert);
  }
}

}  // namespace

Image decode_jpeg_pixels(std::span<const uint8_t> bytes, const JpegHeader& header, std::string_view place) {
  check_kind(header, place);
  JpegDecoder decoder;
  jpeg_decompress_struct& info = decoder.info;
  if (!read_header(decoder, bytes)) {
    fail(ErrorKind::bad_data, fmt::format("corrupt JPEG header ({})", decoder.errors.message.data()), place, kJpegRemedy);
  }
  const ImageSize size{static_cast<int>(info.image_height), static_cast<int>(info.image_width)};
  if (size != header.stored) fail(ErrorKind::bad_data, "JPEG header contradicts itself", place, kJpegRemedy);
  if (is_too_short(info, bytes.size())) {
    fail(ErrorKind::bad_data,
         fmt::format("{} bytes are too few for a JPEG of {} x {} (height x width)", bytes.size(), size.height,
                     size.width),
         place, kJpegRemedy);
  }
  const bool is_cmyk = info.jpeg_color_space == JCS_CMYK || info.jpeg_color_space == JCS_YCCK;
  if (info.jpeg_color_space == JCS_UNKNOWN) {
    fail(ErrorKind::bad_data, fmt::format("JPEG with {} unnamed colour components", info.num_components), place,
         "convert it to RGB or grey");
  }
  info.out_color_space = is_cmyk ? JCS_CMYK : JCS_RGB;
  Image image = make_image(size.height, size.width);
  std::vector<uint8_t> cmyk_row(is_cmyk ? static_cast<size_t>(size.width) * 4 : 0);
  if (!read_rows(decoder, image.pixels.data(), is_cmyk ? cmyk_row.data() : nullptr)) {
    fail(ErrorKind::bad_data, fmt::format("corrupt JPEG ({})", decoder.errors.message.data()), place, kJpegRemedy);
  }
  return image;
}

}  // namespace spinenet::image
