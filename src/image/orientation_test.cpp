#include "image/orientation.h"

#include <array>

#include <gtest/gtest.h>

#include "image/decode.h"
#include "image/encode.h"
#include "image/test_image.h"

namespace spinenet::image {
namespace {

// In the standard's words: which visual sides the stored first row and first column are.
struct Sides {
  char first_row, first_column;
};
constexpr std::array<Sides, 9> kSides = {
    {{}, {'t', 'l'}, {'t', 'r'}, {'b', 'r'}, {'b', 'l'}, {'l', 't'}, {'r', 't'}, {'r', 'b'}, {'l', 'b'}}};

// The image as a camera with this orientation stores it.
Image stored_for(const Image& upright_image, int orientation) {
  const Sides sides = kSides[static_cast<size_t>(orientation)];
  const bool rows_are_rows = sides.first_row == 't' || sides.first_row == 'b';
  const int height = upright_image.height;
  const int width = upright_image.width;
  Image stored = rows_are_rows ? make_image(height, width) : make_image(width, height);
  for (int r = 0; r < stored.height; ++r) {
    for (int c = 0; c < stored.width; ++c) {
      const auto [along_y, along_x] = rows_are_rows ? std::pair(r, c) : std::pair(c, r);
      const char vertical = rows_are_rows ? sides.first_row : sides.first_column;
      const char horizontal = rows_are_rows ? sides.first_column : sides.first_row;
      const int y = vertical == 't' ? along_y : height - 1 - along_y;
      const int x = horizontal == 'l' ? along_x : width - 1 - along_x;
      for (int k = 0; k < 3; ++k) stored.at(r, c)[k] = upright_image.at(y, x)[k];
    }
  }
  return stored;
}

std::string with_jpeg_exif(const std::string& jpeg, const std::string& block) {
  const std::string content = std::string("Exif\0\0", 6) + block;
  const size_t length = content.size() + 2;
  return jpeg.substr(0, 2) + "\xFF\xE1" + static_cast<char>(length >> 8) + static_cast<char>(length & 0xFF) + content +
         jpeg.substr(2);
}

TEST(Orientation, TurnsEveryStoredFormUpright) {
  const Image picture = noise_image(5, 7, 1);
  for (int orientation = 1; orientation <= 8; ++orientation) {
    const Image stored = stored_for(picture, orientation);
    EXPECT_TRUE(same_pixels(upright(stored, orientation), picture)) << orientation;
    EXPECT_EQ(upright_size({stored.height, stored.width}, orientation), (ImageSize{5, 7})) << orientation;
  }
}

TEST(Orientation, EveryJpegOrientationDecodesToTheUprightPixels) {
  const Image picture = smooth_image(33, 50);
  for (int orientation = 1; orientation <= 8; ++orientation) {
    const std::string plain = encode_jpeg(stored_for(picture, orientation), 95);
    const std::string tagged = with_jpeg_exif(plain, exif_block(orientation, orientation % 2 == 0));
    const Image decoded = decode_image(bytes_of(tagged), "here.jpg");
    EXPECT_LT(mean_difference(decoded, picture), 2) << orientation;
    EXPECT_TRUE(same_pixels(stored_for(decoded, orientation), decode_image(bytes_of(plain), "here.jpg")));
    EXPECT_EQ(image_size(bytes_of(tagged), "here.jpg"), (ImageSize{33, 50})) << orientation;
  }
}

TEST(Orientation, UnreadableTagsMeanAsStored) {
  EXPECT_EQ(exif_orientation(bytes_of("")), 1);
  EXPECT_EQ(exif_orientation(bytes_of(exif_block(0, true))), 1);
  EXPECT_EQ(exif_orientation(bytes_of(exif_block(9, false))), 1);
  std::string block = exif_block(6, false);
  for (size_t cut = 0; cut < block.size(); ++cut) {
    const int orientation = exif_orientation(bytes_of(block.substr(0, cut)));
    EXPECT_TRUE(orientation == 1 || (orientation == 6 && cut >= 34)) << cut;
  }
  EXPECT_EQ(exif_orientation(bytes_of(std::string("Exif\0\0", 6) + block)), 6);
  block[4] = '\xFF', block[7] = '\x7F';  // a directory far outside
  EXPECT_EQ(exif_orientation(bytes_of(block)), 1);
}

}  // namespace
}  // namespace spinenet::image
