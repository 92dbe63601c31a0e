#include "image/bmp.h"

#include <gtest/gtest.h>

#include "image/decode.h"
#include "image/test_image.h"

namespace spinenet::image {
namespace {

using namespace std::string_literals;
using BmpPixels = std::vector<uint8_t>;

std::string little(uint32_t value, int length) {
  std::string text;
  for (int i = 0; i < length; ++i) text += static_cast<char>(value >> 8 * i);
  return text;
}

struct BmpParts {
  int32_t height = 1, width = 1;
  uint32_t bits = 24, compression = 0, colours = 0;
  std::string behind_header = {}, rows = {};  // masks or palette; rows end at four bytes
};

std::string bmp_of(const BmpParts& parts) {
  const auto pixels_at = static_cast<uint32_t>(54 + parts.behind_header.size());
  return "BM" + std::string(8, '\0') + little(pixels_at, 4) + little(40, 4) +
         little(static_cast<uint32_t>(parts.width), 4) + little(static_cast<uint32_t>(parts.height), 4) + little(1, 2) +
         little(parts.bits, 2) + little(parts.compression, 4) + std::string(12, '\0') + little(parts.colours, 4) +
         little(0, 4) + parts.behind_header + parts.rows;
}

Image decoded_bmp(const BmpParts& parts) {
  return decode_image(bytes_of(bmp_of(parts)), "here.jpg");
}

BmpPixels bmp_pixels(const BmpParts& parts) {
  return decoded_bmp(parts).pixels;
}

std::string bmp_message(const std::string& file) {
  return bad_data_message([&] { decode_image(bytes_of(file), "here.jpg"); });
}

TEST(Bmp, ReadsRowsFromTheBottomAndFromTheTop) {
  const std::string rows = "\3\2\1\6\5\4\0\0"s + "\11\10\7\14\13\12\0\0"s;
  const Image upward = decoded_bmp({.height = 2, .width = 2, .rows = rows});
  EXPECT_EQ(upward.pixels, (BmpPixels{7, 8, 9, 10, 11, 12, 1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(bmp_pixels({.height = -2, .width = 2, .rows = rows}), (BmpPixels{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}));
}

TEST(Bmp, ReadsEveryDepth) {
  const std::string black_and_white = "\0\0\0\0"s + "\xFF\xFF\xFF\0"s;
  EXPECT_EQ(bmp_pixels({.width = 2, .bits = 1, .behind_header = black_and_white, .rows = "\x40\0\0\0"s}),
            (BmpPixels{0, 0, 0, 255, 255, 255}));
  const std::string three = "\1\2\3\0"s + "\4\5\6\0"s + "\7\10\11\0"s;
  EXPECT_EQ(bmp_pixels({.width = 3, .bits = 4, .colours = 3, .behind_header = three, .rows = "\x21\0\0\0"s}),
            (BmpPixels{9, 8, 7, 6, 5, 4, 3, 2, 1}));
  EXPECT_EQ(bmp_pixels({.bits = 8, .colours = 3, .behind_header = three, .rows = "\1\0\0\0"s}), (BmpPixels{6, 5, 4}));
  EXPECT_EQ(bmp_pixels({.bits = 16, .rows = "\x1F\x7C\0\0"s}), (BmpPixels{255, 0, 255})) << "five bits each";
  EXPECT_EQ(bmp_pixels({.bits = 32, .rows = "\3\2\1\0"s}), (BmpPixels{1, 2, 3})) << "alpha is dropped";
}

TEST(Bmp, ReadsMasks) {
  const std::string five_six_five = little(0xF800, 4) + little(0x07E0, 4) + little(0x001F, 4);
  EXPECT_EQ(bmp_pixels({.bits = 16, .compression = 3, .behind_header = five_six_five, .rows = "\xE0\x07\0\0"s}),
            (BmpPixels{0, 255, 0}));
  const std::string turned = little(0x000000FF, 4) + little(0x0000FF00, 4) + little(0x00FF0000, 4);
  EXPECT_EQ(bmp_pixels({.bits = 32, .compression = 3, .behind_header = turned, .rows = "\1\2\3\xFF"s}),
            (BmpPixels{1, 2, 3}));
  const std::string torn = little(0x00000F0F, 4) + little(0x0000F000, 4) + little(0x00FF0000, 4);
  EXPECT_NE(bmp_message(bmp_of({.bits = 32, .compression = 3, .behind_header = torn, .rows = "\1\2\3\4"s}))
                .find("BMP header"),
            std::string::npos);
}

TEST(Bmp, ReadsTheFirstHeaderOfAll) {
  const std::string file = "BM" + std::string(8, '\0') + little(14 + 12 + 6, 4) + little(12, 4) + little(1, 2) +
                           little(1, 2) + little(1, 2) + little(1, 2) + "\1\2\3\4\5\6" + "\x80\0\0\0"s;
  EXPECT_EQ(decode_image(bytes_of(file), "here.jpg").pixels, (BmpPixels{6, 5, 4}));
}

TEST(Bmp, WhatIsNotReadIsNamed) {
  EXPECT_NE(bmp_message(bmp_of({.bits = 8, .compression = 1, .rows = "\1\0\0\0"s})).find("RLE"), std::string::npos);
  EXPECT_NE(bmp_message(bmp_of({.bits = 4, .compression = 2, .rows = "\1\0\0\0"s})).find("RLE"), std::string::npos);
  EXPECT_NE(bmp_message(bmp_of({.bits = 24, .compression = 4, .rows = "\1\0\0\0"s})).find("another format inside"),
            std::string::npos);
  EXPECT_NE(bmp_message(bmp_of({.bits = 2, .rows = "\1\0\0\0"s})).find("2 bits a pixel"), std::string::npos);
  const std::string masks = little(0xFF, 4) + little(0xFF00, 4) + little(0xFF0000, 4);
  EXPECT_NE(bmp_message(bmp_of({.bits = 24, .compression = 3, .behind_header = masks, .rows = "\1\0\0\0"s}))
                .find("24 bits a pixel and masks"),
            std::string::npos);
}

TEST(Bmp, EveryCutIsRefused) {
  const std::string file = bmp_of({.height = 2, .width = 3, .rows = std::string(24, '\5')});
  EXPECT_EQ(decode_image(bytes_of(file), "here.jpg").height, 2);
  for (size_t cut = 0; cut < file.size(); ++cut) bmp_message(file.substr(0, cut));
}

TEST(Bmp, APaletteMustHaveTheColours) {
  const std::string two = "\1\2\3\0\4\5\6\0"s;
  EXPECT_NE(bmp_message(bmp_of({.bits = 8, .colours = 2, .behind_header = two, .rows = "\2\0\0\0"s}))
                .find("colour 2 of a palette of 2"),
            std::string::npos);
  EXPECT_NE(bmp_message(bmp_of({.bits = 8, .colours = 300, .behind_header = two, .rows = "\0\0\0\0"s})).find("palette"),
            std::string::npos);
  EXPECT_NE(bmp_message(bmp_of({.bits = 8, .colours = 4000000000, .rows = "\0\0\0\0"s})).find("palette"),
            std::string::npos);
  EXPECT_NE(bmp_message(bmp_of({.bits = 8, .rows = "\0\0\0\0"s})).find("palette"), std::string::npos) << "none at all";
}

// A file whose pixels are said to begin at `pixels_at`.
std::string bmp_from(const BmpParts& parts, uint32_t pixels_at) {
  return bmp_of(parts).replace(10, 4, little(pixels_at, 4));
}

TEST(Bmp, PixelsInsideOfTheHeadersOrThePaletteAreRefused) {
  const std::string two = "\1\2\3\0\4\5\6\0"s, row = "\1\0\0\0"s;
  const std::string masks = little(0xFF, 4) + little(0xFF00, 4) + little(0xFF0000, 4);
  const BmpParts direct{.rows = row}, coloured{.bits = 8, .colours = 2, .behind_header = two, .rows = row};
  const BmpParts masked{.bits = 32, .compression = 3, .behind_header = masks, .rows = row};
  const BmpParts four_masks{.bits = 32, .compression = 6, .behind_header = masks + little(0, 4), .rows = row};
  for (const uint32_t at : {0U, 13U, 14U, 53U}) {
    EXPECT_NE(bmp_message(bmp_from(direct, at)).find("inside of its headers"), std::string::npos) << at;
  }
  for (const uint32_t at : {10U, 54U, 58U, 61U}) {
    EXPECT_NE(bmp_message(bmp_from(coloured, at)).find("headers and palette, which end at byte 62"), std::string::npos)
        << at;
  }
  EXPECT_NE(bmp_message(bmp_from(masked, 65)).find("end at byte 66"), std::string::npos);
  EXPECT_NE(bmp_message(bmp_from(four_masks, 66)).find("end at byte 70"), std::string::npos);
  const std::string core = "BM" + std::string(8, '\0') + little(31, 4) + little(12, 4) + little(1, 2) + little(1, 2) +
                           little(1, 2) + little(1, 2) + "\1\2\3\4\5\6" + "\x80\0\0\0"s;
  EXPECT_NE(bmp_message(core).find("end at byte 32"), std::string::npos);
}

TEST(Bmp, PixelsMayBeginBehindAGap) {
  const std::string two = "\1\2\3\0\4\5\6\0"s, gap = "\0\0"s;
  EXPECT_EQ(bmp_pixels({.bits = 8, .colours = 2, .behind_header = two + gap, .rows = "\1\0\0\0"s}),
            (BmpPixels{6, 5, 4}));
  EXPECT_EQ(bmp_pixels({.behind_header = gap, .rows = "\3\2\1\0"s}), (BmpPixels{1, 2, 3}));
}

TEST(Bmp, HugeAndImpossibleSizesAreRefusedFromTheHeader) {
  const long before = peak_memory_mib();
  EXPECT_NE(bmp_message(bmp_of({.height = 8000, .width = 8000})).find("too few"), std::string::npos);
  EXPECT_NE(bmp_message(bmp_of({.height = 65000, .width = 65000})).find("67108864 pixels"), std::string::npos);
  EXPECT_NE(bmp_message(bmp_of({.height = INT32_MIN, .width = 1})).find("BMP header"), std::string::npos);
  EXPECT_NE(bmp_message(bmp_of({.height = 1, .width = -1})).find("BMP header"), std::string::npos);
  EXPECT_NE(bmp_message(bmp_of({.height = 0, .width = 1})).find("BMP header"), std::string::npos);
  EXPECT_LT(peak_memory_mib() - before, 64);
}

}  // namespace
}  // namespace spinenet::image
