#include "image/png.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include "image/decode.h"
#include "image/encode.h"
#include "image/test_picture.h"

namespace spinenet::image {
namespace {

std::string number(uint32_t value) {
  return {static_cast<char>(value >> 24), static_cast<char>(value >> 16), static_cast<char>(value >> 8),
          static_cast<char>(value)};
}

std::string chunk(const std::string& type, const std::string& content) {
  const std::string body = type + content;
  const auto sum = crc32(0, reinterpret_cast<const Bytef*>(body.data()), static_cast<uInt>(body.size()));
  return number(static_cast<uint32_t>(content.size())) + body + number(static_cast<uint32_t>(sum));
}

std::string deflated(const std::string& raw) {
  uLongf size = compressBound(raw.size());
  std::string result(size, '\0');
  compress(reinterpret_cast<Bytef*>(result.data()), &size, reinterpret_cast<const Bytef*>(raw.data()), raw.size());
  result.resize(size);
  return result;
}

struct PngParts {
  uint32_t height = 1, width = 1;
  int bits = 8, color_type = 2;
  std::string before_pixels = {}, rows = {}, after_pixels = {};  // rows begin with their filter byte
};

std::string png_of(const PngParts& parts) {
  const std::string header = number(parts.width) + number(parts.height) + static_cast<char>(parts.bits) +
                             static_cast<char>(parts.color_type) + std::string(3, '\0');
  return "\x89PNG\r\n\x1A\n" + chunk("IHDR", header) + parts.before_pixels + chunk("IDAT", deflated(parts.rows)) +
         parts.after_pixels + chunk("IEND", "");
}

std::vector<uint8_t> pixels_of(const PngParts& parts) {
  return decode_image(bytes_of(png_of(parts)), "here.jpg").pixels;
}

using PngSamples = std::vector<uint8_t>;

TEST(Png, ConvertsEveryKindOfPixelToRgb) {
  using namespace std::string_literals;
  EXPECT_EQ(pixels_of({.bits = 8, .color_type = 0, .rows = "\0\x80"s}), (PngSamples{128, 128, 128}));
  EXPECT_EQ(pixels_of({.width = 2, .bits = 1, .color_type = 0, .rows = "\0\x40"s}), (PngSamples{0, 0, 0, 255, 255, 255}));
  EXPECT_EQ(pixels_of({.bits = 16, .color_type = 0, .rows = "\0\x80\x80"s}), (PngSamples{128, 128, 128}));
  EXPECT_EQ(pixels_of({.bits = 16, .color_type = 2, .rows = "\0\xFF\xFF\x00\x00\x12\x12"s}), (PngSamples{255, 0, 18}));
  EXPECT_EQ(pixels_of({.bits = 8, .color_type = 2, .rows = "\0\1\2\3"s}), (PngSamples{1, 2, 3}));
  const std::string palette = chunk("PLTE", "\1\2\3\4\5\6") + chunk("tRNS", "\0\xFF"s);
  EXPECT_EQ(pixels_of({.width = 2, .bits = 2, .color_type = 3, .before_pixels = palette, .rows = "\0\x40"s}),
            (PngSamples{4, 5, 6, 1, 2, 3}));
}

TEST(Png, DropsAlphaAndKeepsTheColourBehindIt) {
  using namespace std::string_literals;
  EXPECT_EQ(pixels_of({.bits = 8, .color_type = 6, .rows = "\0\1\2\3\0"s}), (PngSamples{1, 2, 3}));
  EXPECT_EQ(pixels_of({.bits = 8, .color_type = 4, .rows = "\0\7\0"s}), (PngSamples{7, 7, 7}));
  EXPECT_EQ(pixels_of({.bits = 16, .color_type = 6, .rows = "\0\1\1\2\2\3\3\0\0"s}), (PngSamples{1, 2, 3}));
}

TEST(Png, ReadsTheDefaultPictureOfAnAnimation) {
  using namespace std::string_literals;
  const std::string control = number(0) + number(1) + number(1) + std::string(16, '\0');
  PngParts parts{.rows = "\0\1\2\3"s};
  parts.before_pixels = chunk("acTL", number(2) + number(0)) + chunk("fcTL", control.substr(0, 26));
  parts.after_pixels = chunk("fdAT", number(1) + deflated("\0\7\7\7"s));
  EXPECT_EQ(pixels_of(parts), (PngSamples{1, 2, 3}));
}

TEST(Png, AppliesTheOrientationBeforeAndBehindThePixels) {
  using namespace std::string_literals;
  const std::string exif = chunk("eXIf", exif_block(6, true));
  for (const bool before : {true, false}) {
    PngParts parts{.height = 1, .width = 2, .rows = "\0\1\2\3\4\5\6"s};
    (before ? parts.before_pixels : parts.after_pixels) = exif;
    const std::string file = png_of(parts);
    EXPECT_EQ(image_size(bytes_of(file), "here.jpg"), (ImageSize{2, 1}));
    EXPECT_EQ(decode_image(bytes_of(file), "here.jpg").pixels, (PngSamples{1, 2, 3, 4, 5, 6}));
  }
  PngParts broken{.height = 1, .width = 2, .rows = "\0\1\2\3\4\5\6"s};
  broken.before_pixels = exif;
  broken.before_pixels.back() = static_cast<char>(broken.before_pixels.back() ^ 1);
  EXPECT_EQ(image_size(bytes_of(png_of(broken)), "here.jpg"), (ImageSize{1, 2}));
}

TEST(Png, EveryCutAndEveryFlippedPixelByteIsRefused) {
  const std::string file = encode_png(noise_picture(9, 7, 3));
  for (size_t cut = 0; cut < file.size(); ++cut) {
    bad_data_message([&] { decode_image(bytes_of(file.substr(0, cut)), "here.jpg"); });
  }
  for (size_t i = file.find("IDAT"); i < file.size() - 12; ++i) {
    std::string broken = file;
    broken[i] = static_cast<char>(broken[i] ^ 0x10);
    bad_data_message([&] { decode_image(bytes_of(broken), "here.jpg"); });
  }
}

TEST(Png, HugeSizesAreRefusedFromTheHeader) {
  using namespace std::string_literals;
  const long before = peak_memory_mib();
  const std::string file = png_of({.height = 65500, .width = 65500, .rows = std::string(1000, '\0')});
  const auto decode = [&](const DecodeLimits& limits) { decode_image(bytes_of(file), "here.jpg", limits); };
  EXPECT_NE(bad_data_message([&] { decode({}); }).find("65500 x 65500"), std::string::npos);
  const std::string message = bad_data_message([&] { decode({.max_pixels = int64_t{1} << 40}); });
  EXPECT_NE(message.find("too few"), std::string::npos);
  EXPECT_EQ(image_size(bytes_of(file), "here.jpg"), (ImageSize{65500, 65500}));
  EXPECT_LT(peak_memory_mib() - before, 64);
}

TEST(Png, DeflateBombsStayPacked) {
  using namespace std::string_literals;
  const std::string bomb = deflated(std::string(size_t{96} << 20, '\0'));
  const long before = peak_memory_mib();
  PngParts parts{.rows = "\0\1\2\3"s};
  parts.before_pixels = chunk("zTXt", "bomb\0\0"s + bomb) + chunk("iCCP", "bomb\0\0"s + bomb);
  EXPECT_EQ(pixels_of(parts), (PngSamples{1, 2, 3}));
  const std::string start = "\x89PNG\r\n\x1A\n";
  // The same in one chunk and in many, plain and interlaced.
  for (const size_t part : {bomb.size(), size_t{4000}}) {
    for (const char interlace : {'\0', '\1'}) {
      std::string file = start + chunk("IHDR", number(1) + number(1) + "\x08\2\0\0"s + interlace);
      for (size_t i = 0; i < bomb.size(); i += part) file += chunk("IDAT", bomb.substr(i, part));
      file += chunk("IEND", "");
      const std::string message = bad_data_message([&] { decode_image(bytes_of(file), "here.jpg"); });
      EXPECT_NE(message.find("behind the last row"), std::string::npos) << message;
    }
  }
  EXPECT_LT(peak_memory_mib() - before, 64);
}

TEST(Png, ALittleBehindTheLastRowIsIgnored) {
  using namespace std::string_literals;
  EXPECT_EQ(pixels_of({.rows = "\0\1\2\3"s + std::string(5000, '\7')}), (PngSamples{1, 2, 3}));
}

TEST(Png, ReadsInterlacedPictures) {
  using namespace std::string_literals;
  // 3 x 2: pass 1 has (0, 0), pass 6 has (0, 1), pass 7 has row 1; the other passes are empty but for (0, 2) of pass 4.
  const std::string rows = "\0\1"s + "\0\3"s + "\0\2"s + "\0\4\5\6"s;
  const std::string header = number(3) + number(2) + "\x08\0\0\0\1"s;
  const std::string file =
      "\x89PNG\r\n\x1A\n" + chunk("IHDR", header) + chunk("IDAT", deflated(rows)) + chunk("IEND", "");
  const Image image = decode_image(bytes_of(file), "here.jpg");
  ASSERT_EQ(image.pixels.size(), 18U);
  for (size_t i = 0; i < 6; ++i) EXPECT_EQ(image.pixels[3 * i], i + 1);
}

TEST(Png, ImpossibleHeadersAreRefused) {
  using namespace std::string_literals;
  for (const int color_type : {1, 5, 7, 200}) {
    bad_data_message([&] { pixels_of({.color_type = color_type, .rows = "\0\1\2\3"s}); });
  }
  bad_data_message([&] { pixels_of({.height = 0, .rows = "\0"s}); });
  bad_data_message([&] { pixels_of({.bits = 7, .rows = "\0\1\2\3"s}); });
  bad_data_message([&] { pixels_of({.color_type = 3, .rows = "\0\1"s}); });  // no palette
}

}  // namespace
}  // namespace spinenet::image
