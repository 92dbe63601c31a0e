#include "data/scenes/silhouette.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace spinenet::data {
namespace {

constexpr int kSide = kGarmentSize;
constexpr uint8_t kDark = 12;     // what counts as ground at the border
constexpr int kSmallestGap = 10;  // pixels
constexpr int kSandal = 5, kBag = 8;
constexpr float kRimShade = 0.85F;  // a pixel of the rim is at least that bright, measured by those further in

using Plane = std::array<float, kGarmentPixels>;
using Flags = std::array<bool, kGarmentPixels>;

// All pixels reached from `start` over pixels with the flag set, which is cleared on the way.
std::vector<int> take_region(Flags& open, int start) {
  std::vector<int> region = {start};
  open[start] = false;
  for (size_t i = 0; i < region.size(); ++i) {
    const int y = region[i] / kSide;
    const int x = region[i] % kSide;
    const auto visit = [&](int ny, int nx) {
      if (ny < 0 || nx < 0 || ny >= kSide || nx >= kSide || !open[ny * kSide + nx]) return;
      open[ny * kSide + nx] = false;
      region.push_back(ny * kSide + nx);
    };
    visit(y - 1, x);
    visit(y + 1, x);
    visit(y, x - 1);
    visit(y, x + 1);
  }
  return region;
}

bool touches_border(const std::vector<int>& region) {
  return std::ranges::any_of(region, [](int i) {
    return i / kSide == 0 || i / kSide == kSide - 1 || i % kSide == 0 || i % kSide == kSide - 1;
  });
}

// Whether a dark region within the garment shows the ground: between the straps of a sandal, under the handle of a bag.
// Elsewhere dark is the colour of the cloth.
bool is_gap(const std::vector<int>& region, int label) {
  if (static_cast<int>(region.size()) < kSmallestGap) return false;
  const int middle = region[region.size() / 2] / kSide;
  return label == kSandal || (label == kBag && middle < kSide / 2);
}

float at(const Plane& plane, int y, int x) {
  return y < 0 || x < 0 || y >= kSide || x >= kSide ? 0.0F : plane[y * kSide + x];
}

// The silhouette as 0 to 1, softened by the binomial kernel 1 2 1 so that its outline is smooth when enlarged.
Plane soft_mask(const Flags& inside) {
  Plane hard{};
  for (int i = 0; i < kGarmentPixels; ++i) hard[i] = inside[i] ? 1.0F : 0.0F;
  Plane soft{};
  for (int y = 0; y < kSide; ++y) {
    for (int x = 0; x < kSide; ++x) {
      float sum = 0;
      for (int dy = -1; dy <= 1; ++dy) {
        for (int dx = -1; dx <= 1; ++dx)
          sum += at(hard, y + dy, x + dx) * static_cast<float>((2 - dy * dy) * (2 - dx * dx));
      }
      soft[y * kSide + x] = sum / 16;
    }
  }
  return soft;
}

// The mean over those of the eight neighbours that have the flag, -1 where none has.
float neighbour_mean(const Plane& values, const Flags& flag, int i) {
  float sum = 0;
  int count = 0;
  for (int y = std::max(0, i / kSide - 1); y <= std::min(kSide - 1, i / kSide + 1); ++y) {
    for (int x = std::max(0, i % kSide - 1); x <= std::min(kSide - 1, i % kSide + 1); ++x) {
      if (y * kSide + x == i || !flag[y * kSide + x]) continue;
      sum += values[y * kSide + x];
      ++count;
    }
  }
  return count == 0 ? -1.0F : sum / static_cast<float>(count);
}

// Pixels of the garment that have none of the ground beside them.
Flags core_of(const Flags& inside) {
  Flags core = inside;
  const auto ground = [&](int y, int x) {
    return y < 0 || x < 0 || y >= kSide || x >= kSide || !inside[y * kSide + x];
  };
  for (int i = 0; i < kGarmentPixels; ++i) {
    const int y = i / kSide;
    const int x = i % kSide;
    if (ground(y - 1, x) || ground(y + 1, x) || ground(y, x - 1) || ground(y, x + 1)) core[i] = false;
  }
  return core;
}

Plane spread_grey(std::span<const uint8_t, kGarmentPixels> photo, const Flags& inside) {
  Plane grey{};
  for (int i = 0; i < kGarmentPixels; ++i) grey[i] = inside[i] ? static_cast<float>(photo[i]) / 255 : 0;
  const Flags core = core_of(inside);
  const Plane dark_rim = grey;
  for (int i = 0; i < kGarmentPixels; ++i) {
    if (inside[i] && !core[i]) grey[i] = std::max(grey[i], kRimShade * neighbour_mean(dark_rim, core, i));
  }
  Flags known = inside;
  for (int round = 0; round < kReliefMargin; ++round) {
    const Flags before = known;
    const Plane from = grey;
    for (int i = 0; i < kGarmentPixels; ++i) {
      const float mean = before[i] ? -1 : neighbour_mean(from, before, i);
      if (mean < 0) continue;
      grey[i] = mean;
      known[i] = true;
    }
  }
  return grey;
}

std::array<float, 4> cubic_weights(float t) {  // Catmull and Rom
  const float t2 = t * t;
  const float t3 = t2 * t;
  return {(-t3 + 2 * t2 - t) / 2, (3 * t3 - 5 * t2 + 2) / 2, (-3 * t3 + 4 * t2 + t) / 2, (t3 - t2) / 2};
}

}  // namespace

