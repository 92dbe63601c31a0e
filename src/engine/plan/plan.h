// A network made ready to run on up to `batch` images at once: steps with packed weights, and every map's place in
// memory.
//
// Invariant: a plan does not change once compile() has made it. Thread contract: shared by any number of sessions.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "engine/quantize/quantization.h"
#include "graph/program.h"
#include "kernels/kernels.h"
#include "kernels/memory.h"

namespace spinenet::engine {

using kernels::aligned_floats, kernels::AlignedFloats, kernels::advise_large_pages;

// Where a value lies in the session's memory, channels last, image after image.
struct Map {
  int64_t offset = 0;  // floats, of the first image
  graph::Shape shape;
  int64_t stride = 0;  // from pixel to pixel, in numbers of the map
  Quantization quantization = {};
};

// From image to image.
inline int64_t image_numbers(const Map& map) {
  return map.shape.height * map.shape.width * map.stride;
}

// Scale and shift of each channel up to a whole panel.
struct ChannelAffine {
  std::vector<float> scale, shift;
  kernels::EpilogueActivation activation = kernels::EpilogueActivation::none;
};

// One use of a convolution's weights.
struct ConvSite {
  Map in, out;
  Map residual;
  int residual_factor = 0;  // 0: none
  ChannelAffine affine;
};

enum class ConvAlgorithm {
  direct,    // the rows of a product lie ready: the input's pixels, or whole maps under a dense layer
  gathered,  // rows are gathered from the window first
  winograd,
  small_winograd,  // tiles of 2x2, fewer and smaller weights: for maps of few pixels
  tile_rows,       // as direct, in matrix tiles (kernels/tiles.h)
  tile_strips,     // in matrix tiles, whose rows are the pixels of a strip of the map: no window is gathered
};
std::string_view name_of(ConvAlgorithm algorithm);

// The side of a tile of outputs, and its products; 0 and 1 of an algorithm without tiles.
inline int tile_of(ConvAlgorithm algorithm) {
  switch (algorithm) {
    case ConvAlgorithm::direct:
    case ConvAlgorithm::gathered:
    case ConvAlgorithm::tile_rows:
    case ConvAlgorithm::tile_strips:
      return 0;
    case ConvAlgorithm::winograd:
      return kernels::kWinogradTile;
    case ConvAlgorithm::small_winograd:
      return kernels::kSmallTile;
  }
  return 0;
}
inline int64_t products_of(ConvAlgorithm algorithm) {
  const int64_t tile = tile_of(algorithm);
  return tile > 0 ? (tile + 2) * (tile + 2) : 1;
}

inline bool multiplies_tiles(ConvAlgorithm algorithm) {
  return algorithm == ConvAlgorithm::tile_rows || algorithm == ConvAlgorithm::tile_strips;
}

// What the threads of a step divide: rows first, and columns when there are few rows; or columns alone, so that each
// thread reads a part of the weights.
enum class Share { rows, columns };

// How a convolution is computed, and how its work is cut.
struct ConvChoice {
  ConvAlgorithm algorithm = ConvAlgorithm::direct;
  int64_t rows = 0;  // at a time, at most: pixels or Winograd's tiles; of strips about so many pixels in whole lines
  Share share = Share::rows;
  bool operator==(const ConvChoice&) const = default;
};

// The outputs of a tile are as far apart as the taps of its convolution: a dilated one is an ordinary one on each of
// dilation * dilation maps that its map is taken apart into.
struct WinogradTile {
  int site = 0, y = 0, x = 0;  // of the top left output
};

// What the products of a convolution multiply.
enum class NumberFormat { fp32, bf16, int8 };
std::string_view name_of(NumberFormat format);

// Packed weights of each kind: kernels.h, bf16.h and quantized.h have the layout of a panel. Winograd's are
// [panel][product] of such panels.
using Fp32Weights = std::shared_ptr<const float[]>;
using Bf16Weights = std::shared_ptr<const uint16_t[]>;
using Int8Weights = std::shared_ptr<const int8_t[]>;
// The weights of an int8 convolution as the 16-bit integers of Winograd's F(4x4, 3x3).
struct Int8WinogradWeights {
  std::shared_ptr<const int16_t[]> values;
  std::shared_ptr<const float[]> scales;  // [product][column], columns in whole panels: what a sum of 1 is worth
};
using ConvWeights = std::variant<Fp32Weights, Bf16Weights, Int8Weights, Int8WinogradWeights>;

// A convolution as packed products, in any number format. int8: the sites' scale and shift turn integer sums into the
// numbers of the output.
struct ConvStep {
  std::string name;
  graph::Conv conv;
  NumberFormat format = NumberFormat::fp32;
  ConvChoice choice;
  int64_t k = 0;  // length of the product's rows
  int64_t columns = 0;
  ConvWeights weights;
  std::vector<ConvSite> sites;
  std::vector<WinogradTile> tiles;  // of one image
};

struct DepthwiseStep {
  std::string name;
  graph::Conv conv;
  AlignedFloats weights;  // [row][column][channel]
  ConvSite site;
};

// One tap of a transposed convolution: packed weights, and what follows their sums.
struct DeconvTap {
  std::variant<Fp32Weights, Int8Weights> weights;
  ChannelAffine affine;
};

// A transposed convolution whose windows do not overlap: for each tap a product of its own, whose rows are the input's
// pixels and land a stride apart. In fp32 or int8, as its input is.
struct DeconvStep {
  std::string name;
  graph::Deconv deconv;
  NumberFormat format = NumberFormat::fp32;
  int64_t k = 0;
  std::vector<DeconvTap> taps;
  Map in, out;
  ChannelAffine affine;  // of the true sums
};

struct GlobalPoolStep {
  std::string name;
  graph::PoolKind kind = graph::PoolKind::average;
  Map in, out;
};

struct GateStep {
  std::string name;
  Map in, gate, out;
  kernels::EpilogueActivation activation = kernels::EpilogueActivation::none;
};

struct SumStep {
  std::string name;
  struct Term {
    Map map;
    int factor = 1;
  };
  std::vector<Term> terms;
  Map out;
  ChannelAffine affine;  // scale may be empty
};

// The channels of all maps, one after the other.
struct ConcatStep {
  std::string name;
  std::vector<Map> terms;
  Map out;
};

struct PoolStep {
  std::string name;
  graph::MaxPool pool;
  Map in, out;
};

// The mean of each window: its pixels, counted from the first, and the share of each.
struct AveragePoolStep {
  std::string name;
  graph::AveragePool pool;
  std::vector<int64_t> pixels;
  std::vector<float> weights;
  Map in, out;
};

struct BilinearStep {
  std::string name;
  int factor = 1;
  Map in, out;
};

// Some channels of a map, as the numbers that they are.
struct SliceStep {
  std::string name;
  graph::Slice slice;
  Map in, out;
};

using Step = std::variant<ConvStep, DepthwiseStep, DeconvStep, SumStep, GateStep, ConcatStep, SliceStep, PoolStep,
                          AveragePoolStep, GlobalPoolStep, BilinearStep>;

struct PlanOutput {
  std::string name;
  Map map;
};

struct CompiledPlan {
  const kernels::Kernels* kernels = nullptr;
  int threads = 1;
  int batch = 1;  // images at most
  Map input;
  std::vector<Step> steps;
  std::vector<std::vector<int>> waits;  // of each step: those before it that must be done
  std::vector<PlanOutput> outputs;
  std::vector<std::vector<PlanOutput>> written;  // by each step: its nodes
  std::vector<float> zeros;                      // a pixel of padding
  int64_t memory = 0;                            // floats for all maps
  int64_t scratch = 0;                           // floats for each thread
  int64_t weight_floats = 0;                     // packed
};

inline const std::string& name_of(const Step& step) {
  return std::visit([](const auto& s) -> const std::string& { return s.name; }, step);
}
// The step as a convolution that runs as packed products; null when it is another kind of step.
const ConvStep* as_convolution(const Step& step);

// Bytes that a plan and one session of it hold: weights, maps, scratch and outputs.
int64_t memory_bytes(const CompiledPlan& plan);

}  // namespace spinenet::engine
