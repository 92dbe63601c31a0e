#include "image/encode.h"

#include <gtest/gtest.h>

#include "image/decode.h"
#include "image/test_image.h"

namespace spinenet::image {
namespace {

TEST(Encode, PngKeepsEveryPixel) {
  for (const ImageSize size : {ImageSize{1, 1}, {1, 37}, {53, 1}, {40, 31}}) {
    const Image picture = noise_image(size.height, size.width, static_cast<uint64_t>(size.width));
    EXPECT_TRUE(same_pixels(decode_image(bytes_of(encode_png(picture)), "here.jpg"), picture));
  }
}

TEST(Encode, JpegIsCloserAndLongerWithMoreQuality) {
  const Image picture = smooth_image(64, 80);
  double difference = 256;
  size_t length = 0;
  for (const int quality : {5, 50, 89, 98}) {
    const std::string file = encode_jpeg(picture, quality);
    const double now = mean_difference(decode_image(bytes_of(file), "here.jpg"), picture);
    EXPECT_LT(now, difference) << quality;
    EXPECT_GT(file.size(), length) << quality;
    difference = now;
    length = file.size();
  }
  EXPECT_EQ(encode_jpeg(picture, 1000), encode_jpeg(picture, 100));
}

TEST(Encode, ThinColouredLinesStaySharpAtHighQuality) {
  Image picture = make_image(32, 32, 255);
  for (int y = 0; y < 32; ++y) picture.at(y, 9)[1] = picture.at(y, 9)[2] = 0;
  const auto redness = [&](int quality) {
    const Image decoded = decode_image(bytes_of(encode_jpeg(picture, quality)), "here.jpg");
    return decoded.at(16, 9)[0] - decoded.at(16, 9)[1];
  };
  EXPECT_GT(redness(92), 200);
  EXPECT_GT(redness(92), redness(89));
}

TEST(Encode, TheSameImageGivesTheSameBytes) {
  const Image picture = noise_image(20, 20, 4);
  EXPECT_EQ(encode_png(picture), encode_png(picture));
  EXPECT_EQ(encode_jpeg(picture), encode_jpeg(picture));
}

TEST(Encode, SizesOutsideTheFormatAreRefused) {
  EXPECT_THROW(encode_png(make_image(0, 5)), Error);
  EXPECT_THROW(encode_jpeg(make_image(1, 65501)), Error);
  EXPECT_EQ(image_size(bytes_of(encode_jpeg(make_image(1, 65500))), "here.jpg"), (ImageSize{1, 65500}));
}

}  // namespace
}  // namespace spinenet::image
