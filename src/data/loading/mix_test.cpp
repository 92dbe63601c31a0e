#include "data/loading/mix.h"

#include <array>
#include <cmath>

#include <gtest/gtest.h>

#include "image/canvas.h"

namespace spinenet::data {
namespace {

constexpr int kSize = 96;
using Color = std::array<uint8_t, 3>;

// An image of its own strong colour on grey, with one object, whose mask is its outline.
Color color_of(int64_t index) {
  constexpr std::array<Color, 6> kColors{
      {{255, 0, 0}, {0, 255, 0}, {0, 0, 255}, {255, 255, 0}, {255, 0, 255}, {0, 255, 255}}};
  return kColors[static_cast<size_t>(index) % kColors.size()];
}

LabelledImage painted(int64_t index, bool masks, bool runs = false) {
  Random random = Random(9).fork(static_cast<uint64_t>(index));
  const int height = 60 + static_cast<int>(random.below(100)), width = 60 + static_cast<int>(random.below(100));
  const auto x1 = static_cast<int>(random.below(width - 40)), y1 = static_cast<int>(random.below(height - 40));
  const int x2 = x1 + 20 + static_cast<int>(random.below(width - x1 - 19));
  const int y2 = y1 + 20 + static_cast<int>(random.below(height - y1 - 19));
  LabelledImage sample;
  sample.image_id = index;
  sample.image = image::make_image(height, width, 110);
  std::vector<uint8_t> pixels(static_cast<size_t>(height) * static_cast<size_t>(width), 0);
  for (int y = y1; y < y2; ++y) {
    for (int x = x1; x < x2; ++x) {
      std::ranges::copy(color_of(index), sample.image.at(y, x));
      pixels[static_cast<size_t>(y) * static_cast<size_t>(width) + static_cast<size_t>(x)] = 1;
    }
  }
  const detect::Box box{static_cast<float>(x1), static_cast<float>(y1), static_cast<float>(x2), static_cast<float>(y2)};
  sample.targets = {{box, static_cast<int>(index % 6), false}};
  if (!masks) return sample;
  detect::ObjectMask mask;
  if (runs) {
    mask.shape.rle = detect::encode_mask(pixels, height, width);
  } else {
    const double left = x1, top = y1, right = x2, bottom = y2;
    mask.shape.polygons = {{left, top, right, top, right, bottom, left, bottom}};
  }
  sample.masks = {std::move(mask)};
  return sample;
}

OtherImages others(bool masks) {
  return {6, [masks](int64_t index) { return painted(index, masks, index % 2 == 0); }};
}

AugmentOptions plain() {
  AugmentOptions options;
  options.scale_min = 0.7;
  options.scale_max = 1.3;
  options.min_box = 3;
  return options;
}

bool shows(const image::Image& image, int y, int x, const Color& color, int limit) {
  const uint8_t* p = image.at(y, x);
  for (size_t c = 0; c < 3; ++c) {
    if (std::abs(p[c] - color[c]) > limit) return false;
  }
  return true;
}

// The pixels of an object's colour within a box.
detect::Box extent_of_color(const image::Image& image, const Color& color, const detect::Box& within) {
  detect::Box box{1e6F, 1e6F, 0, 0};
  const auto limit = [&](float value) { return std::clamp(static_cast<int>(std::lround(value)), 0, kSize); };
  for (int y = limit(within.y1 - 2); y < limit(within.y2 + 2); ++y) {
    for (int x = limit(within.x1 - 2); x < limit(within.x2 + 2); ++x) {
      if (!shows(image, y, x, color, 70)) continue;
      box = {std::min(box.x1, static_cast<float>(x)), std::min(box.y1, static_cast<float>(y)),
             std::max(box.x2, static_cast<float>(x + 1)), std::max(box.y2, static_cast<float>(y + 1))};
    }
  }
  return box;
}

void expect_near(const detect::Box& a, const detect::Box& b, float limit) {
  EXPECT_NEAR(a.x1, b.x1, limit);
  EXPECT_NEAR(a.y1, b.y1, limit);
  EXPECT_NEAR(a.x2, b.x2, limit);
  EXPECT_NEAR(a.y2, b.y2, limit);
}

// The share of a mask's pixels that show the object, and of the object's pixels that the mask has.
struct Agreement {
  int mask = 0, both = 0, color = 0;
};
Agreement agreement(const LabelledImage& input, size_t i) {
  const std::vector<uint8_t> mask = detect::mask_target(input.masks[i], {0, 0, kSize, kSize}, kSize);
  const detect::Box& box = input.targets[i].box;
  Agreement found;
  for (int y = 0; y < kSize; ++y) {
    for (int x = 0; x < kSize; ++x) {
      const bool inside = static_cast<float>(x) >= box.x1 - 1 && static_cast<float>(x) < box.x2 + 1 &&
                          static_cast<float>(y) >= box.y1 - 1 && static_cast<float>(y) < box.y2 + 1;
      if (!inside) continue;
      const bool masked = mask[static_cast<size_t>(y * kSize + x)] != 0;
      const bool colored = shows(input.image, y, x, color_of(input.targets[i].label), 70);
      found.mask += masked ? 1 : 0;
      found.color += colored ? 1 : 0;
      found.both += masked && colored ? 1 : 0;
    }
  }
  return found;
}

TEST(Mix, WithoutMixingItIsTheAugmentationOfOneImage) {
  for (uint64_t i = 0; i < 20; ++i) {
    Random draws = Random(3).fork(i);
    const Random same = draws;
    const LabelledImage expected = augment(painted(1, false), plain(), kSize, draws);
    const LabelledImage input = training_input(painted(1, false), plain(), kSize, others(false), same);
    EXPECT_EQ(input.image.pixels, expected.image.pixels);
    ASSERT_EQ(input.targets.size(), expected.targets.size());
    for (size_t t = 0; t < input.targets.size(); ++t) EXPECT_EQ(input.targets[t].box, expected.targets[t].box);
  }
}

TEST(Mix, TheSameDrawsMakeTheSameInput) {
  AugmentOptions options = plain();
  options.mosaic = options.mixup = options.copy_paste = options.erase = 0.5;
  options.rotate = 20;
  for (uint64_t i = 0; i < 20; ++i) {
    const LabelledImage a = training_input(painted(2, true), options, kSize, others(true), Random(i));
    const LabelledImage b = training_input(painted(2, true), options, kSize, others(true), Random(i));
    EXPECT_EQ(a.image.pixels, b.image.pixels);
    ASSERT_EQ(a.targets.size(), b.targets.size());
    ASSERT_EQ(a.masks.size(), a.targets.size());
    for (size_t t = 0; t < a.targets.size(); ++t) {
      EXPECT_EQ(a.targets[t].box, b.targets[t].box);
      EXPECT_TRUE(a.masks[t].shape.rle == b.masks[t].shape.rle);
    }
  }
}

TEST(Mix, BoxesOfAMosaicStayOnTheirObjects) {
  AugmentOptions options = plain();
  options.mosaic = 1;
  int checked = 0;
  for (uint64_t i = 0; i < 200; ++i) {
    const LabelledImage input = training_input(painted(0, false), options, kSize, others(false), Random(i));
    ASSERT_EQ(input.image.width, kSize);
    std::array<int, 6> times{};
    for (const Target& target : input.targets) ++times[static_cast<size_t>(target.label)];
    for (const Target& target : input.targets) {
      if (times[static_cast<size_t>(target.label)] > 1) continue;  // the same image twice: its colours may touch
      ++checked;
      expect_near(target.box, extent_of_color(input.image, color_of(target.label), target.box), 1.01F);
    }
  }
  EXPECT_GT(checked, 150);
}

TEST(Mix, MasksOfAMosaicEndWhereTheirImageDoes) {
  AugmentOptions options = plain();
  options.mosaic = 1;
  int checked = 0;
  for (uint64_t i = 0; i < 60; ++i) {
    const LabelledImage input = training_input(painted(0, true), options, kSize, others(true), Random(i));
    ASSERT_EQ(input.masks.size(), input.targets.size());
    for (size_t t = 0; t < input.targets.size(); ++t) {
      const Agreement found = agreement(input, t);
      if (found.mask < 100) continue;
      ++checked;
      EXPECT_GT(found.both, 0.85 * found.mask) << "seed " << i;
    }
  }
  EXPECT_GT(checked, 50);
}

TEST(Mix, MixupHasTheObjectsOfBothImages) {
  AugmentOptions options = plain();
  options.mixup = 1;
  options.min_kept = 0;
  options.scale_min = options.scale_max = 1;  // everything is in view
  for (uint64_t i = 0; i < 50; ++i) {
    const LabelledImage input = training_input(painted(0, true), options, kSize, others(true), Random(i));
    ASSERT_EQ(input.targets.size(), 2U);
    ASSERT_EQ(input.masks.size(), 2U);
    const Target& own = input.targets[0];
    const auto x = static_cast<int>((own.box.x1 + own.box.x2) / 2), y = static_cast<int>((own.box.y1 + own.box.y2) / 2);
    const uint8_t* p = input.image.at(y, x);
    EXPECT_GE(p[0], 127) << "half of a red pixel is there";
  }
}

TEST(Mix, PastedObjectsCoverThoseBelow) {
  AugmentOptions options = plain();
  options.copy_paste = 1;
  options.scale_min = options.scale_max = 1;
  int pasted = 0, covered = 0;
  for (uint64_t i = 0; i < 100; ++i) {
    const LabelledImage alone = training_input(painted(0, true), plain(), kSize, {}, Random(i));
    const LabelledImage input = training_input(painted(0, true), options, kSize, others(true), Random(i));
    ASSERT_EQ(input.masks.size(), input.targets.size());
    std::vector<int> times(static_cast<size_t>(kSize * kSize), 0);
    for (size_t t = 0; t < input.targets.size(); ++t) {
      const Agreement found = agreement(input, t);
      EXPECT_GT(found.both, 0.85 * found.mask) << "seed " << i;
      const std::vector<uint8_t> mask = detect::mask_target(input.masks[t], {0, 0, kSize, kSize}, kSize);
      for (size_t p = 0; p < mask.size(); ++p) times[p] += mask[p];
      if (input.targets[t].label != 0) ++pasted;
    }
    EXPECT_LE(*std::ranges::max_element(times), 1) << "two masks share a pixel, seed " << i;
    const bool own_changed =
        input.targets.empty() || alone.targets.empty() || !(input.targets.front().box == alone.targets.front().box);
    covered += own_changed ? 1 : 0;
  }
  EXPECT_GT(pasted, 20);
  EXPECT_GT(covered, 5);
}

TEST(Mix, TurnedMasksAndBoxesFollowTheirPixels) {
  AugmentOptions options = plain();
  options.rotate = 30;
  options.shear = 10;
  int checked = 0;
  for (uint64_t i = 0; i < 100; ++i) {
    const auto index = static_cast<int64_t>(i % 6);
    const LabelledImage input =
        training_input(painted(index, true, i % 2 == 0), options, kSize, others(true), Random(i));
    if (input.targets.empty()) continue;
    const Agreement found = agreement(input, 0);
    if (found.color < 100) continue;
    ++checked;
    EXPECT_GT(found.both, 0.9 * found.mask) << "seed " << i;
    EXPECT_GT(found.both, 0.9 * found.color) << "seed " << i;
    expect_near(input.targets[0].box, extent_of_color(input.image, color_of(index), input.targets[0].box), 2.01F);
  }
  EXPECT_GT(checked, 60);
}

TEST(Mix, ABoxWithoutAMaskIsTurnedByItsCorners) {
  AugmentOptions options = plain();
  options.rotate = 30;
  for (uint64_t i = 0; i < 60; ++i) {
    const LabelledImage input = training_input(painted(3, false), options, kSize, others(false), Random(i));
    if (input.targets.empty()) continue;
    const detect::Box& box = input.targets[0].box;
    const detect::Box seen = extent_of_color(input.image, color_of(3), {0, 0, kSize, kSize});
    EXPECT_LE(box.x1, seen.x1 + 1.5F);
    EXPECT_LE(box.y1, seen.y1 + 1.5F);
    EXPECT_GE(box.x2, seen.x2 - 1.5F);
    EXPECT_GE(box.y2, seen.y2 - 1.5F);
  }
}

// An object with a box alone in a set with masks: a mask without a pixel would teach that it has none.
TEST(Mix, AnObjectWithoutAMaskKeepsNoneAndItsBox) {
  const auto box_alone = [](int64_t index) {
    LabelledImage sample = painted(index, true);
    sample.masks[0] = {};
    return sample;
  };
  AugmentOptions mosaic = plain();
  mosaic.mosaic = 1;
  AugmentOptions turned = mosaic;
  turned.rotate = 30;
  for (uint64_t i = 0; i < 40; ++i) {
    const LabelledImage input = training_input(box_alone(0), mosaic, kSize, {6, box_alone}, Random(i));
    ASSERT_EQ(input.masks.size(), input.targets.size());
    for (const detect::ObjectMask& mask : input.masks) EXPECT_TRUE(mask.shape.empty()) << i;
    const LabelledImage boxes = training_input(painted(0, false), turned, kSize, others(false), Random(i));
    const LabelledImage masked = training_input(box_alone(0), turned, kSize, {6, box_alone}, Random(i));
    ASSERT_EQ(masked.targets.size(), boxes.targets.size()) << "as in a set without masks, seed " << i;
    for (size_t t = 0; t < boxes.targets.size(); ++t) EXPECT_EQ(masked.targets[t].box, boxes.targets[t].box);
  }
}

TEST(Mix, AnErasedRectangleHasItsShare) {
  Random random(5);
  for (int i = 0; i < 100; ++i) {
    image::Image image = image::make_image(80, 120, 1);
    erase_rectangle(image, random);
    int64_t erased = 0;
    for (size_t p = 0; p < image.pixels.size(); p += 3) {
      const bool mean = std::equal(image::kMeanColor.begin(), image::kMeanColor.end(), &image.pixels[p]);
      erased += mean ? 1 : 0;
    }
    EXPECT_GE(erased, 0.015 * 80 * 120);
    EXPECT_LE(erased, 0.21 * 80 * 120);
  }
}

TEST(Mix, AnImageThatCannotBeReadLeavesItsPlaceEmpty) {
  AugmentOptions options = plain();
  options.mosaic = options.mixup = options.copy_paste = 1;
  const OtherImages none{4, [](int64_t) { return LabelledImage{}; }};
  for (uint64_t i = 0; i < 20; ++i) {
    const LabelledImage input = training_input(painted(0, true), options, kSize, none, Random(i));
    EXPECT_LE(input.targets.size(), 1U);
    EXPECT_EQ(input.image.height, kSize);
  }
}

}  // namespace
}  // namespace spinenet::data
