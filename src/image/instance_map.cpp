#include "image/instance_map.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>
#include <set>

#include "base/error.h"
#include "base/format.h"

namespace spinenet::image {
namespace {

// Linearly between the pixels; 0 outside the window.
double sample(const MaskWindow& mask, double y, double x) {
  const int top = static_cast<int>(std::floor(y)), left = static_cast<int>(std::floor(x));
  const double down = y - top, right = x - left;
  const auto at = [&](int row, int column) {
    if (row < 0 || column < 0 || row >= mask.area.height || column >= mask.area.width) return 0.0;
    return mask.pixels[static_cast<size_t>(row) * static_cast<size_t>(mask.area.width) + static_cast<size_t>(column)] !=
                   0
               ? 1.0
               : 0.0;
  };
  return (1 - down) * ((1 - right) * at(top, left) + right * at(top, left + 1)) +
         down * ((1 - right) * at(top + 1, left) + right * at(top + 1, left + 1));
}

void check_size(const MaskWindow& mask) {
  const PixelArea& a = mask.area;
  if (a.height >= 0 && a.width >= 0 &&
      mask.pixels.size() == static_cast<size_t>(a.height) * static_cast<size_t>(a.width)) {
    return;
  }
  fail(ErrorKind::usage,
       fmt::format("a mask of {} values does not fit {} x {} (height x width)", mask.pixels.size(), a.height, a.width));
}

// The larger ones first, of equal ones the later ones.
std::vector<size_t> from_below(std::span<const MaskWindow> masks) {
  std::vector<std::ptrdiff_t> size;
  for (const MaskWindow& mask : masks) {
    check_size(mask);
    size.push_back(std::ranges::count_if(mask.pixels, [](uint8_t pixel) { return pixel != 0; }));
  }
  std::vector<size_t> order(masks.size());
  std::iota(order.rbegin(), order.rend(), size_t{0});
  std::ranges::stable_sort(order, [&](size_t a, size_t b) { return size[a] > size[b]; });
  return order;
}

void draw_rim(Image& image, const InstanceMap& map) {
  const std::array<std::array<int, 2>, 4> sides{{{-1, 0}, {1, 0}, {0, -1}, {0, 1}}};
  for (int y = 0; y < map.height; ++y) {
    for (int x = 0; x < map.width; ++x) {
      if (map.at(y, x) != kNobody) continue;
      const bool beside = std::ranges::any_of(sides, [&](const std::array<int, 2>& side) {
        const int row = y + side[0], column = x + side[1];
        const bool in = row >= 0 && column >= 0 && row < map.height && column < map.width;
        return in && map.at(row, column) != kNobody;
      });
      if (beside) tint(image.at(y, x), kRim, kRimStrength);
    }
  }
}

// Of a line of pixels, `step` apart: those stay that have no 0 within `reach` pixels to either side; beyond its ends
// nothing counts.
void erode_line(uint8_t* pixels, size_t count, size_t step, int reach) {
  const std::ptrdiff_t far = -1 - std::ptrdiff_t{reach};
  std::vector<std::ptrdiff_t> before(count);
  std::ptrdiff_t zero = far;
  for (size_t i = 0; i < count; ++i) {
    if (pixels[i * step] == 0) zero = static_cast<std::ptrdiff_t>(i);
    before[i] = zero;
  }
  zero = static_cast<std::ptrdiff_t>(count) - far;
  for (size_t i = count; i-- > 0;) {
    if (pixels[i * step] == 0) zero = static_cast<std::ptrdiff_t>(i);
    const auto here = static_cast<std::ptrdiff_t>(i);
    pixels[i * step] = here - before[i] > reach && zero - here > reach ? 1 : 0;
  }
}

// The pixels around which a square of `reach` pixels to each side shows nothing else.
std::vector<uint8_t> eroded(std::vector<uint8_t> pixels, const PixelArea& area, int reach) {
  const auto height = static_cast<size_t>(area.height), width = static_cast<size_t>(area.width);
  for (size_t y = 0; y < height; ++y) erode_line(&pixels[y * width], width, 1, reach);
  for (size_t x = 0; x < width; ++x) erode_line(&pixels[x], height, width, reach);
  return pixels;
}

}  // namespace

MaskWindow resized(const MaskWindow& mask, double scale_y, double scale_x) {
  check_size(mask);
  if (scale_y == 1 && scale_x == 1) return mask;
  const PixelArea& from = mask.area;
  MaskWindow result;
  result.area.x = static_cast<int>(std::floor(from.x * scale_x));
  result.area.y = static_cast<int>(std::floor(from.y * scale_y));
  result.area.width = static_cast<int>(std::ceil((from.x + from.width) * scale_x)) - result.area.x;
  result.area.height = static_cast<int>(std::ceil((from.y + from.height) * scale_y)) - result.area.y;
  for (int y = 0; y < result.area.height; ++y) {
    const double source_y = (result.area.y + y + 0.5) / scale_y - 0.5 - from.y;
    for (int x = 0; x < result.area.width; ++x) {
      const double source_x = (result.area.x + x + 0.5) / scale_x - 0.5 - from.x;
      result.pixels.push_back(sample(mask, source_y, source_x) >= 0.5 ? 1 : 0);
    }
  }
  return result;
}

InstanceMap make_instance_map(std::span<const MaskWindow> masks, int height, int width) {
  InstanceMap map{height, width, {}};
  map.owner.assign(static_cast<size_t>(height) * static_cast<size_t>(width), kNobody);
  for (const size_t i : from_below(masks)) {
    const PixelArea& whole = masks[i].area;
    const PixelArea area = cut(whole, height, width);
    for (int y = area.y; y < area.y + area.height; ++y) {
      const uint8_t* row = masks[i].pixels.data() + static_cast<std::ptrdiff_t>(y - whole.y) * whole.width;
      int32_t* owners = map.owner.data() + static_cast<std::ptrdiff_t>(y) * width;
      for (int x = area.x; x < area.x + area.width; ++x) {
        if (row[x - whole.x] != 0) owners[x] = static_cast<int32_t>(i);
      }
    }
  }
  return map;
}

std::vector<std::vector<int>> touching(const InstanceMap& map, size_t masks, int gap) {
  std::vector<std::set<int>> met(masks);
  const std::array<std::array<int, 2>, 6> steps{{{0, 1}, {1, 0}, {1, 1}, {1, -1}, {0, gap}, {gap, 0}}};
  for (int y = 0; y < map.height; ++y) {
    for (int x = 0; x < map.width; ++x) {
      const int32_t one = map.at(y, x);
      if (one == kNobody) continue;
      for (const auto& [down, right] : steps) {
        if (y + down >= map.height || x + right < 0 || x + right >= map.width) continue;
        const int32_t other = map.at(y + down, x + right);
        if (other == kNobody || other == one) continue;
        met[static_cast<size_t>(one)].insert(other);
        met[static_cast<size_t>(other)].insert(one);
      }
    }
  }
  std::vector<std::vector<int>> lists;
  for (const std::set<int>& of_one : met) lists.emplace_back(of_one.begin(), of_one.end());
  return lists;
}

std::vector<LabelledObject> extents(const InstanceMap& map, size_t masks) {
  // The rectangle from its first to its last pixel, both inclusive, and the sums of what lies on its sides.
  struct Range {
    int first = std::numeric_limits<int>::max(), last = -1;
    int64_t at_first = 0, at_last = 0, firsts = 0, lasts = 0;

    void add(int here, int across) {
      if (here < first) first = here, at_first = firsts = 0;
      if (here > last) last = here, at_last = lasts = 0;
      if (here == first) at_first += across, ++firsts;
      if (here == last) at_last += across, ++lasts;
    }
  };
  std::vector<Range> rows(masks), columns(masks);
  for (int y = 0; y < map.height; ++y) {
    for (int x = 0; x < map.width; ++x) {
      if (map.at(y, x) == kNobody) continue;
      const auto owner = static_cast<size_t>(map.at(y, x));
      rows[owner].add(y, x);
      columns[owner].add(x, y);
    }
  }
  std::vector<LabelledObject> found(masks);
  for (size_t i = 0; i < masks; ++i) {
    const Range& row = rows[i];
    const Range& column = columns[i];
    if (row.last < 0) continue;
    found[i].area = {column.first, row.first, column.last - column.first + 1, row.last - row.first + 1};
    found[i].tips =
        Tips{static_cast<int>(row.at_first / row.firsts), static_cast<int>(row.at_last / row.lasts),
             static_cast<int>(column.at_first / column.firsts), static_cast<int>(column.at_last / column.lasts)};
  }
  return found;
}

std::vector<Color> grounds(const Image& image, const InstanceMap& map, size_t masks) {
  std::vector<std::array<int64_t, 4>> sums(masks);
  for (size_t at = 0; at < map.owner.size(); ++at) {
    if (map.owner[at] == kNobody) continue;
    std::array<int64_t, 4>& sum = sums[static_cast<size_t>(map.owner[at])];
    for (size_t c = 0; c < 3; ++c) sum[c] += image.pixels[3 * at + c];
    ++sum[3];
  }
  std::vector<Color> means;
  for (const std::array<int64_t, 4>& sum : sums) {
    const auto mean = [&](size_t c) { return static_cast<uint8_t>(sum[c] / std::max<int64_t>(1, sum[3])); };
    means.push_back({mean(0), mean(1), mean(2)});
  }
  return means;
}

void paint(Image& image, const InstanceMap& map, std::span<const MaskWindow> masks, std::span<const Color> colors,
           const MaskLook& look) {
  draw_rim(image, map);
  for (size_t i = 0; i < masks.size(); ++i) {
    const PixelArea area = cut(masks[i].area, map.height, map.width);
    // What lies around the window is seen, too: there is no edge where the object goes on, nor at the image's own.
    const PixelArea wide =
        cut({area.x - look.line, area.y - look.line, area.width + 2 * look.line, area.height + 2 * look.line},
            map.height, map.width);
    if (area.width == 0 || area.height == 0) continue;
    std::vector<uint8_t> own;
    for (int y = wide.y; y < wide.y + wide.height; ++y) {
      for (int x = wide.x; x < wide.x + wide.width; ++x) own.push_back(map.at(y, x) == static_cast<int32_t>(i) ? 1 : 0);
    }
    const std::vector<uint8_t> inner = eroded(own, wide, look.line);
    size_t at = 0;
    for (int y = wide.y; y < wide.y + wide.height; ++y) {
      for (int x = wide.x; x < wide.x + wide.width; ++x, ++at) {
        if (own[at] != 0) tint(image.at(y, x), colors[i], inner[at] == 0 ? 1.0F : look.strength);
      }
    }
  }
}

}  // namespace spinenet::image
