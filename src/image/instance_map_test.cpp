#include "image/instance_map.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/random.h"
#include "image/test_image.h"

namespace spinenet::image {
namespace {

MaskWindow rectangle(int x, int y, int width, int height) {
  return {{x, y, width, height}, std::vector<uint8_t>(static_cast<size_t>(width) * static_cast<size_t>(height), 1)};
}

std::vector<Color> colors_of(const InstanceMap& map, size_t masks) {
  std::vector<Instance> instances;
  for (std::vector<int>& of_one : touching(map, masks, 2)) instances.push_back({std::move(of_one), {90, 90, 90}});
  return instance_colors(instances);
}

TEST(InstanceMap, SmallMasksLieOverLargeOnes) {
  const std::vector<MaskWindow> masks{rectangle(2, 2, 3, 3), rectangle(0, 0, 10, 10), rectangle(4, 4, 3, 3)};
  const InstanceMap map = make_instance_map(masks, 10, 10);
  EXPECT_EQ(map.at(0, 0), 1);
  EXPECT_EQ(map.at(2, 2), 0);
  EXPECT_EQ(map.at(4, 4), 0) << "of equal ones the former";
  EXPECT_EQ(map.at(6, 6), 2);
}

TEST(InstanceMap, MasksAreCutAtTheImage) {
  const std::vector<MaskWindow> masks{rectangle(-3, -2, 6, 6), rectangle(8, 8, 50, 50), rectangle(40, 40, 5, 5)};
  const InstanceMap map = make_instance_map(masks, 10, 10);
  EXPECT_EQ(std::ranges::count(map.owner, 0), 3 * 4);
  EXPECT_EQ(std::ranges::count(map.owner, 1), 2 * 2);
  EXPECT_EQ(std::ranges::count(map.owner, 2), 0);
  Image image = make_image(10, 10, 50);
  paint(image, map, masks, std::vector<Color>(3, Color{255, 0, 0}), {});
  EXPECT_EQ(color_at(image, 5, 5), (Color{50, 50, 50}));
}

TEST(InstanceMap, MasksOfAnotherSizeAreRefused) {
  const std::vector<MaskWindow> masks{{{0, 0, 4, 4}, std::vector<uint8_t>(15, 1)}};
  EXPECT_THROW(make_instance_map(masks, 10, 10), Error);
  EXPECT_THROW(resized(masks[0], 2, 2), Error);
}

TEST(InstanceMap, ThoseThatMeetAreKnownToEachOther) {
  // 0 and 1 share an edge, 1 and 2 a corner; 3 is two pixels beside 2, and 4 far away.
  const std::vector<MaskWindow> masks{rectangle(0, 0, 5, 5), rectangle(5, 0, 5, 5), rectangle(10, 5, 5, 5),
                                      rectangle(17, 5, 3, 5), rectangle(0, 20, 3, 3)};
  const InstanceMap map = make_instance_map(masks, 30, 30);
  EXPECT_EQ(touching(map, masks.size(), 1), (std::vector<std::vector<int>>{{1}, {0, 2}, {1}, {}, {}}));
  EXPECT_EQ(touching(map, masks.size(), 3), (std::vector<std::vector<int>>{{1}, {0, 2}, {1, 3}, {2}, {}}));
}

// The property that keeps nuclei apart: of two masks that touch, the colours differ by kApart at least.
TEST(InstanceMap, TouchingMasksGetColoursThatAreApart) {
  for (uint64_t seed = 0; seed < 12; ++seed) {
    Random random(seed);
    std::vector<MaskWindow> masks;
    for (int i = 0; i < 120; ++i) {
      masks.push_back(rectangle(static_cast<int>(random.below(180)), static_cast<int>(random.below(180)),
                                6 + static_cast<int>(random.below(14)), 6 + static_cast<int>(random.below(14))));
    }
    const InstanceMap map = make_instance_map(masks, 200, 200);
    const std::vector<Color> colors = colors_of(map, masks.size());
    int met = 0;
    for (int y = 0; y + 1 < 200; ++y) {
      for (int x = 0; x + 1 < 200; ++x) {
        for (const int32_t other : {map.at(y, x + 1), map.at(y + 1, x), map.at(y + 1, x + 1)}) {
          const int32_t one = map.at(y, x);
          if (one == kNobody || other == kNobody || one == other) continue;
          ++met;
          ASSERT_GE(color_distance(colors[static_cast<size_t>(one)], colors[static_cast<size_t>(other)]), kApart)
              << seed;
        }
      }
    }
    EXPECT_GT(met, 100) << seed;
  }
}

TEST(InstanceMap, AMaskIsATintInsideAnEdge) {
  Image image = make_image(12, 12, 100);
  const std::vector<MaskWindow> masks{rectangle(2, 3, 8, 6)};
  constexpr Color kRed{255, 0, 0};
  paint(image, make_instance_map(masks, 12, 12), masks, std::vector<Color>{kRed}, {.line = 2, .strength = 0.4F});
  for (int y = 0; y < 12; ++y) {
    for (int x = 0; x < 12; ++x) {
      const bool in = x >= 2 && x < 10 && y >= 3 && y < 9;
      const bool deep = x >= 4 && x < 8 && y >= 5 && y < 7;
      const bool rim = !in && ((x >= 2 && x < 10 && y >= 2 && y < 10) || (x >= 1 && x < 11 && y >= 3 && y < 9));
      const Color wanted = rim ? Color{45, 45, 45} : !in ? Color{100, 100, 100} : deep ? Color{162, 60, 60} : kRed;
      EXPECT_EQ(color_at(image, y, x), wanted) << y << " " << x;
    }
  }
}

// Both edges are seen where two masks meet; at the image's own edge there is none.
TEST(InstanceMap, TwoMasksHaveTwoEdgesBetweenThem) {
  Image image = make_image(20, 20, 100);
  const std::vector<MaskWindow> masks{rectangle(0, 0, 10, 20), rectangle(10, 0, 10, 20)};
  constexpr Color kRed{255, 0, 0}, kBlue{0, 0, 255};
  paint(image, make_instance_map(masks, 20, 20), masks, std::vector<Color>{kRed, kBlue}, {.line = 2});
  EXPECT_EQ(color_at(image, 10, 7), (Color{162, 60, 60}));
  EXPECT_EQ(color_at(image, 10, 8), kRed);
  EXPECT_EQ(color_at(image, 10, 9), kRed);
  EXPECT_EQ(color_at(image, 10, 10), kBlue);
  EXPECT_EQ(color_at(image, 10, 11), kBlue);
  EXPECT_EQ(color_at(image, 10, 12), (Color{60, 60, 162}));
  EXPECT_EQ(color_at(image, 0, 0), (Color{162, 60, 60}));
}

TEST(InstanceMap, ExtentsHaveTheTipsOfWhatIsSeen) {
  // An L, whose upper end is at the left and whose right end is below; half of a square that it lies on; one hidden.
  MaskWindow corner{{3, 2, 5, 4}, {1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 1, 1, 1, 1}};
  const std::vector<MaskWindow> masks{corner, rectangle(0, 10, 8, 4), rectangle(0, 10, 4, 4), rectangle(0, 10, 4, 4)};
  const auto found = extents(make_instance_map(masks, 20, 20), masks.size());
  EXPECT_EQ(found[0].area, corner.area);
  EXPECT_EQ(found[0].tips, (Tips{3, 5, 3, 5}));
  EXPECT_EQ(found[1].area, (PixelArea{4, 10, 4, 4}));
  EXPECT_EQ(found[2].area, (PixelArea{0, 10, 4, 4}));
  EXPECT_FALSE(found[3].tips);
}

TEST(InstanceMap, GroundsAreMeans) {
  Image image = make_image(10, 10, 50);
  for (int x = 0; x < 10; ++x) image.at(3, x)[1] = 150;
  const std::vector<MaskWindow> masks{rectangle(2, 3, 4, 2), rectangle(2, 3, 4, 2)};
  const auto means = grounds(image, make_instance_map(masks, 10, 10), masks.size());
  EXPECT_EQ(means[0], (Color{50, 100, 50}));
  EXPECT_EQ(means[1], (Color{0, 0, 0})) << "nothing is seen of it";
}

TEST(InstanceMap, EnlargedMasksCoverTheSameWithSmoothOutlines) {
  const MaskWindow square = resized(rectangle(3, 2, 4, 5), 3, 3);
  EXPECT_EQ(square.area, (PixelArea{9, 6, 12, 15}));
  EXPECT_GE(std::ranges::count(square.pixels, 1), 12 * 15 - 4) << "corners are rounded";
  // Of a diagonal step the enlarged outline runs within it.
  const MaskWindow stairs{{0, 0, 2, 2}, {1, 0, 1, 1}};
  const MaskWindow larger = resized(stairs, 8, 8);
  EXPECT_EQ(larger.pixels[4 * 16 + 12], 0);
  EXPECT_EQ(larger.pixels[12 * 16 + 4], 1);
  EXPECT_EQ(larger.pixels[6 * 16 + 8], 1) << "between the two steps";
  const MaskWindow smaller = resized(rectangle(10, 10, 20, 30), 0.5, 0.5);
  EXPECT_EQ(smaller.area, (PixelArea{5, 5, 10, 15}));
  EXPECT_EQ(std::ranges::count(smaller.pixels, 1), 150);
}

}  // namespace
}  // namespace spinenet::image
