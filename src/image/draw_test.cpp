#include "image/draw.h"

#include <cmath>
#include <cstdlib>
#include <limits>

#include <gtest/gtest.h>

#include "image/test_image.h"

namespace spinenet::image {
namespace {

Color color_at(const Image& image, int y, int x) {
  const uint8_t* pixel = image.at(y, x);
  return {pixel[0], pixel[1], pixel[2]};
}

int count_changed(const Image& image) {
  int count = 0;
  for (int y = 0; y < image.height; ++y) {
    for (int x = 0; x < image.width; ++x) count += color_at(image, y, x) == Color{} ? 0 : 1;
  }
  return count;
}

constexpr Color kRed{255, 0, 0};

TEST(Draw, NearLabelsHaveClearlyDifferentColours) {
  const auto distance = [](Color a, Color b) {
    return std::abs(a.r - b.r) + std::abs(a.g - b.g) + std::abs(a.b - b.b);
  };
  for (int label = 0; label < 90; ++label) {
    EXPECT_EQ(class_color(label), class_color(label));
    for (int other = label + 1; other < label + 4; ++other) {
      EXPECT_GT(distance(class_color(label), class_color(other)), 60) << label << " " << other;
    }
  }
  for (int label = 0; label < 20; ++label) {
    for (int other = label + 1; other < 20; ++other) EXPECT_GT(distance(class_color(label), class_color(other)), 20);
  }
  class_color(std::numeric_limits<int>::min());
  class_color(std::numeric_limits<int>::max());
}

TEST(Draw, ABoxIsItsOutlineInsideItsEdges) {
  Image image = make_image(20, 30);
  draw_box(image, {.x1 = 4, .y1 = 5, .x2 = 14, .y2 = 12, .color = kRed, .thickness = 2});
  for (int y = 0; y < 20; ++y) {
    for (int x = 0; x < 30; ++x) {
      const bool inside = x >= 4 && x < 14 && y >= 5 && y < 12;
      const bool hollow = x >= 6 && x < 12 && y >= 7 && y < 10;
      EXPECT_EQ(color_at(image, y, x), (inside && !hollow ? kRed : Color{})) << y << " " << x;
    }
  }
}

TEST(Draw, BoxesOutsideAreClippedAndUnboundedOnesLeftOut) {
  Image image = make_image(20, 30);
  draw_box(image, {.x1 = -5, .y1 = -5, .x2 = 5, .y2 = 5, .color = kRed, .thickness = 1});
  EXPECT_EQ(count_changed(image), 5 + 4);
  image = make_image(20, 30);
  draw_box(image, {.x1 = 100, .y1 = 100, .x2 = 200, .y2 = 200, .color = kRed});
  draw_box(image, {.x1 = NAN, .y1 = 0, .x2 = 9, .y2 = 9, .color = kRed});
  draw_box(image, {.x1 = 0, .y1 = 0, .x2 = INFINITY, .y2 = 9, .color = kRed});
  draw_box(image, {.x1 = -1e30F, .y1 = -1e30F, .x2 = 1e30F, .y2 = 1e30F, .color = kRed});
  EXPECT_EQ(count_changed(image), 0);
}

TEST(Draw, LinesGrowWithTheImage) {
  const auto thickness = [](int side) {
    Image image = make_image(side, side);
    draw_box(image, {.x1 = 0, .y1 = 0, .x2 = static_cast<float>(side), .y2 = static_cast<float>(side), .color = kRed});
    int x = 0;
    while (color_at(image, side / 2, x) == kRed) ++x;
    return x;
  };
  EXPECT_EQ(thickness(64), 1);
  EXPECT_GT(thickness(640), 1);
  EXPECT_GT(thickness(2000), thickness(640));
}

TEST(Draw, ALabelStandsAboveItsCornerOrInsideAtTheTop) {
  Image image = make_image(100, 200);
  draw_label(image, 50, 60, "cat 0.93", kRed);
  EXPECT_EQ(color_at(image, 59, 50), kRed);
  EXPECT_EQ(color_at(image, 60, 50), Color{});
  EXPECT_EQ(color_at(image, 59, 49), Color{});
  int letters = 0;
  for (int y = 0; y < 60; ++y) {
    for (int x = 50; x < 200; ++x) letters += image.at(y, x)[1] > 128 ? 1 : 0;
  }
  EXPECT_GT(letters, 20);
  image = make_image(100, 200);
  draw_label(image, 50, 3, "cat", kRed);
  EXPECT_EQ(color_at(image, 3, 50), kRed);
  EXPECT_EQ(color_at(image, 2, 50), Color{});
}

TEST(Draw, TheGroundOfALabelHoldsLettersThatReachBelowTheLine) {
  for (const int side : {100, 300, 600, 1500}) {
    // Rows of bare ground under the letters.
    const auto rows_below = [&](const char* text) {
      Image image = make_image(side, side);
      draw_label(image, 0, side / 2, text, kRed);
      for (int row = 0; row < side / 2; ++row) {
        for (int x = 0; x < side; ++x) {
          if (image.at(side / 2 - 1 - row, x)[1] > 60) return row;
        }
      }
      return -1;
    };
    EXPECT_GE(rows_below("gjpqy"), 1) << side;
    EXPECT_GT(rows_below("acemn"), rows_below("gjpqy")) << side;
  }
}

TEST(Draw, LabelsStayInsideTheImage) {
  for (const int x : {-1'000'000, -3, 0, 195, 1'000'000}) {
    for (const int y : {-1'000'000, -3, 0, 99, 1'000'000}) {
      Image image = make_image(100, 200);
      draw_label(image, x, y, "dog", kRed);
      EXPECT_GT(count_changed(image), 100) << x << " " << y;
    }
  }
  Image tiny = make_image(1, 1);
  draw_label(tiny, 0, 0, "a label much longer than the image is wide", kRed);
  Image image = make_image(50, 60);
  draw_label(image, 3, 40,
             "Stra\xC3\x9F"
             "e \xE7\x8A\xAC\n\x80",
             kRed);
  draw_label(image, 3, 40, "", kRed);
  draw_label(image, 3, 40, std::string(10'000, 'x'), kRed);
}

TEST(Draw, AMaskTintsItsInsideAndNothingElse) {
  Image image = make_image(10, 10, 100);
  std::vector<uint8_t> mask(100, 0);
  for (size_t y = 2; y < 7; ++y) {
    for (size_t x = 3; x < 8; ++x) mask[y * 10 + x] = 1;
  }
  draw_mask(image, mask, kRed, 0.5F);
  EXPECT_EQ(color_at(image, 2, 3), kRed);
  EXPECT_EQ(color_at(image, 4, 5), (Color{178, 50, 50}));
  EXPECT_EQ(color_at(image, 1, 3), (Color{100, 100, 100}));
  EXPECT_EQ(color_at(image, 7, 8), (Color{100, 100, 100}));
  EXPECT_THROW(draw_mask(image, std::vector<uint8_t>(99), kRed), Error);
}

TEST(Draw, EmptyImagesAreLeftAlone) {
  Image image;
  draw_box(image, {.x1 = 0, .y1 = 0, .x2 = 5, .y2 = 5, .color = kRed});
  draw_label(image, 0, 0, "cat", kRed);
  draw_mask(image, {}, kRed);
  EXPECT_TRUE(image.pixels.empty());
}

}  // namespace
}  // namespace spinenet::image
