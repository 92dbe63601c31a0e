// The controller's arithmetic in plain loops: exponentials, products of matrices, and one LSTM layer with its
// gradients. 70 steps of a narrow network are nothing but overhead as tensor operations, and a library of linear
// algebra would start threads for them. Here a batch takes milliseconds on one thread, and every machine gives the same
// bits: exponentials and logarithms are our own, sums have a fixed order.
//
// Matrices lie by rows. Gates stand in LibTorch's order: input, forget, cell, output. For width H, `by_hidden` is the
// matrix of hidden weights with a row of 4 H gates for each hidden value, so that inner loops run along the gates.
//
// Thread contract: pure functions.
// Source: Hochreiter & Schmidhuber, Long Short-Term Memory (1997); Gers et al., Learning to Forget (2000).
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace spinenet::search {

// e^x within 2 units of the last place from -87 to 88, beyond as at these ends; tanh within 2e-7.
float exponential(float x);
float hyperbolic_tangent(float x);
// The natural logarithm, within 1e-7 for x from 0.5 to 2 and within 2.4e-7 of its value elsewhere; x is a normal
// number above 0.
float logarithm(float x);

// [rows, columns] as [columns, rows].
std::vector<float> transposed(std::span<const float> matrix, size_t columns);

// a [n, k] times b [k, m].
std::vector<float> product(std::span<const float> a, std::span<const float> b, size_t k);
// The gradient of b [k, m], when that of the product [n, m] is `gradient`: a transposed times gradient.
std::vector<float> product_gradient(std::span<const float> a, std::span<const float> gradient, size_t k);

// `gates` [4H] comes as what the step's input gives and leaves as the activations; `hidden` and `cell` [H] come as
// those of the step before and leave as this one's.
void lstm_step(std::span<const float> by_hidden, std::span<float> gates, std::span<float> hidden,
               std::span<float> cell);

// Sequences from hidden and cell values of zero.
struct LstmShape {
  size_t steps = 0, samples = 0, hidden = 0;

  size_t row() const { return samples * hidden; }
};

// What the gradient needs again; all by steps, then samples.
struct LstmTrace {
  std::vector<float> gates;   // [T, B, 4H]: comes as what the inputs give, leaves as the activations
  std::vector<float> hidden;  // [T, B, H]
  std::vector<float> cell;    // [T, B, H]
};

void lstm_forward(const LstmShape& shape, std::span<const float> by_hidden, LstmTrace& trace);

struct LstmGradients {
  std::vector<float> gates;           // [T, B, 4H]: of what the inputs gave
  std::vector<float> hidden_weights;  // [H, 4H], as by_hidden
};

// From the gradient of `hidden` [T, B, H].
LstmGradients lstm_backward(const LstmShape& shape, std::span<const float> by_hidden, const LstmTrace& trace,
                            std::span<const float> hidden_gradient);

}  // namespace spinenet::search
