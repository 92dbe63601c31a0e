#include "detect/detections.h"

#include <gtest/gtest.h>

namespace spinenet::detect {
namespace {

TEST(Detections, BecomeResultsWithWidthAndHeight) {
  const Detection detection{{10, 20, 35, 60}, 2, 0.75F, {.height = 4, .width = 5, .counts = {3, 17}}};
  const Result result = to_result(detection, 12, 90);
  EXPECT_EQ(result.image_id, 12);
  EXPECT_EQ(result.category_id, 90);
  EXPECT_EQ(result.bbox, (std::array<double, 4>{10, 20, 25, 40}));
  EXPECT_EQ(result.score, 0.75);
  EXPECT_EQ(result.mask.counts, detection.mask.counts);
}

}  // namespace
}  // namespace spinenet::detect
