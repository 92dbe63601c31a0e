// How a convolution is computed: the algorithm, the packed weights and the tasks of a ConvStep. Tasks are dealt out
// anew for each number of images: it costs a few divisions, and a batch that is not full keeps all threads at work.
//
// Thread contract: pure functions.
#pragma once

#include <memory>

#include "base/host_tensor.h"
#include "engine/plan/plan.h"

namespace spinenet::engine {

inline int64_t parts(int64_t n, int64_t size) {
  return (n + size - 1) / size;
}

inline int64_t rounded_up(int64_t n, int64_t multiple) {
  return parts(n, multiple) * multiple;
}

// Tiles and rows of a task: what a core's second-level cache holds together with the weights of a panel.
constexpr int64_t kTaskTiles = 56, kTaskSmallTiles = 112, kTaskRows = 112;
// What a choice may ask for.
constexpr int64_t kMostTaskRows = 224;
// Winograd's products for so many panels are made before they are transformed.
constexpr int64_t kPanelsTogether = 2;
// Between the rows of a tile's products, so that they do not fall on the same lines of the cache.
constexpr int64_t kProductGap = 16;

// [O, I, k, k] to the layout that the step's algorithm reads; `stride`: channels of the input map as they lie.
void pack_weights(const HostTensor& weight, const ConvStep& step, int panel, float* to);
// [C, 1, k, k] to [row][column][channel].
AlignedFloats pack_depthwise(const HostTensor& weight, int64_t stride);
// Of each tap of [I, O, k, k] for rows of `k` floats; columns in panels.
std::vector<std::shared_ptr<const float[]>> pack_deconv(const HostTensor& weight, int64_t k, int panel);
int64_t packed_floats(const ConvStep& step, int panel);

// Packed weights, so many, as bf16.
void pack_bf16(const float* packed, int64_t count, const kernels::Kernels& kernels, uint16_t* to);
// Sums of so many panels are made before they are finished.
constexpr int64_t kBf16Panels = 4;

// The tiles of one image over all sites, by the step's algorithm.
std::vector<WinogradTile> tiles_of(const ConvStep& step);

// Who shares the tasks of a step.
struct Crew {
  int panel = 0, threads = 1;
  int64_t images = 1;
};
int64_t task_count(const ConvStep& step, const Crew& crew);
ConvTask task_at(const ConvStep& step, const Crew& crew, int64_t task);

// So much of the rows of a direct product at a time that they stay in the second cache while all weights pass by.
constexpr int64_t kDepth = 1024;
inline int64_t parts_of_k(const ConvStep& step) {
  return step.choice.algorithm == ConvAlgorithm::direct && !step.in_bf16 ? (step.k + kDepth - 1) / kDepth : 1;
}

// Whether a product takes its rows as they lie in the map. Rows a whole number of pages apart would fall on the same
// few lines of the cache: they are copied closer.
inline bool reads_rows_in_place(const ConvStep& step) {
  constexpr int64_t kPageFloats = 1024;
  return step.choice.algorithm == ConvAlgorithm::direct && step.k % kPageFloats != 0;
}

// Floats of a window's line that are copied at once where the line is short (copy_lines.h).
constexpr int64_t kShortLine = 24;

// Floats that a thread needs to run a task of the step with at most so many images.
int64_t scratch_floats(const ConvStep& step, int panel, int64_t images);

// Layout of a thread's scratch while it runs a task of so many tiles.
struct WinogradScratch {
  int64_t input_stride = 0, output_stride = 0;  // from product to product
  int64_t output_columns = 0;
};
WinogradScratch winograd_scratch(const ConvStep& step, int64_t tiles, int panel);

}  // namespace spinenet::engine
