#include "data/scenes/scene_ground.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace spinenet::data {
namespace {

// Smooth noise in -1 to 1: random values on a lattice, blended by a smoothstep. One octave.
class Lattice {
 public:
  Lattice(int height, int width, int cell, Random& random) : cell_(cell), columns_(width / cell + 2) {
    values_.resize(static_cast<size_t>(height / cell + 2) * columns_);
    for (float& value : values_) value = static_cast<float>(random.uniform(-1, 1));
  }

  float operator()(int y, int x) const {
    const size_t i = static_cast<size_t>(y / cell_) * columns_ + x / cell_;
    const float ty = blend(static_cast<float>(y % cell_) / static_cast<float>(cell_));
    const float tx = blend(static_cast<float>(x % cell_) / static_cast<float>(cell_));
    const float above = values_[i] + (values_[i + 1] - values_[i]) * tx;
    const float below = values_[i + columns_] + (values_[i + columns_ + 1] - values_[i + columns_]) * tx;
    return above + (below - above) * ty;
  }

 private:
  static float blend(float t) { return t * t * (3 - 2 * t); }

  int cell_;
  size_t columns_;
  std::vector<float> values_;
};

enum class Shape { rectangle, ellipse, ring, triangle, bar };
enum class Pattern { plain, stripes, checks, fade };

struct ShapeLook {
  Shape shape = Shape::rectangle;
  Pattern pattern = Pattern::plain;
  float half_height = 1, half_width = 1, cos = 1, sin = 0, period = 8;
  Rgb first{}, second{};
};

// Distance to the outline in pixels, negative inside; exact for rectangles, near enough for the others.
float distance(const ShapeLook& s, float v, float u) {
  const float ry = std::abs(v) - s.half_height;
  const float rx = std::abs(u) - s.half_width;
  const float radius = std::sqrt(v / s.half_height * (v / s.half_height) + u / s.half_width * (u / s.half_width));
  const float ellipse = (radius - 1) * std::min(s.half_height, s.half_width);
  switch (s.shape) {
    case Shape::rectangle:
    case Shape::bar:
      return std::max(ry, rx);
    case Shape::ellipse:
      return ellipse;
    case Shape::ring:
      return std::abs(ellipse + 0.15F * s.half_height) - 0.15F * s.half_height;
    case Shape::triangle:
      return std::max(ry, std::abs(u) - s.half_width * (v + s.half_height) / (2 * s.half_height));
  }
  return 0;
}

float pattern_mix(const ShapeLook& s, float v, float u) {
  const auto odd = [&](float t) { return static_cast<int>(std::floor(t / s.period)) & 1; };
  switch (s.pattern) {
    case Pattern::plain:
      return 0;
    case Pattern::stripes:
      return static_cast<float>(odd(u));
    case Pattern::checks:
      return static_cast<float>(odd(u) ^ odd(v));
    case Pattern::fade:
      return std::clamp((u / s.half_width + 1) / 2, 0.0F, 1.0F);
  }
  return 0;
}

Rgb any_color(Random& random) {
  const double hue = random.uniform();
  const double saturation = random.uniform(0, 0.9);
  return hsv(hue, saturation, random.uniform(0.15, 1));
}

ShapeLook draw_look(double size, Random& random) {
  ShapeLook s;
  s.shape = static_cast<Shape>(random.below(5));
  s.pattern = static_cast<Pattern>(random.below(4));
  const double angle = random.uniform(0, std::numbers::pi);
  s.cos = static_cast<float>(std::cos(angle));
  s.sin = static_cast<float>(std::sin(angle));
  s.half_width = static_cast<float>(size / 2);
  const double aspect = s.shape == Shape::bar ? random.uniform(0.03, 0.12) : random.uniform(0.35, 1);
  s.half_height = std::max(1.0F, static_cast<float>(size / 2 * aspect));
  s.period = static_cast<float>(std::max(2.0, size * random.uniform(0.06, 0.25)));
  s.first = any_color(random);
  s.second = any_color(random);
  return s;
}

}  // namespace

