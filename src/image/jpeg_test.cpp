#include "image/jpeg.h"

#include <gtest/gtest.h>

// jpeglib.h wants stdio.h before it.
#include <cstdio>

#include <jpeglib.h>

#include "image/decode.h"
#include "image/encode.h"
#include "image/test_image.h"

namespace spinenet::image {
namespace {

struct JpegOptions {
  J_COLOR_SPACE in = JCS_RGB, stored = JCS_YCbCr;
  bool progressive = false, adobe_marker = false;
  int restart_interval = 0;
};

// `samples` hold height * width pixels of the input colour space.
std::string jpeg_of(ImageSize size, std::vector<uint8_t> samples, const JpegOptions& options) {
  jpeg_compress_struct info{};
  jpeg_error_mgr errors{};
  info.err = jpeg_std_error(&errors);
  jpeg_create_compress(&info);
  unsigned char* bytes = nullptr;
  unsigned long length = 0;
  jpeg_mem_dest(&info, &bytes, &length);
  info.image_height = static_cast<JDIMENSION>(size.height);
  info.image_width = static_cast<JDIMENSION>(size.width);
  info.input_components = static_cast<int>(samples.size()) / (size.height * size.width);
  info.in_color_space = options.in;
  jpeg_set_defaults(&info);
  jpeg_set_colorspace(&info, options.stored);
  jpeg_set_quality(&info, 98, TRUE);
  info.write_Adobe_marker = options.adobe_marker ? TRUE : FALSE;
  info.restart_interval = static_cast<unsigned>(options.restart_interval);
  if (options.progressive) jpeg_simple_progression(&info);
  jpeg_start_compress(&info, TRUE);
  while (info.next_scanline < info.image_height) {
    JSAMPROW row = samples.data() + static_cast<size_t>(info.next_scanline) * info.image_width *
                                        static_cast<size_t>(info.input_components);
    jpeg_write_scanlines(&info, &row, 1);
  }
  jpeg_finish_compress(&info);
  jpeg_destroy_compress(&info);
  std::string file(reinterpret_cast<const char*>(bytes), length);
  free(bytes);
  return file;
}

std::string rgb_jpeg(const Image& image, const JpegOptions& options = {}) {
  return jpeg_of({image.height, image.width}, image.pixels, options);
}

Image decode(const std::string& file, const DecodeLimits& limits = {}) {
  return decode_image(bytes_of(file), "here.jpg", limits);
}

std::string refusal(const std::string& file, const DecodeLimits& limits = {}) {
  return bad_data_message([&] { decode(file, limits); });
}

// A one-colour image of 8 x 8 with four samples a pixel.
std::vector<uint8_t> four_samples(uint8_t c, uint8_t m, uint8_t y, uint8_t k) {
  std::vector<uint8_t> samples;
  for (int i = 0; i < 64; ++i) samples.insert(samples.end(), {c, m, y, k});
  return samples;
}

void expect_color(const Image& image, int r, int g, int b) {
  ASSERT_EQ(image.pixels.size(), 192U);
  for (size_t i = 0; i < image.pixels.size(); i += 3) {
    EXPECT_NEAR(image.pixels[i], r, 3);
    EXPECT_NEAR(image.pixels[i + 1], g, 3);
    EXPECT_NEAR(image.pixels[i + 2], b, 3);
  }
}

size_t frame_of(const std::string& file) {
  for (const char* mark : {"\xFF\xC0", "\xFF\xC1", "\xFF\xC2"}) {
    if (file.find(mark) != std::string::npos) return file.find(mark);
  }
  ADD_FAILURE() << "no frame";
  return 0;
}

std::string with_byte(std::string file, size_t position, int value) {
  file[position] = static_cast<char>(value);
  return file;
}

TEST(Jpeg, ReadsBaselineProgressiveRestartsAndPlainRgb) {
  const Image picture = smooth_image(45, 37);
  EXPECT_LT(mean_difference(decode(rgb_jpeg(picture)), picture), 2);
  EXPECT_LT(mean_difference(decode(rgb_jpeg(picture, {.progressive = true})), picture), 2);
  EXPECT_LT(mean_difference(decode(rgb_jpeg(picture, {.restart_interval = 2})), picture), 2);
  EXPECT_LT(mean_difference(decode(rgb_jpeg(picture, {.stored = JCS_RGB, .adobe_marker = true})), picture), 2);
}

TEST(Jpeg, ReadsGreyAndOnePixel) {
  const Image grey =
      decode(jpeg_of({8, 8}, std::vector<uint8_t>(64, 77), {.in = JCS_GRAYSCALE, .stored = JCS_GRAYSCALE}));
  expect_color(grey, 77, 77, 77);
  const Image pixel = decode(rgb_jpeg(make_image(1, 1, 200)));
  ASSERT_EQ(pixel.pixels.size(), 3U);
  for (const uint8_t sample : pixel.pixels) EXPECT_NEAR(sample, 200, 2);
}

TEST(Jpeg, ConvertsInksInvertedByAdobeAndPlain) {
  // No cyan, half magenta, full yellow, a fifth black, once as light and once as ink.
  const auto light = four_samples(255, 128, 0, 204);
  const auto ink = four_samples(0, 127, 255, 51);
  expect_color(decode(jpeg_of({8, 8}, light, {.in = JCS_CMYK, .stored = JCS_CMYK, .adobe_marker = true})), 204, 102, 0);
  expect_color(decode(jpeg_of({8, 8}, light, {.in = JCS_CMYK, .stored = JCS_YCCK, .adobe_marker = true})), 204, 102, 0);
  expect_color(decode(jpeg_of({8, 8}, ink, {.in = JCS_CMYK, .stored = JCS_CMYK})), 204, 102, 0);
}

TEST(Jpeg, IgnoresBytesAfterTheImageAndStrayBytesBeforeAMarker) {
  const Image picture = smooth_image(16, 24);
  const std::string file = rgb_jpeg(picture);
  EXPECT_TRUE(same_pixels(decode(file + std::string(1000, '\0')), decode(file)));
  EXPECT_TRUE(same_pixels(decode(file + file), decode(file)));
  const std::string stray = file.substr(0, file.size() - 2) + "\1\2\3" + file.substr(file.size() - 2);
  EXPECT_TRUE(same_pixels(decode(stray), decode(file)));
}

TEST(Jpeg, EveryCutIsRefusedAndShowsNoEarlierPixels) {
  const Image earlier = noise_image(24, 24, 5);
  for (const bool progressive : {false, true}) {
    const std::string good = rgb_jpeg(earlier, {.progressive = progressive});
    const std::string file = rgb_jpeg(smooth_image(24, 24), {.progressive = progressive});
    for (size_t cut = 0; cut < file.size(); ++cut) {
      ASSERT_EQ(decode(good).height, 24);
      const std::string message = refusal(file.substr(0, cut));
      EXPECT_NE(message.find(';'), std::string::npos) << "no remedy: " << message;
    }
  }
}

TEST(Jpeg, CutAndClosedByAnEndMarkerIsRefused) {
  const std::string file = rgb_jpeg(noise_image(40, 40, 6));
  const size_t start = file.find("\xFF\xDA") + 14;
  for (size_t cut = start; cut < file.size() - 40; cut += 13) refusal(file.substr(0, cut) + "\xFF\xD9");
}

TEST(Jpeg, BadCodesAndZeroedTailsAreRefused) {
  const std::string file = rgb_jpeg(noise_image(40, 40, 7));
  const size_t middle = file.size() / 2 + 200;
  std::string ones = file;
  for (size_t i = 0; i < 40; i += 2) ones[middle + i] = '\xFF', ones[middle + i + 1] = '\0';
  EXPECT_NE(refusal(ones).find("corrupt"), std::string::npos);
  refusal(file.substr(0, middle) + std::string(file.size() - middle, '\0'));
}

TEST(Jpeg, AnyFlippedByteGivesAWholeImageOrAnError) {
  const std::string file = rgb_jpeg(noise_image(17, 19, 8), {.progressive = true});
  Random random(9);
  for (size_t i = 0; i < file.size(); ++i) {
    const std::string broken = with_byte(file, i, static_cast<int>(random.below(256)));
    try {
      const Image image = decode_image(bytes_of(broken), "here.jpg", {.max_pixels = 1 << 20});
      EXPECT_EQ(image.pixels.size(), static_cast<size_t>(image.height) * static_cast<size_t>(image.width) * 3);
      EXPECT_EQ(image_size(bytes_of(broken), "here.jpg"), (ImageSize{image.height, image.width}));
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::bad_data) << error.what();
    }
  }
}

TEST(Jpeg, CodingsThatAreNotReadAreNamed) {
  const std::string file = rgb_jpeg(smooth_image(16, 16));
  const size_t frame = frame_of(file);
  EXPECT_NE(refusal(with_byte(file, frame + 4, 12)).find("12 bits"), std::string::npos);
  EXPECT_NE(refusal(with_byte(file, frame + 1, 0xC9)).find("arithmetic"), std::string::npos);
  EXPECT_NE(refusal(with_byte(file, frame + 1, 0xC3)).find("lossless"), std::string::npos);
}

TEST(Jpeg, HugeSizesAreRefusedFromTheHeader) {
  std::string file = rgb_jpeg(smooth_image(16, 16));
  const size_t frame = frame_of(file);
  for (const size_t offset : {5, 7}) {
    file[frame + offset] = static_cast<char>(65500 >> 8);
    file[frame + offset + 1] = static_cast<char>(65500 & 0xFF);
  }
  const long before = peak_memory_mib();
  EXPECT_NE(refusal(file).find("65500 x 65500"), std::string::npos);
  EXPECT_NE(refusal(file, {.max_pixels = int64_t{1} << 40}).find("too few"), std::string::npos);
  EXPECT_LT(peak_memory_mib() - before, 64);
}

TEST(Jpeg, TenThousandScansAreRefused) {
  const std::string file = rgb_jpeg(smooth_image(16, 16), {.progressive = true});
  const size_t last = file.rfind("\xFF\xDA");
  const std::string scan = file.substr(last, file.size() - 2 - last);
  std::string bomb = file.substr(0, last);
  for (int i = 0; i < 10'000; ++i) bomb += scan;
  EXPECT_NE(refusal(bomb + "\xFF\xD9").find("scans"), std::string::npos);
  EXPECT_GE(count_jpeg_scans(bytes_of(file), 100), 8);
  EXPECT_EQ(count_jpeg_scans(bytes_of(file + bomb), 1'000), count_jpeg_scans(bytes_of(file), 100));
}

}  // namespace
}  // namespace spinenet::image
