#include "detect/box_coder.h"

#include <cmath>

#include <gtest/gtest.h>

#include "base/random.h"

namespace spinenet::detect {
namespace {

Box random_box(Random& random) {
  const double x = random.uniform(-50, 600);
  const double y = random.uniform(-50, 600);
  return {static_cast<float>(x), static_cast<float>(y), static_cast<float>(x + random.uniform(4, 200)),
          static_cast<float>(y + random.uniform(4, 200))};
}

TEST(BoxCoder, ByHand) {
  const Box anchor{10, 20, 30, 60};                       // centre (20, 40), 20 wide, 40 high
  const BoxCode code = encode({20, 30, 60, 50}, anchor);  // centre (40, 40), 40 wide, 20 high
  EXPECT_FLOAT_EQ(code[0], 0);
  EXPECT_FLOAT_EQ(code[1], 1);
  EXPECT_FLOAT_EQ(code[2], std::log(0.5F));
  EXPECT_FLOAT_EQ(code[3], std::log(2.0F));
  const Box moved = decode(BoxCode{0.25F, -0.5F, 0, 0}, anchor);
  EXPECT_EQ(moved, (Box{0, 30, 20, 70}));
}

TEST(BoxCoder, TheAnchorItselfIsZero) {
  const Box anchor{1.5F, 2.5F, 33, 77};
  EXPECT_EQ(encode(anchor, anchor), (BoxCode{0, 0, 0, 0}));
  EXPECT_EQ(decode(BoxCode{}, anchor), anchor);
}

TEST(BoxCoder, DecodeUndoesEncode) {
  Random random(7);
  for (int i = 0; i < 10'000; ++i) {
    const Box box = random_box(random);
    const Box anchor = random_box(random);
    const Box back = decode(encode(box, anchor), anchor);
    EXPECT_NEAR(back.x1, box.x1, 2e-3);
    EXPECT_NEAR(back.y1, box.y1, 2e-3);
    EXPECT_NEAR(back.x2, box.x2, 2e-3);
    EXPECT_NEAR(back.y2, box.y2, 2e-3);
  }
}

TEST(BoxCoder, CodesMoveWithTheScale) {
  const Box box{8, 16, 24, 56};
  const Box anchor{4, 20, 36, 52};
  const BoxCode code = encode(box, anchor);
  const BoxCode doubled = encode({16, 32, 48, 112}, {8, 40, 72, 104});
  for (size_t i = 0; i < 4; ++i) EXPECT_FLOAT_EQ(code[i], doubled[i]);
}

TEST(BoxCoder, GrowthIsCutAtTheLimit) {
  const Box anchor{0, 0, 16, 16};
  const Box box = decode(BoxCode{0, 0, 50, kMaxLogScale + 1}, anchor);
  EXPECT_NEAR(box.width(), 1000, 1e-2);
  EXPECT_NEAR(box.height(), 1000, 1e-2);
  EXPECT_LT(decode(BoxCode{0, 0, 0, kMaxLogScale - 0.1F}, anchor).width(), 999);
}

}  // namespace
}  // namespace spinenet::detect
