#include "train/report_images.h"

#include <gtest/gtest.h>

namespace spinenet::train {
namespace {

TEST(ReportImages, HaveRoomUntilThePageIsFull) {
  std::vector<plot::ReportImage> images;
  while (has_room(images)) images.push_back({"one", std::string(30'000, 'x'), std::string(15'000, 'x')});
  EXPECT_EQ(images.size(), 5U);
  EXPECT_TRUE(has_room({}));
}

TEST(ReportImages, AreSmall) {
  image::Image noise{1500, 2000, std::vector<uint8_t>(size_t{3} * 1500 * 2000)};
  for (size_t i = 0; i < noise.pixels.size(); ++i) noise.pixels[i] = static_cast<uint8_t>(i * 2654435761U >> 13);
  const std::string file = drawn_for_report(noise, {});
  EXPECT_TRUE(file.starts_with("\xFF\xD8\xFF"));
  EXPECT_LT(file.size() * 4 / 3, kReportImageBytes / 2);
}

}  // namespace
}  // namespace spinenet::train
