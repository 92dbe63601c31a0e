#include "image/webp.h"

#include <gtest/gtest.h>
#include <webp/encode.h>

#include "image/decode.h"
#include "image/test_image.h"

namespace spinenet::image {
namespace {

std::string taken(uint8_t* bytes, size_t size) {
  std::string file(reinterpret_cast<const char*>(bytes), size);
  WebPFree(bytes);
  return file;
}

std::string lossless_webp(const Image& image) {
  uint8_t* bytes = nullptr;
  const size_t size = WebPEncodeLosslessRGB(image.pixels.data(), image.width, image.height, image.width * 3, &bytes);
  return taken(bytes, size);
}

std::string lossy_webp(const Image& image) {
  uint8_t* bytes = nullptr;
  const size_t size = WebPEncodeRGB(image.pixels.data(), image.width, image.height, image.width * 3, 90, &bytes);
  return taken(bytes, size);
}

std::string number_of(size_t value, int length) {
  std::string text;
  for (int i = 0; i < length; ++i) text += static_cast<char>(value >> 8 * i);
  return text;
}

std::string riff_chunk(const std::string& mark, const std::string& content) {
  return mark + number_of(content.size(), 4) + content + std::string(content.size() % 2, '\0');
}

// The image's own chunk in the extended form, with what stands behind it.
std::string extended_webp(const std::string& file, ImageSize size, char flags, const std::string& behind) {
  const std::string canvas = std::string(1, flags) + std::string(3, '\0') +
                             number_of(static_cast<size_t>(size.width) - 1, 3) +
                             number_of(static_cast<size_t>(size.height) - 1, 3);
  const std::string body = "WEBP" + riff_chunk("VP8X", canvas) + file.substr(12) + behind;
  return "RIFF" + number_of(body.size(), 4) + body;
}

Image decoded_webp(const std::string& file, const DecodeLimits& limits = {}) {
  return decode_image(bytes_of(file), "here.jpg", limits);
}

TEST(Webp, ReadsBothCodings) {
  const Image image = smooth_image(21, 34);
  EXPECT_TRUE(same_pixels(decoded_webp(lossless_webp(image)), image));
  EXPECT_LT(mean_difference(decoded_webp(lossy_webp(image)), image), 6);
  EXPECT_EQ(image_size(bytes_of(lossy_webp(image)), "here.jpg"), (ImageSize{21, 34}));
}

TEST(Webp, DropsAlphaAndKeepsTheColourBehindIt) {
  const std::vector<uint8_t> pixels{1, 2, 3, 0, 200, 100, 50, 128};
  WebPConfig config;
  WebPPicture picture;
  ASSERT_TRUE(WebPConfigInit(&config) && WebPPictureInit(&picture));
  config.lossless = config.exact = 1;
  picture.use_argb = 1;
  picture.width = 2;
  picture.height = 1;
  ASSERT_TRUE(WebPPictureImportRGBA(&picture, pixels.data(), 8));
  WebPMemoryWriter writer;
  WebPMemoryWriterInit(&writer);
  picture.writer = WebPMemoryWrite;
  picture.custom_ptr = &writer;
  ASSERT_TRUE(WebPEncode(&config, &picture));
  const std::string file(reinterpret_cast<const char*>(writer.mem), writer.size);
  WebPMemoryWriterClear(&writer);
  WebPPictureFree(&picture);
  EXPECT_EQ(decoded_webp(file).pixels, (std::vector<uint8_t>{1, 2, 3, 200, 100, 50}));
}

TEST(Webp, AppliesTheOrientation) {
  const Image image = noise_image(2, 3, 1);
  for (const bool with_mark : {true, false}) {
    const std::string block = (with_mark ? std::string("Exif\0\0", 6) : "") + exif_block(6, true);
    const std::string file = extended_webp(lossless_webp(image), {2, 3}, 0x08, riff_chunk("EXIF", block));
    EXPECT_EQ(image_size(bytes_of(file), "here.jpg"), (ImageSize{3, 2}));
    EXPECT_EQ(decoded_webp(file).height, 3);
  }
}

TEST(Webp, EveryCutIsRefused) {
  const Image image = noise_image(9, 7, 3);
  for (const std::string& file : {lossless_webp(image), lossy_webp(image)}) {
    for (size_t cut = 0; cut < file.size(); ++cut) {
      bad_data_message([&] { decoded_webp(file.substr(0, cut)); });
    }
    EXPECT_EQ(decoded_webp(file + "behind").height, 9) << "bytes behind the image are ignored";
  }
}

TEST(Webp, AnimationsAreNamed) {
  const std::string file = extended_webp(lossless_webp(noise_image(2, 3, 1)), {2, 3}, 0x02, "");
  const std::string message = bad_data_message([&] { decoded_webp(file); });
  EXPECT_NE(message.find("animated WebP"), std::string::npos) << message;
}

TEST(Webp, LimitsAreHeldFromTheHeader) {
  const std::string file = lossless_webp(make_image(100, 120, 7));
  EXPECT_EQ(decoded_webp(file, {.max_pixels = 12000}).width, 120);
  const long before = peak_memory_mib();
  bad_data_message([&] { decoded_webp(file, {.max_pixels = 11999}); });
  std::string huge = file;
  huge[21] = huge[22] = huge[23] = '\xFF';  // 14 bits of width and of height
  huge[24] = static_cast<char>(huge[24] | 0x0F);
  const std::string message = bad_data_message([&] { decoded_webp(huge); });
  EXPECT_NE(message.find("67108864 pixels"), std::string::npos) << message;
  EXPECT_LT(peak_memory_mib() - before, 64);
}

}  // namespace
}  // namespace spinenet::image
