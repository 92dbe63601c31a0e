#include "search/algorithms/controller_loops.h"

#include <array>
#include <cmath>

#include <gtest/gtest.h>

#include "base/random.h"

namespace spinenet::search {
namespace {

TEST(Exponential, IsAccurate) {
  for (double x = -86.9; x < 87.9; x += 0.0137) {
    const auto argument = static_cast<float>(x);
    EXPECT_NEAR(exponential(argument) / std::exp(static_cast<double>(argument)), 1, 2.4e-7) << x;
  }
  EXPECT_EQ(exponential(0), 1);
  EXPECT_EQ(exponential(-1000), exponential(-87));
  EXPECT_TRUE(std::isfinite(exponential(1000)));
}

TEST(HyperbolicTangent, IsAccurate) {
  for (double x = -20; x < 20; x += 0.0101)
    EXPECT_NEAR(hyperbolic_tangent(static_cast<float>(x)), std::tanh(x), 2.5e-7);
  EXPECT_EQ(hyperbolic_tangent(0), 0);
  EXPECT_EQ(hyperbolic_tangent(1000), 1);
  EXPECT_EQ(hyperbolic_tangent(-1000), -1);
}

TEST(Logarithm, IsAccurate) {
  for (double exponent = -37.9; exponent < 38.5; exponent += 0.00137) {
    const auto x = static_cast<float>(std::pow(10, exponent));
    const double expected = std::log(static_cast<double>(x));
    EXPECT_NEAR(logarithm(x), expected, 2.4e-7 * std::abs(expected)) << x;
  }
  for (float x = 0.5f; x < 2; x += 0.000123f) EXPECT_NEAR(logarithm(x), std::log(static_cast<double>(x)), 1e-7) << x;
  EXPECT_EQ(logarithm(1), 0);
}

TEST(Product, AgreesWithTheDefinition) {
  Random random(1);
  for (const auto& [n, k, m] : {std::array<size_t, 3>{1, 1, 1}, {3, 5, 2}, {2, 4, 7}, {6, 11, 3}}) {
    std::vector<float> a(n * k), b(k * m), g(n * m);
    for (std::vector<float>* values : {&a, &b, &g}) {
      for (float& x : *values) x = static_cast<float>(random.normal());
    }
    const std::vector<float> found = product(a, b, k), gradient = product_gradient(a, g, k);
    ASSERT_EQ(found.size(), n * m);
    ASSERT_EQ(gradient.size(), k * m);
    for (size_t j = 0; j < m; ++j) {
      for (size_t i = 0; i < n; ++i) {
        double sum = 0;
        for (size_t l = 0; l < k; ++l) sum += static_cast<double>(a[i * k + l]) * b[l * m + j];
        EXPECT_NEAR(found[i * m + j], sum, 1e-5);
      }
      for (size_t l = 0; l < k; ++l) {
        double sum = 0;
        for (size_t i = 0; i < n; ++i) sum += static_cast<double>(a[i * k + l]) * g[i * m + j];
        EXPECT_NEAR(gradient[l * m + j], sum, 1e-5);
      }
    }
  }
}

TEST(Transposed, ExchangesRowsAndColumns) {
  EXPECT_EQ(transposed(std::vector<float>{1, 2, 3, 4, 5, 6}, 3), (std::vector<float>{1, 4, 2, 5, 3, 6}));
}

struct LoopCase {
  LstmShape shape;
  std::vector<float> gates, by_hidden, weights_of_output;
};

LoopCase make_case(const LstmShape& shape) {
  Random random(shape.hidden);
  LoopCase c{shape, {}, {}, {}};
  for (size_t i = 0; i < 4 * shape.steps * shape.row(); ++i) c.gates.push_back(static_cast<float>(random.normal()));
  for (size_t i = 0; i < 4 * shape.hidden * shape.hidden; ++i) {
    c.by_hidden.push_back(static_cast<float>(0.5 * random.normal()));
  }
  for (size_t i = 0; i < shape.steps * shape.row(); ++i) {
    c.weights_of_output.push_back(static_cast<float>(random.normal()));
  }
  return c;
}

// The recurrence as the papers write it, in double precision: hidden values [T, B, H].
std::vector<double> plain_lstm(const LstmShape& shape, std::span<const double> gates,
                               std::span<const double> by_hidden) {
  const size_t width = shape.hidden;
  std::vector<double> hidden(shape.steps * shape.row()), cell(shape.row(), 0.0);
  const auto sigmoid = [](double x) { return 1 / (1 + std::exp(-x)); };
  for (size_t t = 0; t < shape.steps; ++t) {
    for (size_t b = 0; b < shape.samples; ++b) {
      std::vector<double> sums(gates.begin() + static_cast<std::ptrdiff_t>(4 * (t * shape.row() + b * width)),
                               gates.begin() + static_cast<std::ptrdiff_t>(4 * (t * shape.row() + (b + 1) * width)));
      for (size_t g = 0; t > 0 && g < 4 * width; ++g) {
        for (size_t h = 0; h < width; ++h) {
          sums[g] += by_hidden[h * 4 * width + g] * hidden[(t - 1) * shape.row() + b * width + h];
        }
      }
      for (size_t h = 0; h < width; ++h) {
        double& c = cell[b * width + h];
        c = sigmoid(sums[width + h]) * c + sigmoid(sums[h]) * std::tanh(sums[2 * width + h]);
        hidden[t * shape.row() + b * width + h] = sigmoid(sums[3 * width + h]) * std::tanh(c);
      }
    }
  }
  return hidden;
}

std::vector<double> doubles(std::span<const float> values) {
  return {values.begin(), values.end()};
}

class Lstm : public testing::TestWithParam<LstmShape> {};

TEST_P(Lstm, AgreesWithThePlainRecurrence) {
  const LoopCase c = make_case(GetParam());
  LstmTrace trace{c.gates, {}, {}};
  lstm_forward(c.shape, c.by_hidden, trace);
  const std::vector<double> expected = plain_lstm(c.shape, doubles(c.gates), doubles(c.by_hidden));
  ASSERT_EQ(trace.hidden.size(), expected.size());
  for (size_t i = 0; i < expected.size(); ++i) EXPECT_NEAR(trace.hidden[i], expected[i], 3e-6);
}

TEST_P(Lstm, StepsAsTheSequenceDoes) {
  const LoopCase c = make_case(GetParam());
  LstmTrace trace{c.gates, {}, {}};
  lstm_forward(c.shape, c.by_hidden, trace);
  for (size_t b = 0; b < c.shape.samples; ++b) {
    std::vector<float> hidden(c.shape.hidden, 0.0f), cell(c.shape.hidden, 0.0f);
    for (size_t t = 0; t < c.shape.steps; ++t) {
      const size_t at = t * c.shape.row() + b * c.shape.hidden;
      std::vector<float> gates(&c.gates[4 * at], &c.gates[4 * at] + 4 * c.shape.hidden);
      lstm_step(c.by_hidden, gates, hidden, cell);
      for (size_t h = 0; h < c.shape.hidden; ++h) EXPECT_EQ(hidden[h], trace.hidden[at + h]);
    }
  }
}

// A weighted sum of all hidden values, differentiated by central differences in double precision.
TEST_P(Lstm, HasTheGradientOfThePlainRecurrence) {
  const LoopCase c = make_case(GetParam());
  LstmTrace trace{c.gates, {}, {}};
  lstm_forward(c.shape, c.by_hidden, trace);
  const LstmGradients gradients = lstm_backward(c.shape, c.by_hidden, trace, c.weights_of_output);
  std::vector<double> gates = doubles(c.gates), by_hidden = doubles(c.by_hidden);
  const auto value = [&] {
    const std::vector<double> hidden = plain_lstm(c.shape, gates, by_hidden);
    double sum = 0;
    for (size_t i = 0; i < hidden.size(); ++i) sum += hidden[i] * c.weights_of_output[i];
    return sum;
  };
  const auto slope = [&](double& x) {
    constexpr double kStep = 1e-5;
    const double before = x;
    x = before + kStep;
    const double above = value();
    x = before - kStep;
    const double below = value();
    x = before;
    return (above - below) / (2 * kStep);
  };
  for (size_t i = 0; i < gates.size(); i += 3) EXPECT_NEAR(gradients.gates[i], slope(gates[i]), 2e-5) << i;
  for (size_t i = 0; i < by_hidden.size(); ++i)
    EXPECT_NEAR(gradients.hidden_weights[i], slope(by_hidden[i]), 5e-5) << i;
}

INSTANTIATE_TEST_SUITE_P(Shapes, Lstm,
                         testing::Values(LstmShape{1, 1, 1}, LstmShape{5, 3, 4}, LstmShape{7, 2, 6},
                                         LstmShape{3, 4, 9}));

}  // namespace
}  // namespace spinenet::search
