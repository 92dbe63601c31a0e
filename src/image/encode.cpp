#include "image/encode.h"

// jpeglib.h wants stdio.h before it.
#include <algorithm>
#include <csetjmp>
#include <cstdio>
#include <cstdlib>
#include <memory>

#include <jpeglib.h>
#include <png.h>

#include "base/error.h"
#include "base/format.h"

namespace spinenet::image {
namespace {

constexpr int kSharpColorQuality = 90;

void check_size(const Image& image, int max_side, std::string_view format) {
  if (image.height >= 1 && image.width >= 1 && image.height <= max_side && image.width <= max_side) return;
  fail(ErrorKind::usage,
       fmt::format("{} x {} (height x width) cannot be stored as {}", image.height, image.width, format), {},
       fmt::format("sides from 1 to {} can", max_side));
}

[[noreturn]] void fail_memory(std::string_view format) {
  fail(ErrorKind::failed, fmt::format("no memory to encode {}", format));
}

struct JpegEncoder {
  jpeg_error_mgr errors{};
  std::jmp_buf jump{};
  jpeg_compress_struct info{};
  unsigned char* bytes = nullptr;
  unsigned long size = 0;

  JpegEncoder() = default;
  JpegEncoder(const JpegEncoder&) = delete;
  JpegEncoder& operator=(const JpegEncoder&) = delete;
  ~JpegEncoder() {
    jpeg_destroy_compress(&info);
    std::free(bytes);
  }
};

[[noreturn]] void stop_encoding(j_common_ptr info) {
  std::longjmp(static_cast<JpegEncoder*>(info->client_data)->jump, 1);
}

void ignore_message(j_common_ptr /*info*/, int /*level*/) {}

// Holds no object with a destructor: libjpeg's errors jump back into it.
bool encode(JpegEncoder& encoder, const Image& image, int quality) {
  jpeg_compress_struct& info = encoder.info;
  info.err = jpeg_std_error(&encoder.errors);
  info.client_data = &encoder;
  encoder.errors.error_exit = stop_encoding;
  encoder.errors.emit_message = ignore_message;
  if (setjmp(encoder.jump) != 0) return false;
  jpeg_create_compress(&info);
  jpeg_mem_dest(&info, &encoder.bytes, &encoder.size);
  info.image_width = static_cast<JDIMENSION>(image.width);
  info.image_height = static_cast<JDIMENSION>(image.height);
  info.input_components = 3;
  info.in_color_space = JCS_RGB;
  jpeg_set_defaults(&info);
  jpeg_set_quality(&info, quality, TRUE);
  info.optimize_coding = TRUE;
  if (quality >= kSharpColorQuality) info.comp_info[0].h_samp_factor = info.comp_info[0].v_samp_factor = 1;
  jpeg_start_compress(&info, TRUE);
  while (info.next_scanline < info.image_height) {
    auto* row = const_cast<JSAMPROW>(image.at(static_cast<int>(info.next_scanline), 0));
    jpeg_write_scanlines(&info, &row, 1);
  }
  jpeg_finish_compress(&info);
  return true;
}

}  // namespace

std::string encode_png(const Image& image) {
  check_size(image, PNG_USER_WIDTH_MAX, "PNG");
  png_image header{};
  header.version = PNG_IMAGE_VERSION;
  header.width = static_cast<png_uint_32>(image.width);
  header.height = static_cast<png_uint_32>(image.height);
  header.format = PNG_FORMAT_RGB;
  std::string bytes(PNG_IMAGE_PNG_SIZE_MAX(header), '\0');
  png_alloc_size_t size = bytes.size();
  if (png_image_write_to_memory(&header, bytes.data(), &size, 0, image.pixels.data(), 0, nullptr) == 0)
    fail_memory("PNG");
  bytes.resize(size);
  return bytes;
}

std::string encode_jpeg(const Image& image, int quality) {
  check_size(image, JPEG_MAX_DIMENSION, "JPEG");
  JpegEncoder encoder;
  if (!encode(encoder, image, std::clamp(quality, 1, 100))) fail_memory("JPEG");
  return {reinterpret_cast<const char*>(encoder.bytes), encoder.size};
}

}  // namespace spinenet::image
