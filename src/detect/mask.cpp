#include "detect/mask.h"

#include <algorithm>
#include <limits>
#include <numeric>

#include "base/error.h"
#include "base/format.h"

namespace spinenet::detect {
namespace {

// A place in the runs of one mask: what is left of the current run, and its value.
struct RunCursor {
  explicit RunCursor(const Rle& rle) : next(rle.counts.data()), end(next + rle.counts.size()) {
    if (next != end) left = *next++;
  }

  // One new run at most, so that two masks with empty runs in their middle meet exactly as in the COCO API.
  void advance(uint32_t step) {
    left -= step;
    if (left == 0 && next != end) {
      left = *next++;
      on = !on;
    }
  }
  bool spent() const { return left == 0 && next == end; }

  const uint32_t* next;
  const uint32_t* end;
  uint32_t left = 0;
  bool on = false;
};

// Calls visit(length, a is on, b is on, both end here) for each stretch over which neither mask changes.
template <class Visit>
void walk(const Rle& first, const Rle& second, const Visit& visit) {
  RunCursor a(first);
  RunCursor b(second);
  bool more = true;
  while (more) {
    const uint32_t step = std::min(a.left, b.left);
    const bool a_on = a.on;
    const bool b_on = b.on;
    a.advance(step);
    b.advance(step);
    more = a.left + b.left > 0 && !a.spent() && !b.spent();
    visit(step, a_on, b_on, a, b, more);
  }
}

void check_size(int64_t height, int64_t width) {
  const bool fits = height >= 0 && width >= 0 &&
                    (width == 0 || height <= static_cast<int64_t>(std::numeric_limits<uint32_t>::max()) / width);
  if (!fits) fail(ErrorKind::bad_data, fmt::format("a mask cannot be {} x {} pixels (height x width)", height, width));
}

Rle merge_two(const Rle& first, const Rle& second, bool intersect) {
  Rle out{first.height, first.width, {}};
  uint32_t run = 0;
  bool value = false;
  walk(first, second, [&](uint32_t step, bool, bool, const RunCursor& a, const RunCursor& b, bool more) {
    run += step;
    const bool before = value;
    value = intersect ? a.on && b.on : a.on || b.on;
    if (value != before || !more) {
      out.counts.push_back(run);
      run = 0;
    }
  });
  return out;
}

bool overlap(const PixelRect& a, const PixelRect& b) {
  return std::min(a.x + a.width, b.x + b.width) > std::max(a.x, b.x) &&
         std::min(a.y + a.height, b.y + b.height) > std::max(a.y, b.y);
}

}  // namespace

Rle encode_mask(std::span<const uint8_t> mask, int64_t height, int64_t width) {
  check_size(height, width);
  if (static_cast<int64_t>(mask.size()) != height * width) {
    fail(ErrorKind::bad_data, fmt::format("a mask of {} x {} pixels cannot have {} bytes", height, width, mask.size()));
  }
  Rle rle{height, width, {}};
  uint32_t run = 0;
  bool value = false;
  for (int64_t x = 0; x < width; ++x) {
    for (int64_t y = 0; y < height; ++y) {
      const bool pixel = mask[static_cast<size_t>(y * width + x)] != 0;
      if (pixel != value) {
        rle.counts.push_back(run);
        run = 0;
        value = pixel;
      }
      ++run;
    }
  }
  rle.counts.push_back(run);
  return rle;
}

std::vector<uint8_t> decode_mask(const Rle& rle) {
  check_size(rle.height, rle.width);
  const uint64_t total = std::accumulate(rle.counts.begin(), rle.counts.end(), uint64_t{0});
  if (total != static_cast<uint64_t>(rle.height * rle.width)) {
    fail(ErrorKind::bad_data,
         fmt::format("the runs of a mask of {} x {} pixels sum to {}", rle.height, rle.width, total));
  }
  std::vector<uint8_t> mask(total, 0);
  int64_t at = 0;
  for (size_t i = 0; i < rle.counts.size(); ++i) {
    const int64_t run_end = at + rle.counts[i];
    if (i % 2 == 0) {
      at = run_end;
      continue;
    }
    for (; at < run_end; ++at) mask[static_cast<size_t>(at % rle.height * rle.width + at / rle.height)] = 1;
  }
  return mask;
}

Rle invert(Rle rle) {
  if (!rle.counts.empty() && rle.counts.front() == 0) {
    rle.counts.erase(rle.counts.begin());
  } else {
    rle.counts.insert(rle.counts.begin(), 0);
  }
  return rle;
}

Rle merge(std::span<const Rle> masks, bool intersect) {
  if (masks.empty()) return {};
  Rle out = masks.front();
  for (const Rle& mask : masks.subspan(1)) {
    if (mask.height != out.height || mask.width != out.width) {
      fail(ErrorKind::bad_data, fmt::format("masks of {} x {} and {} x {} pixels cannot be merged", out.height,
                                            out.width, mask.height, mask.width));
    }
    out = merge_two(out, mask, intersect);
  }
  return out;
}

uint64_t area(const Rle& rle) {
  uint64_t sum = 0;
  for (size_t i = 1; i < rle.counts.size(); i += 2) sum += rle.counts[i];
  return sum;
}

PixelRect pixel_extent(const Rle& rle) {
  const int64_t height = rle.height;
  int64_t left = rle.width;
  int64_t right = 0;
  int64_t top = height;
  int64_t bottom = 0;
  int64_t column = 0;
  int64_t row = 0;
  const auto advance = [&](int64_t run) {  // most runs end in their own column or the next: no division
    row += run;
    if (row < height) return;
    row -= height;
    ++column;
    if (row < height || height == 0) return;
    column += row / height;
    row %= height;
  };
  for (size_t i = 0; i + 1 < rle.counts.size(); i += 2) {
    advance(rle.counts[i]);
    const int64_t run = rle.counts[i + 1];
    if (run == 0) continue;
    left = std::min(left, column);
    const bool within_column = row + run <= height;
    top = within_column ? std::min(top, row) : 0;
    bottom = within_column ? std::max(bottom, row + run) : height;
    advance(run);
    right = row == 0 ? column : column + 1;
  }
  if (right == 0) return {};
  return {left, top, right - left, bottom - top};
}

std::vector<uint8_t> decode_window(const Rle& rle, const PixelRect& window) {
  std::vector<uint8_t> pixels(static_cast<size_t>(window.width * window.height), 0);
  const int64_t begin = window.x * rle.height;
  const int64_t end = (window.x + window.width) * rle.height;
  int64_t at = 0;
  for (size_t i = 0; i < rle.counts.size() && at < end; ++i) {
    const int64_t run_end = at + rle.counts[i];
    for (int64_t p = std::max(at, begin); i % 2 == 1 && p < std::min(run_end, end);) {
      const int64_t column = p / rle.height;
      const int64_t top = std::max(p - column * rle.height, window.y);
      const int64_t bottom = std::min(std::min(run_end - column * rle.height, rle.height), window.y + window.height);
      for (int64_t row = top; row < bottom; ++row) {
        pixels[static_cast<size_t>((row - window.y) * window.width + column - window.x)] = 1;
      }
      p = (column + 1) * rle.height;
    }
    at = run_end;
  }
  return pixels;
}

std::vector<double> bounding_box(const Rle& rle) {
  const PixelRect rect = pixel_extent(rle);
  return {static_cast<double>(rect.x), static_cast<double>(rect.y), static_cast<double>(rect.width),
          static_cast<double>(rect.height)};
}

double mask_iou(const Rle& detected, const Rle& truth, bool crowd) {
  if (detected.height != truth.height || detected.width != truth.width) {
    return overlap(pixel_extent(detected), pixel_extent(truth)) ? -1.0 : 0.0;
  }
  uint64_t shared = 0;
  uint64_t joined = 0;
  walk(detected, truth, [&](uint32_t step, bool a_on, bool b_on, const RunCursor&, const RunCursor&, bool) {
    if (a_on || b_on) joined += step;
    if (a_on && b_on) shared += step;
  });
  if (shared == 0) return 0.0;
  return static_cast<double>(shared) / static_cast<double>(crowd ? area(detected) : joined);
}

}  // namespace spinenet::detect
