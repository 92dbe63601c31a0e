#include "image/label_layout.h"

#include <algorithm>
#include <cstdint>

#include <gtest/gtest.h>

#include "base/random.h"

namespace spinenet::image {
namespace {

constexpr int kHeight = 300, kWidth = 400;

// Pixel by pixel.
int64_t covered(const PixelArea& place, const PixelArea& of) {
  int64_t count = 0;
  for (int y = place.y; y < place.y + place.height; ++y) {
    for (int x = place.x; x < place.x + place.width; ++x) {
      if (y >= of.y && y < of.y + of.height && x >= of.x && x < of.x + of.width) ++count;
    }
  }
  return count;
}

bool inside(const PixelArea& area) {
  return area.x >= 0 && area.y >= 0 && area.x + area.width <= kWidth && area.y + area.height <= kHeight;
}

struct Crowd {
  std::vector<LabelledObject> objects;
  std::vector<LabelSize> sizes;
};

Crowd random_crowd(uint64_t seed, int count) {
  Random random(seed);
  Crowd crowd;
  for (int i = 0; i < count; ++i) {
    const int width = 4 + static_cast<int>(random.below(random.chance(0.8) ? 40 : 200));
    const int height = 4 + static_cast<int>(random.below(random.chance(0.8) ? 40 : 200));
    const int x = static_cast<int>(random.below(kWidth - width + 1));
    const int y = static_cast<int>(random.below(kHeight - height + 1));
    crowd.objects.push_back({{x, y, width, height}, {}});
    if (random.chance(0.5)) {
      const auto column = [&] { return x + static_cast<int>(random.below(width)); };
      const auto row = [&] { return y + static_cast<int>(random.below(height)); };
      crowd.objects.back().tips = Tips{column(), column(), row(), row()};
    }
    crowd.sizes.push_back({14, 30 + static_cast<int>(random.below(60))});
  }
  return crowd;
}

TEST(LabelLayout, ALabelStandsOnItsObjectWhereThatIsFree) {
  const std::vector<LabelledObject> objects{{{100, 100, 50, 60}, {}}};
  const auto labels = place_labels(objects, std::vector<LabelSize>{{14, 40}}, kHeight, kWidth);
  EXPECT_EQ(labels[0], (PixelArea{100, 86, 40, 14}));
}

TEST(LabelLayout, OfAnObjectAtTheUpperEdgeItStandsBelow) {
  const std::vector<LabelledObject> objects{{{100, 0, 50, 60}, {}}};
  const auto labels = place_labels(objects, std::vector<LabelSize>{{14, 40}}, kHeight, kWidth);
  EXPECT_EQ(labels[0], (PixelArea{100, 60, 40, 14}));
}

// A slanted object is far from the corners of the rectangle around it.
TEST(LabelLayout, OfAMaskItStandsAtTheTipOfIt) {
  const std::vector<LabelledObject> objects{{{100, 100, 200, 100}, Tips{280, 120, 190, 110}}};
  const auto labels = place_labels(objects, std::vector<LabelSize>{{14, 40}}, kHeight, kWidth);
  EXPECT_EQ(labels[0], (PixelArea{260, 86, 40, 14}));
}

TEST(LabelLayout, HiddenSharesAreThoseOfPixels) {
  const Crowd crowd = random_crowd(3, 30);
  std::vector<std::optional<PixelArea>> labels{PixelArea{10, 10, 50, 14}, std::nullopt, PixelArea{90, 40, 50, 14}};
  for (const PixelArea& place : label_places(crowd.objects[4], crowd.sizes[4], kHeight, kWidth)) {
    double hidden = 0;
    for (const LabelledObject& object : crowd.objects) {
      const PixelArea& area = object.area;
      hidden += static_cast<double>(covered(place, area)) / (area.width * area.height);
    }
    for (const auto& label : labels) {
      if (label) hidden += 4.0 * static_cast<double>(covered(place, *label)) / (label->width * label->height);
    }
    EXPECT_NEAR(hidden_by(place, crowd.objects, labels), hidden, 1e-9);
  }
}

TEST(LabelLayout, PlacesLieInsideTheImageAndTouchTheirObject) {
  for (uint64_t seed = 0; seed < 20; ++seed) {
    const Crowd crowd = random_crowd(seed, 30);
    for (size_t i = 0; i < crowd.objects.size(); ++i) {
      const std::vector<PixelArea> places = label_places(crowd.objects[i], crowd.sizes[i], kHeight, kWidth);
      EXPECT_FALSE(places.empty());
      for (const PixelArea& place : places) {
        EXPECT_TRUE(inside(place)) << place.x << " " << place.y;
        EXPECT_EQ(std::ranges::count(places, place), 1);
        const PixelArea& o = crowd.objects[i].area;
        const PixelArea around{place.x - 1, place.y - 1, place.width + 2, place.height + 2};
        EXPECT_GT(covered(around, o), 0) << seed << " " << i;
      }
    }
  }
}

// The rule itself: of all places the one that hides least, and none where each hides too much.
TEST(LabelLayout, EachLabelHidesAsLittleAsAnyOfItsPlaces) {
  for (uint64_t seed = 0; seed < 60; ++seed) {
    const Crowd crowd = random_crowd(seed, 5 + static_cast<int>(seed) * 2);
    const auto labels = place_labels(crowd.objects, crowd.sizes, kHeight, kWidth);
    ASSERT_EQ(labels.size(), crowd.objects.size());
    EXPECT_EQ(labels, place_labels(crowd.objects, crowd.sizes, kHeight, kWidth));
    for (size_t i = 0; i < labels.size(); ++i) {
      const auto before = std::span(labels).first(i);
      double least = 1e9;
      for (const PixelArea& place : label_places(crowd.objects[i], crowd.sizes[i], kHeight, kWidth)) {
        least = std::min(least, hidden_by(place, crowd.objects, before));
      }
      EXPECT_EQ(labels[i].has_value(), least <= kMostHidden) << seed << " " << i;
      if (!labels[i]) continue;
      EXPECT_TRUE(inside(*labels[i]));
      EXPECT_EQ(hidden_by(*labels[i], crowd.objects, before), least) << seed << " " << i;
    }
  }
}

TEST(LabelLayout, NoLabelCoversMoreThanHalfOfAnObject) {
  for (uint64_t seed = 0; seed < 60; ++seed) {
    const Crowd crowd = random_crowd(seed, 80);
    const auto labels = place_labels(crowd.objects, crowd.sizes, kHeight, kWidth);
    for (const auto& label : labels) {
      if (!label) continue;
      for (const LabelledObject& object : crowd.objects) {
        EXPECT_LE(2 * covered(*label, object.area), object.area.width * object.area.height) << seed;
      }
    }
    for (size_t i = 0; i < labels.size(); ++i) {
      for (size_t j = 0; j < i; ++j) {
        if (!labels[i] || !labels[j]) continue;
        EXPECT_LE(8 * covered(*labels[i], *labels[j]), labels[j]->width * labels[j]->height) << seed;
      }
    }
  }
}

// A small object above another one stands where the label of that one would.
TEST(LabelLayout, ASmallNeighbourIsLeftFree) {
  const std::vector<LabelledObject> objects{{{100, 100, 60, 60}, {}}, {{105, 88, 10, 10}, {}}};
  const auto labels = place_labels(objects, std::vector<LabelSize>{{14, 50}, {14, 50}}, kHeight, kWidth);
  ASSERT_TRUE(labels[0] && labels[1]);
  EXPECT_EQ(covered(*labels[0], objects[1].area), 0);
  EXPECT_EQ(covered(*labels[1], objects[0].area), 0);
  EXPECT_EQ(covered(*labels[0], *labels[1]), 0);
}

TEST(LabelLayout, WhatHasNoPlaceHasNoLabel) {
  const std::vector<LabelledObject> objects{
      {{10, 10, 20, 20}, {}}, {{50, 50, 0, 20}, {}}, {{90, 90, 20, 20}, {}}, {{150, 90, 20, 20}, {}}};
  const std::vector<LabelSize> sizes{{14, kWidth + 1}, {14, 20}, {0, 0}, {kHeight + 1, 20}};
  for (const auto& label : place_labels(objects, sizes, kHeight, kWidth)) EXPECT_FALSE(label);
  EXPECT_TRUE(place_labels({}, {}, kHeight, kWidth).empty());
}

TEST(LabelLayout, OfVeryManyObjectsTheFirstHaveLabels) {
  const std::vector<LabelledObject> objects(5000, LabelledObject{{0, 0, 100'000, 100'000}, {}});
  const std::vector<LabelSize> sizes(5000, LabelSize{1, 1});
  const auto labels = place_labels(objects, sizes, 100'000, 100'000);
  for (size_t i = kMostLabels; i < labels.size(); ++i) EXPECT_FALSE(labels[i]);
}

}  // namespace
}  // namespace spinenet::image
