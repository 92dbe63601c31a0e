#include "kernels/focal_kernels.h"

#include <cmath>
#include <limits>
#include <vector>

#include <gtest/gtest.h>

#include "base/random.h"

namespace spinenet::kernels {
namespace {

double softplus(double x) {
  return std::max(x, 0.0) + std::log1p(std::exp(-std::fabs(x)));
}

// From the definition.
double loss_at(const FocalLoss& loss, double x) {
  const double p = 1 / (1 + std::exp(-x));
  return static_cast<double>(loss.weight) * std::pow(p, static_cast<double>(loss.gamma)) * softplus(x);
}

double slope_at(const FocalLoss& loss, double x) {
  const double step = 1e-5;
  return (loss_at(loss, x + step) - loss_at(loss, x - step)) / (2 * step);
}

std::vector<float> logits(int64_t count) {
  Random random(static_cast<uint64_t>(count) + 1);
  std::vector<float> x;
  for (int64_t i = 0; i < count; ++i) x.push_back(static_cast<float>(random.uniform(-12, 12)));
  return x;
}

TEST(FocalKernels, GiveLossAndSlopeOfTheDefinition) {
  for (const FocalKernels& kernels : all_focal_kernels()) {
    SCOPED_TRACE(kernels.name);
    for (const FocalLoss loss : {FocalLoss{0.75F, 1.5F}, FocalLoss{0.5F, 2.0F}, FocalLoss{1.0F, 0.0F}}) {
      SCOPED_TRACE(loss.gamma);
      for (const int64_t count : {0, 1, 7, 8, 31, 500, 4099}) {
        const std::vector<float> x = logits(count);
        std::vector<float> slopes(x.size(), 9.0F);
        double expected = 0;
        const double found = kernels.loss_and_slopes(loss, x.data(), count, slopes.data());
        for (size_t i = 0; i < x.size(); ++i) {
          const double at = static_cast<double>(x[i]);
          expected += loss_at(loss, at);
          EXPECT_NEAR(slopes[i], slope_at(loss, at), 2e-6) << at;
        }
        EXPECT_NEAR(found, expected, 1e-6 * expected);
      }
    }
  }
}

// Of nearly all logits the loss is tiny, and they are many.
TEST(FocalKernels, KeepTheDigitsOfTinyLosses) {
  const FocalLoss loss;
  for (const FocalKernels& kernels : all_focal_kernels()) {
    SCOPED_TRACE(kernels.name);
    for (const float x : {-4.6F, -9.0F, -16.0F, -25.0F}) {
      const std::vector<float> same(1000, x);
      std::vector<float> slopes(same.size());
      const double expected = 1000 * loss_at(loss, static_cast<double>(x));
      EXPECT_NEAR(kernels.loss_and_slopes(loss, same.data(), 1000, slopes.data()), expected, 3e-6 * expected) << x;
    }
  }
}

TEST(FocalKernels, AreFiniteFarOutAndHideNothing) {
  const FocalLoss loss;
  for (const FocalKernels& kernels : all_focal_kernels()) {
    SCOPED_TRACE(kernels.name);
    std::vector<float> far{1e4F, -1e4F, 3e38F, -3e38F, 88.0F, -88.0F, 104.0F, -104.0F, 0.0F};
    std::vector<float> slopes(far.size());
    for (size_t i = 0; i < far.size(); ++i) {
      const double sum = kernels.loss_and_slopes(loss, &far[i], 1, &slopes[i]);
      const bool right = far[i] > 0;
      EXPECT_NEAR(sum, right ? static_cast<double>(0.75F * far[i]) : loss_at(loss, static_cast<double>(far[i])),
                  right ? 1e-6 * sum : 1e-6)
          << far[i];
      EXPECT_NEAR(slopes[i], right ? 0.75F : static_cast<float>(slope_at(loss, static_cast<double>(far[i]))), 1e-5F)
          << far[i];
    }
    for (size_t at = 0; at < 19; ++at) {
      std::vector<float> x(19, 0.5F);
      x[at] = std::numeric_limits<float>::quiet_NaN();
      std::vector<float> own(x.size());
      EXPECT_TRUE(std::isnan(kernels.loss_and_slopes(loss, x.data(), 19, own.data())));
      EXPECT_TRUE(std::isnan(own[at]));
    }
  }
}

}  // namespace
}  // namespace spinenet::kernels
