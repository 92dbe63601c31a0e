#include "data/scenes/garment.h"

#include <algorithm>
#include <cmath>

#include "data/scenes/silhouette.h"

namespace spinenet::data {
namespace {

// From a pixel of the cutout to the place in the photograph.
struct Mapping {
  float cos = 1, sin = 0, scale = 1;      // pixels of the scene for one of the photograph
  float center_y = 0, center_x = 0;       // in the photograph
  float half_height = 0, half_width = 0;  // of the cutout
  bool mirrored = false;
};

Mapping map_garment(const Relief& relief, const GarmentLook& look) {
  Mapping m;
  m.scale = static_cast<float>(look.size / std::max(relief.y2 - relief.y1, relief.x2 - relief.x1));
  m.cos = static_cast<float>(std::cos(look.rotation));
  m.sin = static_cast<float>(std::sin(look.rotation));
  m.mirrored = look.mirrored;
  m.center_y = static_cast<float>(relief.y1 + relief.y2) / 2;
  m.center_x = static_cast<float>(relief.x1 + relief.x2) / 2;
  const float h = static_cast<float>(relief.y2 - relief.y1) * m.scale + 2;
  const float w = static_cast<float>(relief.x2 - relief.x1) * m.scale + 2;
  m.half_height = std::ceil(std::abs(m.cos) * h + std::abs(m.sin) * w) / 2;
  m.half_width = std::ceil(std::abs(m.sin) * h + std::abs(m.cos) * w) / 2;
  return m;
}

Texel look_up(const Mapping& m, const Relief& relief, float y, float x) {
  const float dy = y - m.half_height;
  const float dx = (x - m.half_width) * (m.mirrored ? -1.0F : 1.0F);
  Texel t = sample(relief, (m.cos * dy - m.sin * dx) / m.scale + m.center_y,
                   (m.sin * dy + m.cos * dx) / m.scale + m.center_x);
  const float edge = (t.cover - 0.5F) * std::max(1.0F, m.scale * 1.5F);  // about a pixel of the scene wide
  return {std::clamp(edge + 0.5F, 0.0F, 1.0F), std::clamp(t.grey, 0.0F, 1.0F)};
}

// The mean over `taps` x `taps` places within the pixel.
Texel look_up_pixel(const Mapping& m, const Relief& relief, int y, int x, int taps) {
  const auto step = 1 / static_cast<float>(taps);
  Texel sum;
  for (int j = 0; j < taps; ++j) {
    for (int i = 0; i < taps; ++i) {
      const Texel t = look_up(m, relief, static_cast<float>(y) + (static_cast<float>(j) + 0.5F) * step,
                              static_cast<float>(x) + (static_cast<float>(i) + 0.5F) * step);
      sum.cover += t.cover * step * step;
      sum.grey += t.grey * step * step;
    }
  }
  return sum;
}

}  // namespace

Rgb hsv(double hue, double saturation, double value) {
  Rgb rgb{};
  for (int c = 0; c < 3; ++c) {
    const double turn = hue * 6 + (c == 0 ? 0 : c == 1 ? 4 : 2);
    const double k = turn - 6 * std::floor(turn / 6);
    const double level = std::clamp(std::abs(k - 3) - 1, 0.0, 1.0);
    rgb[c] = static_cast<float>(value * (1 - saturation * (1 - level)));
  }
  return rgb;
}

Cutout render_garment(std::span<const uint8_t, kGarmentPixels> photo, const GarmentLook& look, Random& random) {
  const Relief relief = make_relief(photo, look.label);
  const Mapping m = map_garment(relief, look);
  const int height = static_cast<int>(2 * m.half_height);
  const int width = static_cast<int>(2 * m.half_width);
  Cutout cut{.color = image::make_image(height, width),
             .alpha = std::vector<uint8_t>(static_cast<size_t>(height) * width),
             .label = look.label};
  const int taps = m.scale < 1 ? 3 : m.scale < 3 ? 2 : 1;
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      const auto weave = static_cast<float>(random.uniform(-0.04, 0.04));
      const Texel t = look_up_pixel(m, relief, y, x, taps);
      cut.alpha[static_cast<size_t>(y) * width + x] = to_byte(t.cover);
      const float shade = 0.22F + 0.78F * t.grey + weave;
      for (int c = 0; c < 3; ++c) cut.color.at(y, x)[c] = to_byte(look.tint[c] * shade);
    }
  }
  return cut;
}

}  // namespace spinenet::data