image::Image paint_ground(int height, int width, const GroundLook& look, Random& random) {
  const double hue = random.uniform();
  const double saturation = look.pale ? random.uniform(0, 0.18) : random.uniform(0, 0.7);
  const double value = look.pale ? random.uniform(0.78, 0.97) : random.uniform(0.2, 0.9);
  const Rgb from = hsv(hue, saturation, value);
  const Rgb to = hsv(hue + random.uniform(-1, 1) * look.contrast, saturation,
                     std::clamp(value + random.uniform(-1, 1) * look.contrast, 0.05, 1.0));
  const double angle = random.uniform(0, 2 * std::numbers::pi);
  const float gy = static_cast<float>(std::sin(angle)) / static_cast<float>(height);
  const float gx = static_cast<float>(std::cos(angle)) / static_cast<float>(width);
  std::vector<Lattice> octaves;
  for (int cell = std::max(4, width / 2); cell >= 4; cell /= 2) octaves.emplace_back(height, width, cell, random);
  Rgb cloud_tint{};
  for (float& tint : cloud_tint) tint = static_cast<float>(random.uniform(0.5, 1) * look.clouds);

  image::Image ground = image::make_image(height, width);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      const float t = std::clamp(
          0.5F + static_cast<float>(2 * y - height) / 2 * gy + static_cast<float>(2 * x - width) / 2 * gx, 0.0F, 1.0F);
      float cloud = 0;
      float weight = 0.5F;
      for (const Lattice& octave : octaves) {
        cloud += weight * octave(y, x);
        weight *= 0.62F;
      }
      const auto grain = static_cast<float>(random.uniform(-1, 1) * look.grain);
      for (int c = 0; c < 3; ++c) {
        ground.at(y, x)[c] = to_byte(from[c] + (to[c] - from[c]) * t + cloud * cloud_tint[c] + grain);
      }
    }
  }
  return ground;
}

Cutout render_shape(double size, Random& random) {
  const ShapeLook s = draw_look(size, random);
  const int height = static_cast<int>(2 * (std::abs(s.cos) * s.half_height + std::abs(s.sin) * s.half_width)) + 3;
  const int width = static_cast<int>(2 * (std::abs(s.sin) * s.half_height + std::abs(s.cos) * s.half_width)) + 3;
  Cutout cut{.color = image::make_image(height, width),
             .alpha = std::vector<uint8_t>(static_cast<size_t>(height) * width)};
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      const float dy = static_cast<float>(2 * y + 1 - height) / 2;
      const float dx = static_cast<float>(2 * x + 1 - width) / 2;
      const float v = s.cos * dy - s.sin * dx;
      const float u = s.sin * dy + s.cos * dx;
      cut.alpha[static_cast<size_t>(y) * width + x] = to_byte(0.5F - distance(s, v, u));
      const float mix = pattern_mix(s, v, u);
      for (int c = 0; c < 3; ++c) cut.color.at(y, x)[c] = to_byte(s.first[c] + (s.second[c] - s.first[c]) * mix);
    }
  }
  return cut;
}

Cutout tear_fragment(Cutout garment, Random& random) {
  const int height = garment.color.height;
  const int width = garment.color.width;
  const double radius = std::max(height, width) * random.uniform(0.12, 0.22);
  const double cy = height * random.uniform(0.3, 0.7);
  const double cx = width * random.uniform(0.3, 0.7);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      uint8_t& alpha = garment.alpha[static_cast<size_t>(y) * width + x];
      const float keep = to_byte(static_cast<float>(0.5 + radius - std::hypot(y + 0.5 - cy, x + 0.5 - cx)));
      alpha = static_cast<uint8_t>(static_cast<float>(alpha) * keep / 255);
    }
  }
  garment.label = -1;
  return garment;
}

void lay(const Cutout& cutout, image::Image& scene) {
  const int y2 = std::min(cutout.color.height, scene.height - cutout.top);
  const int x2 = std::min(cutout.color.width, scene.width - cutout.left);
  for (int y = std::max(0, -cutout.top); y < y2; ++y) {
    for (int x = std::max(0, -cutout.left); x < x2; ++x) {
      const int alpha = cutout.alpha[static_cast<size_t>(y) * cutout.color.width + x];
      const uint8_t* from = cutout.color.at(y, x);
      uint8_t* to = scene.at(y + cutout.top, x + cutout.left);
      for (int c = 0; c < 3; ++c) to[c] = static_cast<uint8_t>((from[c] * alpha + to[c] * (255 - alpha) + 127) / 255);
    }
  }
}

}  // namespace spinenet::data
