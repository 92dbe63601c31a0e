#include "search/algorithms/controller_loops.h"

#include <algorithm>
#include <bit>
#include <cstdint>

namespace spinenet::search {
namespace {

// Without a branch, so that loops over it become vector code: x = n ln 2 + r with |r| <= ln 2 / 2, the Taylor series
// for e^r, n into the exponent.
inline float exponential_of(float x) {
  constexpr float kRound = 12582912;  // 1.5 * 2^23: adding it leaves the nearest integer in the low bits
  x = std::max(-87.0f, std::min(88.0f, x));
  const float shifted = x * 1.44269504f + kRound;
  const float n = shifted - kRound;
  const float r = x - n * 0.693359375f + n * 2.12194440e-4f;  // ln 2 in two parts, the first exact in few bits
  float p = 1.0f / 5040;
  p = p * r + 1.0f / 720;
  p = p * r + 1.0f / 120;
  p = p * r + 1.0f / 24;
  p = p * r + 1.0f / 6;
  p = p * r + 0.5f;
  p = p * r + 1.0f;
  p = p * r + 1.0f;
  const uint32_t exponent = (std::bit_cast<uint32_t>(shifted) - std::bit_cast<uint32_t>(kRound) + 127) << 23;
  return p * std::bit_cast<float>(exponent);
}

inline float sigmoid(float x) {
  return 1 / (1 + exponential_of(-x));
}

inline float tanh_of(float x) {
  return 1 - 2 / (exponential_of(2 * x) + 1);
}

// sums += factors * matrix, four rows at a time, so that a sum is loaded and stored once for four products.
inline void add_product(const float* factors, size_t rows, const float* matrix, float* sums, size_t columns) {
  size_t r = 0;
  for (; r + 4 <= rows; r += 4) {
    const float f0 = factors[r], f1 = factors[r + 1], f2 = factors[r + 2], f3 = factors[r + 3];
    const float *m0 = matrix + r * columns, *m1 = m0 + columns, *m2 = m1 + columns, *m3 = m2 + columns;
    for (size_t c = 0; c < columns; ++c) sums[c] += (f0 * m0[c] + f1 * m1[c]) + (f2 * m2[c] + f3 * m3[c]);
  }
  for (; r < rows; ++r) {
    for (size_t c = 0; c < columns; ++c) sums[c] += factors[r] * matrix[r * columns + c];
  }
}

// matrix += factors * row.
inline void add_outer(const float* factors, size_t rows, const float* row, size_t columns, float* matrix) {
  for (size_t r = 0; r < rows; ++r) {
    const float factor = factors[r];
    float* sums = matrix + r * columns;
    for (size_t c = 0; c < columns; ++c) sums[c] += factor * row[c];
  }
}

// A sample's state before a step, and what the step makes of it; `gates` come with what the inputs give.
struct StateBefore {
  const float *hidden, *cell;
};
struct StateAfter {
  float *gates, *hidden, *cell;
};

void step(size_t width, const float* by_hidden, const StateBefore& before, const StateAfter& after) {
  float *gates = after.gates, *hidden = after.hidden, *cell = after.cell;
  add_product(before.hidden, width, by_hidden, gates, 4 * width);
  for (size_t i = 0; i < 2 * width; ++i) gates[i] = sigmoid(gates[i]);
  for (size_t i = 2 * width; i < 3 * width; ++i) gates[i] = tanh_of(gates[i]);
  for (size_t i = 3 * width; i < 4 * width; ++i) gates[i] = sigmoid(gates[i]);
  const float *input = gates, *forget = gates + width, *candidate = gates + 2 * width, *output = gates + 3 * width;
  for (size_t i = 0; i < width; ++i) {
    cell[i] = forget[i] * before.cell[i] + input[i] * candidate[i];
    hidden[i] = output[i] * tanh_of(cell[i]);
  }
}

// What a step left, and the gradients behind it: of hidden and cell as given, the cell's then that before the step.
struct StepTrace {
  const float *gates, *cell, *cell_before;
};
struct StepGradients {
  const float* hidden;
  float *cell, *gates;
};

// From the gradients of hidden and cell: that of the gates before their activation, and of the cell before the step.
void step_back(size_t width, const StepTrace& trace, const StepGradients& gradients) {
  const float *gates = trace.gates, *cell = trace.cell, *hidden_gradient = gradients.hidden;
  float *cell_gradient = gradients.cell, *gate_gradient = gradients.gates;
  const float *input = gates, *forget = gates + width, *candidate = gates + 2 * width, *output = gates + 3 * width;
  for (size_t i = 0; i < width; ++i) {
    const float squashed = tanh_of(cell[i]);
    const float of_cell = cell_gradient[i] + hidden_gradient[i] * output[i] * (1 - squashed * squashed);
    gate_gradient[i] = of_cell * candidate[i] * input[i] * (1 - input[i]);
    gate_gradient[width + i] = of_cell * trace.cell_before[i] * forget[i] * (1 - forget[i]);
    gate_gradient[2 * width + i] = of_cell * input[i] * (1 - candidate[i] * candidate[i]);
    gate_gradient[3 * width + i] = hidden_gradient[i] * squashed * output[i] * (1 - output[i]);
    cell_gradient[i] = of_cell * forget[i];
  }
}

}  // namespace

float exponential(float x) {
  return exponential_of(x);
}

float hyperbolic_tangent(float x) {
  return tanh_of(x);
}

// x = 2^n m with m from sqrt(1/2) to sqrt(2): log m = 2 artanh s for s = (m - 1) / (m + 1), by its series.
float logarithm(float x) {
  constexpr uint32_t kRootOfHalf = 0x3f3504f3;
  const uint32_t bits = std::bit_cast<uint32_t>(x);
  const int32_t exponent = static_cast<int32_t>(bits - kRootOfHalf) >> 23;
  const float m = std::bit_cast<float>(bits - (static_cast<uint32_t>(exponent) << 23));
  const float s = (m - 1) / (m + 1), square = s * s;
  float p = 1.0f / 9;
  p = p * square + 1.0f / 7;
  p = p * square + 1.0f / 5;
  p = p * square + 1.0f / 3;
  const auto n = static_cast<float>(exponent);
  return n * 0.693359375f + (2 * s + (2 * s * square * p - n * 2.12194440e-4f));  // ln 2 in two parts, as above
}

std::vector<float> transposed(std::span<const float> matrix, size_t columns) {
  const size_t rows = matrix.size() / columns;
  std::vector<float> result(matrix.size());
  for (size_t r = 0; r < rows; ++r) {
    for (size_t c = 0; c < columns; ++c) result[c * rows + r] = matrix[r * columns + c];
  }
  return result;
}

std::vector<float> product(std::span<const float> a, std::span<const float> b, size_t k) {
  const size_t rows = a.size() / k, columns = b.size() / k;
  std::vector<float> result(rows * columns, 0.0f);
  for (size_t i = 0; i < rows; ++i) add_product(&a[i * k], k, b.data(), &result[i * columns], columns);
  return result;
}

std::vector<float> product_gradient(std::span<const float> a, std::span<const float> gradient, size_t k) {
  const size_t rows = a.size() / k, columns = gradient.size() / rows;
  std::vector<float> result(k * columns, 0.0f);
  for (size_t i = 0; i < rows; ++i) add_outer(&a[i * k], k, &gradient[i * columns], columns, result.data());
  return result;
}

void lstm_step(std::span<const float> by_hidden, std::span<float> gates, std::span<float> hidden,
               std::span<float> cell) {
  step(hidden.size(), by_hidden.data(), {hidden.data(), cell.data()}, {gates.data(), hidden.data(), cell.data()});
}

void lstm_forward(const LstmShape& shape, std::span<const float> by_hidden, LstmTrace& trace) {
  const size_t width = shape.hidden, row = shape.row();
  trace.hidden.resize(shape.steps * row);
  trace.cell.resize(shape.steps * row);
  const std::vector<float> zeros(row, 0.0f);
  for (size_t t = 0; t < shape.steps; ++t) {
    const float* hidden_before = t == 0 ? zeros.data() : &trace.hidden[(t - 1) * row];
    const float* cell_before = t == 0 ? zeros.data() : &trace.cell[(t - 1) * row];
    for (size_t at = 0; at < row; at += width) {
      const StateAfter after{&trace.gates[4 * (t * row + at)], &trace.hidden[t * row + at], &trace.cell[t * row + at]};
      step(width, by_hidden.data(), {hidden_before + at, cell_before + at}, after);
    }
  }
}

LstmGradients lstm_backward(const LstmShape& shape, std::span<const float> by_hidden, const LstmTrace& trace,
                            std::span<const float> hidden_gradient) {
  const size_t width = shape.hidden, row = shape.row();
  LstmGradients gradients{std::vector<float>(trace.gates.size()), std::vector<float>(by_hidden.size(), 0.0f)};
  const std::vector<float> by_gate = transposed(by_hidden, 4 * width);  // [4H, H]
  const std::vector<float> zeros(row, 0.0f);
  std::vector<float> of_hidden(row, 0.0f), of_cell(row, 0.0f);
  for (size_t t = shape.steps; t-- > 0;) {
    const float* cell_before = t == 0 ? zeros.data() : &trace.cell[(t - 1) * row];
    for (size_t i = 0; i < row; ++i) of_hidden[i] += hidden_gradient[t * row + i];
    for (size_t at = 0; at < row; at += width) {
      float* gates = &gradients.gates[4 * (t * row + at)];
      const StepTrace seen{&trace.gates[4 * (t * row + at)], &trace.cell[t * row + at], cell_before + at};
      step_back(width, seen, {&of_hidden[at], &of_cell[at], gates});
      std::fill_n(&of_hidden[at], width, 0.0f);
      add_product(gates, 4 * width, by_gate.data(), &of_hidden[at], width);
      if (t == 0) continue;
      add_outer(&trace.hidden[(t - 1) * row + at], width, gates, 4 * width, gradients.hidden_weights.data());
    }
  }
  return gradients;
}

}  // namespace spinenet::search
