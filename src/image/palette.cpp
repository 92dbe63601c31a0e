#include "image/palette.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <utility>

namespace spinenet::image {
namespace {

constexpr std::array<Color, kBaseColors> kBase{{{255, 85, 0},
                                                {85, 187, 255},
                                                {102, 51, 204},
                                                {221, 255, 102},
                                                {136, 119, 204},
                                                {170, 17, 17},
                                                {187, 204, 0},
                                                {119, 255, 221},
                                                {238, 136, 187},
                                                {136, 68, 136},
                                                {51, 170, 102},
                                                {187, 51, 255}}};
// A tone is taken only where each base colour is wrong.
constexpr double kManyTimes = 1e9;
constexpr Color kBlack{0, 0, 0}, kWhite{255, 255, 255};

// The light of each sample, sRGB's curve undone.
const std::array<double, 256>& light_of_samples() {
  static const std::array<double, 256> table = [] {
    std::array<double, 256> made{};
    for (size_t i = 0; i < made.size(); ++i) {
      const double x = static_cast<double>(i) / 255;
      made[i] = x <= 0.04045 ? x / 12.92 : std::pow((x + 0.055) / 1.055, 2.4);
    }
    return made;
  }();
  return table;
}

std::array<double, 3> oklab(Color color) {
  const auto& light = light_of_samples();
  const double r = light[color.r], g = light[color.g], b = light[color.b];
  const double l = std::cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
  const double m = std::cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
  const double s = std::cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
  return {0.2104542553 * l + 0.7936177850 * m - 0.0040720468 * s,
          1.9779984951 * l - 2.4285922050 * m + 0.4505937099 * s,
          0.0259040371 * l + 0.7827717662 * m - 0.8086757660 * s};
}

double luminance(Color color) {
  const auto& light = light_of_samples();
  return 0.2126 * light[color.r] + 0.7152 * light[color.g] + 0.0722 * light[color.b];
}

// Of the colours of those that an instance touches, as far as they have one.
double nearest(Color color, std::span<const int> touching, std::span<const int> chosen) {
  double least = std::numeric_limits<double>::max();
  for (const int other : touching) {
    const int theirs = chosen[static_cast<size_t>(other)];
    if (theirs >= 0) least = std::min(least, color_distance(color, class_color(theirs)));
  }
  return least;
}

// What is wrong with a colour for an instance, and how near it is to the colours of those that it touches, or how often
// it is there already. The least is the best.
using Rank = std::pair<int, double>;

Rank rank_of(int color, const Instance& instance, std::span<const int> chosen,
             const std::array<int, kPaletteColors>& used) {
  const bool tone = color >= kBaseColors;
  const double distance = nearest(class_color(color), instance.touching, chosen);
  if (distance < kApart) return {2, -distance};
  const bool seen = color_distance(class_color(color), instance.ground) >= kOffGround;
  return {seen ? 0 : 1, used[static_cast<size_t>(color)] + (tone ? kManyTimes : 0.0)};
}

}  // namespace

Color class_color(int label) {
  const uint32_t place = static_cast<uint32_t>(label) % kPaletteColors;
  const Color base = kBase[place % kBaseColors];
  if (place < kBaseColors) return base;
  return place < 2 * kBaseColors ? blended(base, kWhite, 0.45F) : blended(base, kBlack, 0.4F);
}

std::vector<Color> instance_colors(std::span<const Instance> instances) {
  std::vector<int> chosen(instances.size(), -1);
  std::array<int, kPaletteColors> used{};
  std::vector<Color> colors;
  for (size_t i = 0; i < instances.size(); ++i) {
    int best = 0;
    Rank least{3, 0};
    for (int c = 0; c < kPaletteColors; ++c) {
      const Rank rank = rank_of(c, instances[i], chosen, used);
      if (rank < least) best = c, least = rank;
    }
    chosen[i] = best;
    ++used[static_cast<size_t>(best)];
    colors.push_back(class_color(best));
  }
  return colors;
}

double color_distance(Color a, Color b) {
  const std::array<double, 3> first = oklab(a), second = oklab(b);
  return std::hypot(first[0] - second[0], first[1] - second[1], first[2] - second[2]);
}

double contrast(Color a, Color b) {
  const double first = luminance(a), second = luminance(b);
  return (std::max(first, second) + 0.05) / (std::min(first, second) + 0.05);
}

Color ink_on(Color ground) {
  return contrast(ground, kBlack) >= contrast(ground, kWhite) ? kBlack : kWhite;
}

Color blended(Color from, Color to, float strength) {
  const auto channel = [&](uint8_t a, uint8_t b) {
    return static_cast<uint8_t>(std::lround(static_cast<float>(a) + static_cast<float>(b - a) * strength));
  };
  return {channel(from.r, to.r), channel(from.g, to.g), channel(from.b, to.b)};
}

void tint(uint8_t* pixel, Color color, float strength) {
  const Color mixed = blended({pixel[0], pixel[1], pixel[2]}, color, strength);
  pixel[0] = mixed.r;
  pixel[1] = mixed.g;
  pixel[2] = mixed.b;
}

}  // namespace spinenet::image
