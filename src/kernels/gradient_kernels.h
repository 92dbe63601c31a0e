// Inner loops that only training needs: sums of outer products, and Winograd's transforms of weights and of gradients.
//
// Layout: maps have their channels last. Thread contract: pure functions on the memory that they are given.
// Source: Lavin and Gray 2016, sections 3 and 4. The gradient of the weights through F(4x4, 3x3) is the transposed
// algorithm: with Y = A' ((G g G') o (B' d B)) A, the gradient of g is G' ((A dY A') o (B' d B)) G.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace spinenet::kernels {

// Rows of a and of b, so many floats after each other; row i of one belongs to row i of the other.
struct RowPairs {
  const float* a = nullptr;
  const float* b = nullptr;
  int64_t count = 0;
};

// c[r][v] += the sum of a[r] * b[v] over all pairs of rows.
struct OuterProducts {
  std::span<const RowPairs> pairs;
  int64_t a_stride = 0, b_stride = 0;  // from one row to the next of the same pairs
  int64_t rows = 0;                    // so many numbers of a
  int64_t columns = 0;                 // so many of b: a multiple of kChannelBlock
  float* c = nullptr;
  int64_t c_stride = 0;
};

// Nine taps to 36 products (or back), `columns` of each: [taps][tap_stride] and [products][product_stride].
struct WinogradWeights {
  const float* from = nullptr;
  float* to = nullptr;
  int64_t tap_stride = 0, product_stride = 0;
  int64_t columns = 0;  // a multiple of kChannelBlock
};

// A tile of a gradient: where its 4x4 pixels lie (a row of zeros for what is outside of the map), to 36 products.
struct WinogradGradient {
  const float* const* pixels = nullptr;
  int64_t channels = 0;  // a multiple of kChannelBlock
  float* to = nullptr;   // [products][product_stride]
  int64_t product_stride = 0;
};

// The loops for one instruction set.
struct GradientKernels {
  std::string_view name;
  void (*add_outer_products)(const OuterProducts&) = nullptr;
  void (*winograd_weights)(const WinogradWeights&) = nullptr;          // G g G'
  void (*winograd_weight_gradient)(const WinogradWeights&) = nullptr;  // G' u G: 36 products to nine taps
  void (*winograd_gradient)(const WinogradGradient&) = nullptr;        // A dY A'
};

// Those that this machine can run, the fastest first.
std::span<const GradientKernels> all_gradient_kernels();

}  // namespace spinenet::kernels
