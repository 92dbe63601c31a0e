#include "image/palette.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <limits>

#include <gtest/gtest.h>

#include "base/random.h"

namespace spinenet::image {
namespace {

// What remains of a colour for eyes without one kind of cones: Machado, Oliveira and Fernandes 2009, severity 1, in
// linear light.
Color seen_by(Color color, const std::array<double, 9>& cones) {
  const auto to_light = [](double x) { return x <= 0.04045 ? x / 12.92 : std::pow((x + 0.055) / 1.055, 2.4); };
  const auto to_sample = [](double x) {
    const double c = std::clamp(x, 0.0, 1.0);
    return static_cast<uint8_t>(std::lround(255 * (c <= 0.0031308 ? 12.92 * c : 1.055 * std::pow(c, 1 / 2.4) - 0.055)));
  };
  const std::array<double, 3> light{to_light(color.r / 255.0), to_light(color.g / 255.0), to_light(color.b / 255.0)};
  std::array<uint8_t, 3> seen{};
  for (size_t row = 0; row < 3; ++row) {
    seen[row] = to_sample(cones[3 * row] * light[0] + cones[3 * row + 1] * light[1] + cones[3 * row + 2] * light[2]);
  }
  return {seen[0], seen[1], seen[2]};
}

constexpr std::array<double, 9> kNoRed{0.152286, 1.052583,  -0.204868, 0.114503, 0.786281,
                                       0.099216, -0.003882, -0.048116, 1.051998};
constexpr std::array<double, 9> kNoGreen{0.367322, 0.860646,  -0.227968, 0.280085, 0.672501,
                                         0.047413, -0.011820, 0.042940,  0.968881};
constexpr std::array<double, 9> kNoBlue{1.255528, -0.076749, -0.178779, -0.078411, 0.930809,
                                        0.147602, 0.004733,  0.691367,  0.303900};

TEST(Palette, DistanceAndContrastAreThoseOfTheirDefinitions) {
  constexpr Color black{0, 0, 0}, white{255, 255, 255};
  EXPECT_NEAR(color_distance(black, white), 1, 1e-6);
  EXPECT_NEAR(contrast(black, white), 21, 1e-9);
  EXPECT_NEAR(contrast({118, 118, 118}, white), 4.54, 0.01) << "the lightest grey that white may stand beside";
  // Ottosson's own example: red is L 0.628, a 0.225, b 0.126.
  EXPECT_NEAR(color_distance({255, 0, 0}, black), std::hypot(0.628, 0.225, 0.126), 1e-3);
}

TEST(Palette, BaseColoursAreApartForEveryEye) {
  for (int a = 0; a < kBaseColors; ++a) {
    for (int b = 0; b < a; ++b) {
      EXPECT_GE(color_distance(class_color(a), class_color(b)), kApart) << a << " " << b;
      for (const auto& cones : {kNoRed, kNoGreen, kNoBlue}) {
        EXPECT_GE(color_distance(seen_by(class_color(a), cones), seen_by(class_color(b), cones)), 0.09)
            << a << " " << b;
      }
    }
  }
}

TEST(Palette, EveryIntIsAClassAndNearOnesDiffer) {
  for (int label = 0; label < 90; ++label) {
    for (int other = label + 1; other < label + 6; ++other) {
      EXPECT_GE(color_distance(class_color(label), class_color(other)), 0.05) << label << " " << other;
    }
  }
  for (int a = 0; a < kPaletteColors; ++a) {
    for (int b = 0; b < a; ++b) EXPECT_NE(class_color(a), class_color(b)) << a << " " << b;
  }
  EXPECT_EQ(class_color(3), class_color(3 + kPaletteColors));
  class_color(std::numeric_limits<int>::min());
  class_color(std::numeric_limits<int>::max());
}

TEST(Palette, InstancesThatTouchAreApart) {
  Random random(5);
  for (int round = 0; round < 40; ++round) {
    const int count = 2 + static_cast<int>(random.below(60));
    std::vector<Instance> instances(static_cast<size_t>(count));
    const auto sample = [&] { return static_cast<uint8_t>(random.below(256)); };
    for (Instance& one : instances) one.ground = {sample(), sample(), sample()};
    const auto touch = [&](int a, int b) {
      auto& of_a = instances[static_cast<size_t>(a)].touching;
      auto& of_b = instances[static_cast<size_t>(b)].touching;
      if (a == b || of_a.size() >= 11 || of_b.size() >= 11 || std::ranges::count(of_a, b) > 0) return;
      of_a.push_back(b);
      of_b.push_back(a);
    };
    for (int edge = 0; edge < 6 * count; ++edge) {
      touch(static_cast<int>(random.below(count)), static_cast<int>(random.below(count)));
    }
    const std::vector<Color> colors = instance_colors(instances);
    EXPECT_EQ(colors, instance_colors(instances));
    for (size_t a = 0; a < instances.size(); ++a) {
      for (const int b : instances[a].touching) {
        EXPECT_GE(color_distance(colors[a], colors[static_cast<size_t>(b)]), kApart) << round << " " << a << " " << b;
      }
    }
  }
}

TEST(Palette, InstancesAloneAreOffTheirGround) {
  for (int r = 0; r < 256; r += 15) {
    for (int g = 0; g < 256; g += 15) {
      for (int b = 0; b < 256; b += 15) {
        const Color ground{static_cast<uint8_t>(r), static_cast<uint8_t>(g), static_cast<uint8_t>(b)};
        const std::vector<Instance> one{{{}, ground}};
        EXPECT_GE(color_distance(instance_colors(one)[0], ground), kOffGround) << r << " " << g << " " << b;
      }
    }
  }
}

TEST(Palette, ThoseThatDoNotTouchUseItWhole) {
  const std::vector<Instance> alone(kBaseColors);
  const std::vector<Color> colors = instance_colors(alone);
  for (int i = 0; i < kBaseColors; ++i) EXPECT_EQ(colors[static_cast<size_t>(i)], class_color(i));
}

// More than there are colours: none is refused, and no two of the first are equal.
TEST(Palette, ManyThatAllTouchStillGetColours) {
  constexpr int kCount = 60;
  std::vector<Instance> all(kCount);
  for (int a = 0; a < kCount; ++a) {
    for (int b = 0; b < kCount; ++b) {
      if (a != b) all[static_cast<size_t>(a)].touching.push_back(b);
    }
  }
  const std::vector<Color> colors = instance_colors(all);
  ASSERT_EQ(colors.size(), static_cast<size_t>(kCount));
  for (size_t a = 0; a < kPaletteColors; ++a) {
    for (size_t b = 0; b < a; ++b) EXPECT_NE(colors[a], colors[b]) << a << " " << b;
  }
}

TEST(Palette, InkIsLegibleOnEveryColour) {
  for (int r = 0; r < 256; r += 5) {
    for (int g = 0; g < 256; g += 5) {
      for (int b = 0; b < 256; b += 5) {
        const Color ground{static_cast<uint8_t>(r), static_cast<uint8_t>(g), static_cast<uint8_t>(b)};
        ASSERT_GE(contrast(ground, ink_on(ground)), 4.5) << r << " " << g << " " << b;
      }
    }
  }
}

}  // namespace
}  // namespace spinenet::image
