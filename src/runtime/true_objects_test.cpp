#include "runtime/true_objects.h"

#include <gtest/gtest.h>

namespace spinenet::runtime {
namespace {

const std::vector<std::string> kClasses{"apple", "pear"};

data::LabelledImage sample() {
  data::LabelledImage one;
  one.image = {20, 30, std::vector<uint8_t>(20 * 30 * 3)};
  return one;
}

TEST(TrueObjects, AreThoseOfTheImageWithoutCrowds) {
  data::LabelledImage one = sample();
  one.targets = {{{1, 2, 11, 12}, 1}, {{0, 0, 30, 20}, 0, true}, {{4, 4, 8, 8}, 0}};
  one.masks.resize(3);
  one.masks[2].shape.polygons = {{4, 4, 8, 4, 8, 8, 4, 8}};
  const std::vector<image::DrawnObject> objects = true_objects(one, kClasses);
  ASSERT_EQ(objects.size(), 2U);
  EXPECT_EQ(objects[0].name, "pear");
  EXPECT_EQ(objects[0].detail, "");
  EXPECT_EQ(objects[0].box->x2, 11);
  EXPECT_TRUE(objects[0].mask.pixels.empty()) << "it has no mask";
  EXPECT_EQ(objects[1].name, "apple");
  EXPECT_EQ(objects[1].mask.area.width, 4);
  EXPECT_EQ(objects[1].mask.area.height, 4);
}

TEST(TrueObjects, OfAClassifiedImageIsItsClass) {
  data::LabelledImage one = sample();
  one.label = 1;
  const std::vector<image::DrawnObject> objects = true_objects(one, kClasses);
  ASSERT_EQ(objects.size(), 1U);
  EXPECT_EQ(objects[0].name, "pear");
  EXPECT_FALSE(objects[0].box);
}

}  // namespace
}  // namespace spinenet::runtime
