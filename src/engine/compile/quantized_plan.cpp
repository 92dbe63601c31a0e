#include "engine/compile/quantized_plan.h"

#include <algorithm>
#include <cmath>

#include "engine/run/int8_winograd.h"

namespace spinenet::engine {
namespace {

constexpr int64_t kMostRows = 112;
constexpr float kMostWeight = 127;

// Rows that a core's second-level cache holds together with the weights of a panel.
int64_t most_rows(const QuantizedConvStep& step) {
  constexpr int64_t kGathered = 1 << 18;  // bytes
  if (step.winograd) return kTaskTiles;
  return std::clamp<int64_t>(kGathered / step.k, 14, kMostRows);
}

// Stretches of rows: tiles over all sites, or the pixels of each.
size_t stretches(const QuantizedConvStep& step) {
  return step.winograd ? 1 : step.sites.size();
}

// The rows of one in blocks, few blocks split by panels too, that every thread has work.
struct Deal {
  int64_t rows = 0, blocks = 0, splits = 1;
};

Deal deal_of(const QuantizedConvStep& step, size_t stretch, const Crew& crew) {
  const int64_t threads = crew.threads, panels = parts(step.columns, crew.panel);
  const graph::Shape& out = step.sites[stretch].out.shape;
  const int64_t rows = step.winograd ? static_cast<int64_t>(step.winograd->tiles.size()) : out.height * out.width;
  Deal deal{crew.images * rows, 0, 1};
  deal.blocks = parts(deal.rows, most_rows(step));
  if (deal.blocks > threads) {
    deal.blocks = parts(deal.blocks, threads) * threads;
  } else if (threads > 1) {
    // Each part of the columns transforms or gathers all rows anew: no more parts than threads.
    const int64_t to_each = step.winograd || step.gathers ? 1 : 2;
    deal.splits = std::min<int64_t>(panels, parts(to_each * threads, deal.blocks));
  }
  deal.blocks = std::min(deal.blocks, deal.rows);
  return deal;
}

}  // namespace

QuantizedWeights quantize_weights(const HostTensor& weight) {
  const auto outputs = static_cast<size_t>(weight.shape[0]);
  const size_t row = weight.data.size() / outputs;
  QuantizedWeights found{std::vector<int8_t>(weight.data.size()), {}, {}};
  for (size_t o = 0; o < outputs; ++o) {
    float largest = 0;
    for (size_t i = 0; i < row; ++i) largest = std::max(largest, std::abs(weight.data[o * row + i]));
    const float scale = largest > 0 ? largest / kMostWeight : 1;
    int32_t sum = 0;
    for (size_t i = o * row; i < (o + 1) * row; ++i) {
      found.numbers[i] = static_cast<int8_t>(std::clamp(std::round(weight.data[i] / scale), -kMostWeight, kMostWeight));
      sum += found.numbers[i];
    }
    found.scales.push_back(scale);
    found.sums.push_back(sum);
  }
  return found;
}

int64_t packed_bytes(const QuantizedConvStep& step, int panel) {
  return parts(step.columns, panel) * panel * step.k;
}

std::shared_ptr<const int8_t[]> pack_quantized(const QuantizedWeights& weights, const std::vector<int64_t>& shape,
                                               const QuantizedConvStep& step, int panel) {
  const int64_t outputs = shape[0], inputs = shape[1], taps = shape[2] * shape[3];
  const int64_t stride = step.sites.front().in.stride;
  const int64_t count = packed_bytes(step, panel);
  std::shared_ptr<int8_t[]> packed = aligned_bytes(count);
  std::fill_n(packed.get(), count, int8_t{0});
  for (int64_t o = 0; o < outputs; ++o) {
    int8_t* column = packed.get() + o / panel * panel * step.k + o % panel * 4;
    for (int64_t c = 0; c < inputs; ++c) {
      for (int64_t t = 0; t < taps; ++t) {
        const int64_t k = t * stride + c;
        column[k / 4 * 4 * panel + k % 4] = weights.numbers[static_cast<size_t>((o * inputs + c) * taps + t)];
      }
    }
  }
  return packed;
}

ChannelAffine affine_of_bytes(const ChannelAffine& affine, const Quantization& in) {
  ChannelAffine found = affine;
  for (float& scale : found.scale) scale *= in.scale;
  return found;
}

ChannelAffine affine_of_sums(const ChannelAffine& affine, const QuantizedWeights& weights, const Quantization& in) {
  ChannelAffine found = affine;
  for (size_t c = 0; c < weights.scales.size(); ++c) {
    found.scale[c] = affine.scale[c] * weights.scales[c] * in.scale;
    found.shift[c] = affine.shift[c] - found.scale[c] * static_cast<float>(in.zero * weights.sums[c]);
  }
  return found;
}

int64_t task_count(const QuantizedConvStep& step, const Crew& crew) {
  int64_t count = 0;
  for (size_t s = 0; s < stretches(step); ++s) {
    const Deal deal = deal_of(step, s, crew);
    count += deal.blocks * deal.splits;
  }
  return count;
}

ConvTask task_at(const QuantizedConvStep& step, const Crew& crew, int64_t task) {
  const int64_t panels = parts(step.columns, crew.panel);
  for (size_t s = 0; s < stretches(step); ++s) {
    const Deal deal = deal_of(step, s, crew);
    if (task >= deal.blocks * deal.splits) {
      task -= deal.blocks * deal.splits;
      continue;
    }
    const int64_t block = task / deal.splits, split = task % deal.splits;
    const int64_t row = block * deal.rows / deal.blocks, first = split * panels / deal.splits;
    return {static_cast<int>(s), row, (block + 1) * deal.rows / deal.blocks - row, first,
            (split + 1) * panels / deal.splits - first};
  }
  return {};
}

QuantizedScratch quantized_scratch(const QuantizedConvStep& step, int panel) {
  constexpr int64_t kLine = 64, kFloat = sizeof(float);
  QuantizedScratch scratch;
  if (step.winograd) {
    scratch.floats = int8_winograd_scratch(step, most_rows(step), panel).floats;
    return scratch;
  }
  scratch.row_stride = parts(step.k, kLine) * kLine + kLine;
  const int64_t rows = most_rows(step);
  scratch.sums = step.gathers ? rows * scratch.row_stride / kFloat : 0;
  scratch.sum_stride = std::min(kSumPanels * panel, step.columns) + kLine / kFloat;
  scratch.floats = scratch.sums + rows * scratch.sum_stride + kernels::kChannelBlock;
  return scratch;
}

}  // namespace spinenet::engine
