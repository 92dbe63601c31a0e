// A convolution in training: its output, and the gradient of its input (weight_gradient.h has that of its weights).
//
// Maps are [images, height, width, channels]: the channels of a pixel lie together. Weights are [outputs, channels,
// kernel, kernel]. All numbers are floats. Each pass is divided into pieces that depend on the shapes alone: any
// threads may run them in any order, and the numbers come out the same.
//
// Thread contract: the pieces of a pass may run at the same time, each on a thread of its own; pack() has ended before
// run() begins.
// Source: as kernels.h and gradient_kernels.h; a gradient of the input is a convolution for each remainder of the
// stride (Dumoulin and Visin 2016, section 4).
#pragma once

#include <cstdint>
#include <vector>

#include "kernels/gradient_kernels.h"
#include "kernels/kernels.h"
#include "kernels/memory.h"
#include "kernels/parts.h"

namespace spinenet::kernels {

struct Convolution {
  int64_t images = 1, height = 1, width = 1, channels = 1, outputs = 1;
  int64_t kernel = 1, stride = 1, padding = 0, dilation = 1;

  int64_t out_height() const { return side(height); }
  int64_t out_width() const { return side(width); }

 private:
  int64_t side(int64_t length) const { return (length + 2 * padding - dilation * (kernel - 1) - 1) / stride + 1; }
};

// The instructions that a pass is computed with.
struct ConvolutionKernels {
  const Kernels* products = nullptr;
  const GradientKernels* gradients = nullptr;
};
// The fastest of this machine.
ConvolutionKernels best_convolution_kernels();

enum class ConvolutionWay { best, plain, winograd };
// Whether Winograd's F(4x4, 3x3) can compute it, and whether it does: where that is the faster way, if any may be
// taken.
bool takes_winograd(const Convolution&);
bool goes_in_tiles(const Convolution&, ConvolutionWay);

// From one map to another by way of packed weights: the output, or the gradient of the input from that of the output.
class ConvolutionPass {
 public:
  static ConvolutionPass forward(const Convolution&, const ConvolutionKernels&, ConvolutionWay = ConvolutionWay::best);
  static ConvolutionPass input_gradient(const Convolution&, const ConvolutionKernels&,
                                        ConvolutionWay = ConvolutionWay::best);

  int64_t packing_pieces() const;
  void pack(int64_t piece, const float* weights);
  int64_t pieces() const { return pieces_; }
  // `bias`: one number for each channel of `to`, or null. All of `to` is written.
  void run(int64_t piece, const float* from, const float* bias, float* to) const;

 private:
  struct Extent {
    int64_t height = 0, width = 0, channels = 0;
    int64_t pixels() const { return height * width; }
  };
  struct Tap {
    int64_t dy = 0, dx = 0;  // where the source's pixel lies
    int64_t weight = 0;      // its place in the kernel
  };
  // Sources that follow each other in memory, and where they begin from a pixel's.
  struct Run {
    int64_t offset = 0, floats = 0;
  };
  // Pixels of the target that lie `target_step_` apart. Pixel (i, j) of them is a sum over the taps, whose sources lie
  // at (i, j) * source_step_ + (dy, dx).
  struct Sweep {
    int64_t first_y = 0, first_x = 0, rows = 0, columns = 0;
    std::vector<Tap> taps;
    std::vector<Run> runs;                                                     // of all taps
    int64_t inner_top = 0, inner_bottom = 0, inner_left = 0, inner_right = 0;  // where all of them lie within the map
    int64_t k = 0;        // of a row of the product: a multiple of 4
    int64_t weights = 0;  // where its packed weights begin
    int64_t first_piece = 0, pieces = 0, pixels_of_piece = 0;
    int64_t pixels() const { return rows * columns; }
  };

  struct GatheredRows {
    float* at = nullptr;
    int64_t count = 0, stride = 0;
  };
  // Some of Winograd's tiles, and what is computed of them on the way.
  struct TilePart {
    int64_t first = 0, count = 0;
    float *window = nullptr, *inputs = nullptr, *sums = nullptr, *pixels = nullptr;
    int64_t input_stride = 0, sum_stride = 0, together = 0;
    Epilogue epilogue;
  };

  ConvolutionPass(const Convolution& conv, const ConvolutionKernels& kernels, bool reversed, ConvolutionWay way);
  void make_sweeps(const Convolution& conv);
  std::vector<Tap> taps_of(const Convolution& conv, int64_t y, int64_t x) const;
  int64_t weight_place(int64_t from_channel, int64_t to_channel, int64_t tap) const;
  void pack_panel(const Sweep& sweep, int64_t panel, const float* weights);
  void pack_winograd(int64_t panel, const float* weights);
  void run_sweep(const Sweep& sweep, int64_t piece, const float* from, const float* bias, float* to) const;
  void run_winograd(int64_t piece, const float* from, const float* bias, float* to) const;
  void transform_tiles(const TilePart& part, const float* from) const;
  void multiply_tiles(const TilePart& part, int64_t column, int64_t columns) const;
  void finish_tiles(const TilePart& part, int64_t column, int64_t columns, float* to) const;
  bool in_place(const Sweep& sweep) const;
  void find_runs(Sweep& sweep) const;
  void gather(const Sweep& sweep, const float* from, int64_t first, const GatheredRows& rows) const;
  static void copy_runs(const std::vector<Run>& runs, const float* pixel, const float* end, float* row);
  void gather_edge(const Sweep& sweep, const float* source, int64_t top, int64_t left, float* row) const;
  void scatter(const Sweep& sweep, int64_t first, int64_t count, const float* rows, float* to) const;
  int64_t columns() const;
  int64_t panels() const;
  int64_t depth() const;
  int64_t product_floats() const;

  ConvolutionKernels kernels_;
  int64_t images_ = 0, taps_ = 1;
  Extent from_, to_;
  bool reversed_ = false, winograd_ = false;
  int64_t source_step_ = 1, target_step_ = 1;
  std::vector<Sweep> sweeps_;
  int64_t pieces_ = 0;
  int64_t tiles_down_ = 0, tiles_across_ = 0, tiles_of_piece_ = 0;
  AlignedFloats weights_;
};

}  // namespace spinenet::kernels
