// The colours that objects are drawn in, and how far apart two colours look.
//
// The first twelve were chosen so that each two of them are at least kApart apart, and still 0.09 for eyes that lack
// the red, the green or the blue cones (as Machado, Oliveira and Fernandes 2009 simulate them); Okabe and Ito's seven
// are 0.076 apart then. Lighter and darker tones of the twelve follow.
//
// Thread contract: pure functions.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace spinenet::image {

struct Color {
  uint8_t r = 0, g = 0, b = 0;
  bool operator==(const Color&) const = default;
};

constexpr int kBaseColors = 12;  // in the palette without their tones
constexpr int kPaletteColors = 3 * kBaseColors;
constexpr double kApart = 0.13;  // distance of any two base colours, at least

// The colour of a class, the same in every image. After kPaletteColors they repeat; any int is allowed.
Color class_color(int label);

// An instance as its colour depends on it.
struct Instance {
  std::vector<int> touching;  // the instances that it touches, by index, in both directions
  Color ground;               // of the image under it
};

// From the palette, at least kApart from the colours of those that it touches, and, where that is possible, kOffGround
// from the ground; where every colour is too near to one of the former, as far from them as can be. The same input
// gives the same colours.
constexpr double kOffGround = 0.16;
std::vector<Color> instance_colors(std::span<const Instance> instances);

// The Euclidean distance in OKLab (Ottosson 2020): black and white are 1 apart.
double color_distance(Color a, Color b);

// Of two colours as WCAG 2 defines it: 1 for equal ones, 21 for black and white.
double contrast(Color a, Color b);

// Black or white, whichever has more contrast; that is at least 4.58.
Color ink_on(Color ground);

// What is around lines, so that they are seen on a ground of their own colour.
constexpr Color kRim{0, 0, 0};
constexpr float kRimStrength = 0.55F;

// `strength` 0: the first colour, 1: the second.
Color blended(Color from, Color to, float strength);
// The same of a pixel's three samples.
void tint(uint8_t* pixel, Color color, float strength);

}  // namespace spinenet::image
