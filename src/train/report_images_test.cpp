#include "train/report_images.h"

#include <gtest/gtest.h>

#include "image/decode.h"

namespace spinenet::train {
namespace {

plot::ReportImage image_of(size_t bytes) {
  return {"one", std::string(bytes, 'x'), std::string(bytes / 2, 'x')};
}

TEST(ReportImages, AreAddedUntilThePageIsFull) {
  std::vector<plot::ReportImage> images;
  while (add_if_room(images, image_of(30'000))) {
  }
  EXPECT_EQ(images.size(), 5U);
  EXPECT_TRUE(add_if_room(images, {}));
}

TEST(ReportImages, ALargeOneBehindSmallOnesIsLeftOut) {
  std::vector<plot::ReportImage> images;
  EXPECT_FALSE(add_if_room(images, image_of(200'000)));
  EXPECT_TRUE(add_if_room(images, image_of(1'000)));
  EXPECT_FALSE(add_if_room(images, image_of(150'000)));
  EXPECT_EQ(images.size(), 1U);
}

TEST(ReportImages, AreSmallWhateverTheSizeOfTheOriginal) {
  for (const auto& [height, width] : {std::pair{1500, 2000}, {400, 400}, {300, 250}, {120, 90}}) {
    image::Image noise{height, width, std::vector<uint8_t>(size_t{3} * static_cast<size_t>(height * width))};
    for (size_t i = 0; i < noise.pixels.size(); ++i) noise.pixels[i] = static_cast<uint8_t>(i * 2654435761U >> 13);
    const std::string file = drawn_for_report(noise, {});
    const image::Image drawn =
        image::decode_image({reinterpret_cast<const uint8_t*>(file.data()), file.size()}, "drawn");
    EXPECT_LE(std::max(drawn.height, drawn.width), 400) << height;
    EXPECT_LT(file.size() * 4 / 3, kReportImageBytes / 2) << height;
  }
}

}  // namespace
}  // namespace spinenet::train
