// The gradient of a convolution's weights: over all pixels, the sum of the products of the inputs in a pixel's window
// with the gradient of its outputs.
//
// Layout and pieces: as convolution.h. Thread contract: the pieces may run at the same time, each on a thread of its
// own, as may those of finish(), before which run() has ended.
#pragma once

#include <cstdint>
#include <vector>

#include "kernels/convolution.h"

namespace spinenet::kernels {

// The gradient of the weights.
class WeightGradient {
 public:
  WeightGradient(const Convolution& conv, const ConvolutionKernels& kernels, ConvolutionWay way = ConvolutionWay::best);

  int64_t pieces() const { return groups_ * slices_; }
  // `gradient`: of the output.
  void run(int64_t piece, const float* x, const float* gradient);
  // Each writes the weights of some channels of x.
  int64_t finishing_pieces() const;
  void finish(int64_t piece, float* weights);

 private:
  // A part of the output's pixels, or of its tiles, and of the rows of the sums.
  struct Part {
    const float* x = nullptr;
    int64_t first = 0, end = 0;
    int64_t first_row = 0, rows = 0;
    float* sums = nullptr;
  };
  // Pixels of one line of the output, and where their gradients lie.
  struct Line {
    int64_t image = 0, y = 0, x = 0, count = 0;
    const float* gradient = nullptr;
  };
  // From a pixel of the output, times the stride, to its source.
  struct Offset {
    int64_t down = 0, right = 0;
  };
  // Pixels of every line.
  struct Span {
    int64_t begin = 0, end = 0;
  };
  void run_pixels(const Part& part, const float* gradient) const;
  void run_plain(const Part& part, const float* gradient) const;
  void add_taps(const Part& part, const std::vector<Line>& lines) const;
  int64_t reach(int64_t right) const;
  void add_pairs(const Part& part, const Line& line, const Offset& offset, const Span& span,
                 std::vector<RowPairs>& pairs) const;
  void add_products(const Part& part, const std::vector<RowPairs>& pairs, int64_t tap, int64_t rows) const;
  void run_winograd(const Part& part, const float* gradient) const;
  int64_t products() const;
  int64_t columns() const;

  Convolution conv_;
  ConvolutionKernels kernels_;
  bool winograd_ = false;
  int64_t items_ = 0;  // pixels or tiles of all images
  int64_t groups_ = 1, slices_ = 1;
  AlignedFloats sums_;  // [groups][products][channels][columns]
};

}  // namespace spinenet::kernels
