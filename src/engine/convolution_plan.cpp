#include "engine/convolution_plan.h"

#include <algorithm>
#include <array>

namespace spinenet {
namespace {

int64_t rounded_up(int64_t n, int64_t multiple) {
  return (n + multiple - 1) / multiple * multiple;
}

int64_t parts(int64_t n, int64_t size) {
  return (n + size - 1) / size;
}

// Transposed G of Lavin and Gray: three taps of a line to six products.
std::array<double, 6> weight_line(double a, double b, double c) {
  constexpr double kSixth = 1.0 / 6, kTwentyFourth = 1.0 / 24;
  const double even = a + c, far = (a + 4 * c) * kTwentyFourth, odd = b * (2 * kTwentyFourth);
  return {a / 4, -(even + b) * kSixth, -(even - b) * kSixth, far + odd, far - odd, c};
}

// The nine taps of each output of a panel, [9][panel], to its products, [36][panel].
void winograd_weights(const float* __restrict taps, int64_t panel, float* __restrict to) {
  for (int64_t o = 0; o < panel; ++o) {
    std::array<std::array<double, 6>, 3> lines;
    for (int64_t i = 0; i < 3; ++i) {
      const float* line = taps + i * 3 * panel + o;
      lines[static_cast<size_t>(i)] = weight_line(line[0], line[panel], line[2 * panel]);
    }
    for (size_t j = 0; j < 6; ++j) {
      const auto column = weight_line(lines[0][j], lines[1][j], lines[2][j]);
      for (size_t i = 0; i < 6; ++i) to[static_cast<int64_t>(i * 6 + j) * panel + o] = static_cast<float>(column[i]);
    }
  }
}

// The places of one input's products are so far apart, and by such round numbers, that they push each other out of the
// cache: some inputs are computed in a small buffer and copied out together.
void pack_winograd(const HostTensor& weight, const ConvStep& step, int64_t panel, float* to) {
  constexpr int64_t kBlock = 16;
  const int64_t outputs = weight.shape[0], inputs = weight.shape[1];
  std::vector<float> taps(static_cast<size_t>(9 * panel)),
      products(static_cast<size_t>(kBlock * kWinogradProducts * panel));
  for (int64_t first = 0; first < outputs; first += panel) {
    const int64_t columns = std::min(panel, outputs - first);
    float* const of_panel = to + first * kWinogradProducts * step.k;
    std::fill(taps.begin(), taps.end(), 0.0F);
    for (int64_t c0 = 0; c0 < inputs; c0 += kBlock) {
      const int64_t count = std::min(kBlock, inputs - c0);
      for (int64_t c = 0; c < count; ++c) {
        for (int64_t o = 0; o < columns; ++o) {
          const float* from = weight.data.data() + ((first + o) * inputs + c0 + c) * 9;
          for (int64_t t = 0; t < 9; ++t) taps[static_cast<size_t>(t * panel + o)] = from[t];
        }
        winograd_weights(taps.data(), panel, products.data() + c * kWinogradProducts * panel);
      }
      for (int64_t p = 0; p < kWinogradProducts; ++p) {
        float* row = of_panel + (p * step.k + c0) * panel;
        for (int64_t c = 0; c < count; ++c, row += panel) {
          std::copy_n(products.data() + (c * kWinogradProducts + p) * panel, panel, row);
        }
      }
    }
  }
}

void pack_plain(const HostTensor& weight, const ConvStep& step, int64_t panel, float* to) {
  const int64_t outputs = weight.shape[0], inputs = weight.shape[1], taps = weight.shape[2] * weight.shape[3];
  const int64_t stride = step.sites.front().in.stride;
  for (int64_t o = 0; o < outputs; ++o) {
    float* column = to + o / panel * step.k * panel + o % panel;
    for (int64_t c = 0; c < inputs; ++c) {
      for (int64_t t = 0; t < taps; ++t) {
        column[(t * stride + c) * panel] = weight.data[static_cast<size_t>((o * inputs + c) * taps + t)];
      }
    }
  }
}

int64_t most_rows(const ConvStep& step) {
  constexpr int64_t kGathered = 1 << 17;  // floats
  switch (step.algorithm) {
    case ConvAlgorithm::winograd:
      return kTaskTiles;
    case ConvAlgorithm::direct:
      return kTaskRows;
    case ConvAlgorithm::gathered:
      break;
  }
  return std::clamp<int64_t>(kGathered / step.k, 14, kTaskRows);
}

// Products whose rows lie one after the other: those of one site, or Winograd's over all sites.
size_t stretches(const ConvStep& step) {
  return step.algorithm == ConvAlgorithm::winograd ? 1 : step.sites.size();
}

int64_t rows_in(const ConvStep& step, size_t stretch, int64_t images) {
  if (step.algorithm == ConvAlgorithm::winograd) return images * static_cast<int64_t>(step.tiles.size());
  const Shape& out = step.sites[stretch].out.shape;
  return images * out.height * out.width;
}

// So many rows in blocks of at most so many, evenly; few rows are split by panels too, that every thread has work.
struct Deal {
  int64_t blocks = 0, splits = 1;
};

Deal deal(const ConvStep& step, int64_t rows, const Crew& crew) {
  const int64_t blocks = parts(rows, most_rows(step));
  if (blocks > crew.threads) return {rounded_up(blocks, crew.threads), 1};
  if (crew.threads == 1) return {blocks, 1};
  return {blocks, std::min<int64_t>(parts(step.columns, crew.panel), parts(2 * crew.threads, blocks))};
}

// Each row of the product is a stretch of the input map as it lies.
bool rows_lie_ready(const ConvStep& step) {
  const Conv& c = step.conv;
  if (c.pad_before != 0 || c.pad_after != 0) return false;
  if (c.kernel == 1 && c.stride == 1) return true;
  return std::all_of(step.sites.begin(), step.sites.end(), [&](const ConvSite& site) {
    return site.in.shape.height == c.kernel && site.in.shape.width == c.kernel;
  });
}

}  // namespace

ConvAlgorithm choose_algorithm(const ConvStep& step, bool winograd, int64_t images) {
  const Conv& c = step.conv;
  const bool aligned = std::all_of(step.sites.begin(), step.sites.end(),
                                   [](const ConvSite& site) { return site.in.stride % kChannelBlock == 0; });
  if (aligned && rows_lie_ready(step)) return ConvAlgorithm::direct;
  if (!winograd || !aligned || c.kernel != 3 || c.stride != 1 || c.pad_before != 1 || c.pad_after != 1) {
    return ConvAlgorithm::gathered;
  }
  // A tile that mostly hangs over the edge saves nothing, and few tiles do not make up for four times the weights.
  constexpr int64_t kLeastTiles = 8;
  int64_t tiles = 0, pixels = 0;
  for (const ConvSite& site : step.sites) {
    const Shape& s = site.out.shape;
    tiles += parts(s.height, kWinogradTile) * parts(s.width, kWinogradTile);
    pixels += s.height * s.width;
  }
  return kWinogradProducts * tiles * 4 < 9 * pixels * 3 && tiles * images >= kLeastTiles ? ConvAlgorithm::winograd
                                                                                         : ConvAlgorithm::gathered;
}

int64_t packed_floats(const ConvStep& step, int panel) {
  const int64_t products = step.algorithm == ConvAlgorithm::winograd ? kWinogradProducts : 1;
  return rounded_up(step.columns, panel) * step.k * products;
}

std::shared_ptr<const float[]> pack_weights(const HostTensor& weight, const ConvStep& step, int panel) {
  const int64_t count = packed_floats(step, panel);
  AlignedFloats packed = aligned_floats(count);
  std::fill_n(packed.get(), count, 0.0F);
  if (step.algorithm == ConvAlgorithm::winograd) {
    pack_winograd(weight, step, panel, packed.get());
  } else {
    pack_plain(weight, step, panel, packed.get());
  }
  return packed;
}

bool suits_bf16(const ConvStep& step) {
  return step.sites.front().in.stride % kChannelBlock == 0 && step.k % kChannelBlock == 0;
}

std::shared_ptr<const uint16_t[]> pack_bf16(const ConvStep& step, const Kernels& kernels) {
  const int64_t panel = kernels.panel, count = packed_floats(step, kernels.panel);
  const auto bytes = aligned_bytes(count * static_cast<int64_t>(sizeof(uint16_t)));
  const std::shared_ptr<uint16_t[]> packed(bytes, reinterpret_cast<uint16_t*>(bytes.get()));
  std::vector<uint16_t> row(static_cast<size_t>(panel));
  for (int64_t k = 0; k < count / panel; ++k) {
    kernels.to_bf16(step.weights.get() + k * panel, panel, row.data());
    uint16_t* pairs = packed.get() + k / 2 * 2 * panel + k % 2;
    for (int64_t o = 0; o < panel; ++o) pairs[2 * o] = row[static_cast<size_t>(o)];
  }
  return packed;
}

AlignedFloats pack_depthwise(const HostTensor& weight, int64_t stride) {
  const int64_t channels = weight.shape[0], taps = weight.shape[2] * weight.shape[3];
  AlignedFloats packed = aligned_floats(taps * stride);
  std::fill_n(packed.get(), taps * stride, 0.0F);
  for (int64_t c = 0; c < channels; ++c) {
    for (int64_t t = 0; t < taps; ++t) packed[t * stride + c] = weight.data[static_cast<size_t>(c * taps + t)];
  }
  return packed;
}

std::vector<std::shared_ptr<const float[]>> pack_deconv(const HostTensor& weight, int64_t k, int panel) {
  const int64_t inputs = weight.shape[0], outputs = weight.shape[1], taps = weight.shape[2] * weight.shape[3];
  std::vector<std::shared_ptr<const float[]>> packed;
  for (int64_t t = 0; t < taps; ++t) {
    const int64_t count = rounded_up(rounded_up(outputs, kChannelBlock), panel) * k;
    AlignedFloats tap = aligned_floats(count);
    std::fill_n(tap.get(), count, 0.0F);
    for (int64_t c = 0; c < inputs; ++c) {
      for (int64_t o = 0; o < outputs; ++o) {
        tap[(o / panel * k + c) * panel + o % panel] = weight.data[static_cast<size_t>((c * outputs + o) * taps + t)];
      }
    }
    packed.emplace_back(std::move(tap));
  }
  return packed;
}

std::vector<WinogradTile> tiles_of(const ConvStep& step) {
  std::vector<WinogradTile> tiles;
  for (size_t s = 0; s < step.sites.size(); ++s) {
    const Shape& out = step.sites[s].out.shape;
    for (int y = 0; y < out.height; y += kWinogradTile) {
      for (int x = 0; x < out.width; x += kWinogradTile) tiles.push_back({static_cast<int>(s), y, x});
    }
  }
  return tiles;
}

int64_t task_count(const ConvStep& step, const Crew& crew) {
  int64_t count = 0;
  for (size_t s = 0; s < stretches(step); ++s) {
    const Deal d = deal(step, rows_in(step, s, crew.images), crew);
    count += d.blocks * d.splits;
  }
  return count;
}

ConvTask task_at(const ConvStep& step, const Crew& crew, int64_t task) {
  size_t s = 0;
  int64_t rows = rows_in(step, s, crew.images);
  Deal d = deal(step, rows, crew);
  while (task >= d.blocks * d.splits) {
    task -= d.blocks * d.splits;
    rows = rows_in(step, ++s, crew.images);
    d = deal(step, rows, crew);
  }
  const int64_t panels = parts(step.columns, crew.panel), block = task / d.splits, split = task % d.splits;
  const int64_t row = block * rows / d.blocks, panel = split * panels / d.splits;
  return {static_cast<int>(s), row, (block + 1) * rows / d.blocks - row, panel,
          (split + 1) * panels / d.splits - panel};
}

WinogradScratch winograd_scratch(const ConvStep& step, int64_t tiles, int panel) {
  const int64_t columns = std::min(kPanelsTogether * panel, step.columns);
  return {tiles * step.k + kProductGap, tiles * columns + kProductGap, columns};
}

int64_t scratch_floats(const ConvStep& step, int panel, int64_t images) {
  int64_t rows = 0;
  for (size_t s = 0; s < stretches(step); ++s) rows = std::max(rows, rows_in(step, s, images));
  rows = std::min(rows, most_rows(step));
  if (step.algorithm == ConvAlgorithm::winograd) {
    const WinogradScratch layout = winograd_scratch(step, rows, panel);
    return kWinogradProducts * (layout.input_stride + layout.output_stride);
  }
  const int64_t sums = step.bf16 != nullptr ? kBf16Panels * panel + kChannelBlock : 0;
  return rows * ((parts_of_k(step) == 1 ? step.k : kDepth) + kChannelBlock + sums);
}

}  // namespace spinenet