std::array<bool, kGarmentPixels> silhouette(std::span<const uint8_t, kGarmentPixels> photo, int label) {
  Flags dark{};
  Flags inside{};
  for (int i = 0; i < kGarmentPixels; ++i) {
    dark[i] = photo[i] < kDark;
    inside[i] = !dark[i];
  }
  for (int i = 0; i < kGarmentPixels; ++i) {
    if (!dark[i]) continue;
    const std::vector<int> region = take_region(dark, i);
    const bool ground = touches_border(region) || is_gap(region, label);
    for (const int pixel : region) inside[pixel] = !ground;
  }
  return inside;
}

Relief make_relief(std::span<const uint8_t, kGarmentPixels> photo, int label) {
  const Flags inside = silhouette(photo, label);
  const Plane cover = soft_mask(inside);
  const Plane grey = spread_grey(photo, inside);
  Relief relief;
  for (int y = 0; y < kReliefSide; ++y) {
    for (int x = 0; x < kReliefSide; ++x) {
      const int py = y - kReliefMargin;
      const int px = x - kReliefMargin;
      const int near = std::clamp(py, 0, kSide - 1) * kSide + std::clamp(px, 0, kSide - 1);
      relief.texels[y * kReliefSide + x] = {at(cover, py, px), grey[near]};
    }
  }
  if (std::ranges::none_of(inside, [](bool in) { return in; })) return relief;
  relief.y1 = relief.x1 = kSide;
  relief.y2 = relief.x2 = 0;
  for (int i = 0; i < kGarmentPixels; ++i) {
    if (!inside[i]) continue;
    relief.y1 = std::min(relief.y1, i / kSide);
    relief.x1 = std::min(relief.x1, i % kSide);
    relief.y2 = std::max(relief.y2, i / kSide + 1);
    relief.x2 = std::max(relief.x2, i % kSide + 1);
  }
  return relief;
}

Texel sample(const Relief& relief, float y, float x) {
  constexpr float kLast = kReliefSide - 2.5F;  // four taps stay inside
  const float ry = std::clamp(y + kReliefMargin - 0.5F, 1.0F, kLast);
  const float rx = std::clamp(x + kReliefMargin - 0.5F, 1.0F, kLast);
  const int iy = static_cast<int>(ry);
  const int ix = static_cast<int>(rx);
  const auto wy = cubic_weights(ry - static_cast<float>(iy));
  const auto wx = cubic_weights(rx - static_cast<float>(ix));
  Texel sum;
  for (int j = 0; j < 4; ++j) {
    const Texel* row = &relief.texels[(iy + j - 1) * kReliefSide + ix - 1];
    for (int i = 0; i < 4; ++i) {
      sum.cover += wy[j] * wx[i] * row[i].cover;
      sum.grey += wy[j] * wx[i] * row[i].grey;
    }
  }
  return sum;
}

}  // namespace spinenet::data
