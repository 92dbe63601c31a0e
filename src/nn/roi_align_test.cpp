#include "nn/roi_align.h"

#include <gtest/gtest.h>

#include "base/random.h"

namespace spinenet::nn {
namespace {

constexpr int kMinLevel = 3;

// Three levels of an input of 512 x 256 pixels, two images, three channels.
std::vector<torch::Tensor> pyramid(torch::ScalarType type) {
  torch::manual_seed(1);
  std::vector<torch::Tensor> levels;
  for (const int64_t stride : {8, 16, 32}) levels.push_back(torch::rand({2, 3, 512 / stride, 256 / stride}, type));
  return levels;
}

std::vector<std::vector<detect::Box>> some_rois() {
  Random random(3);
  std::vector<std::vector<detect::Box>> rois(2);
  for (int i = 0; i < 9; ++i) {
    const auto x = static_cast<float>(random.uniform(-20, 200));
    const auto y = static_cast<float>(random.uniform(-20, 400));
    const auto size = static_cast<float>(random.uniform(2, 500));
    rois[i % 3 == 0 ? 0 : 1].push_back({x, y, x + size, y + size * 0.7F});
  }
  return rois;
}

std::vector<detect::FeatureLevel> of_image(const std::vector<torch::Tensor>& levels, int64_t image) {
  std::vector<detect::FeatureLevel> features;
  for (size_t l = 0; l < levels.size(); ++l) {
    const detect::LevelShape shape{kMinLevel + static_cast<int>(l), static_cast<int>(levels[l].size(2)),
                                   static_cast<int>(levels[l].size(3))};
    features.push_back({shape, levels[l].data_ptr<float>() + image * levels[l].stride(0)});
  }
  return features;
}

TEST(TorchRoiAlign, IsThePlainOneForwardAndBackward) {
  std::vector<torch::Tensor> levels = pyramid(torch::kFloat32);
  for (torch::Tensor& level : levels) level.requires_grad_(true);
  const std::vector<std::vector<detect::Box>> rois = some_rois();
  for (const int samples : {0, 2}) {
    const detect::RoiAlignOptions options{.bins = 7, .samples = samples};
    const torch::Tensor out = roi_align(levels, kMinLevel, rois, options);
    ASSERT_EQ(out.sizes(), (std::vector<int64_t>{9, 3, 7, 7}));
    const torch::Tensor gradient = torch::rand_like(out);
    for (torch::Tensor& level : levels) level.mutable_grad() = torch::Tensor();
    out.backward(gradient);
    int64_t row = 0;
    std::vector<torch::Tensor> expected;
    for (const torch::Tensor& level : levels) expected.push_back(torch::zeros_like(level));
    for (int64_t image = 0; image < 2; ++image) {
      const std::vector<detect::Box>& of_one = rois[static_cast<size_t>(image)];
      const auto count = static_cast<int64_t>(of_one.size());
      torch::Tensor plain = torch::empty({count, 3, 7, 7});
      roi_align(of_image(levels, image), of_one, options,
                std::span(plain.data_ptr<float>(), static_cast<size_t>(plain.numel())));
      EXPECT_LT((out.slice(0, row, row + count) - plain).abs().max().item<float>(), 1e-5);
      std::vector<detect::GradientLevel> gradients;
      for (size_t l = 0; l < levels.size(); ++l) {
        gradients.push_back(
            {of_image(levels, image)[l].shape, expected[l].data_ptr<float>() + image * expected[l].stride(0)});
      }
      const torch::Tensor part = gradient.slice(0, row, row + count).contiguous();
      detect::roi_align_backward(std::span(part.data_ptr<float>(), static_cast<size_t>(part.numel())), of_one, options,
                                 gradients);
      row += count;
    }
    for (size_t l = 0; l < levels.size(); ++l) {
      EXPECT_LT((levels[l].grad() - expected[l]).abs().max().item<float>(), 1e-4) << "level " << l;
    }
  }
}

TEST(TorchRoiAlign, TheGradientIsThatOfFiniteDifferences) {
  torch::Tensor level = pyramid(torch::kFloat32)[2].slice(0, 0, 1).clone().requires_grad_(true);
  const std::vector<std::vector<detect::Box>> rois{{{33, 41, 150, 201}}};
  const auto loss = [&](const torch::Tensor& map) { return roi_align({map}, 5, rois, {.bins = 2}).pow(2).sum(); };
  loss(level).backward();
  const torch::NoGradGuard no_grad;
  for (const auto& [row, column] : {std::pair{1, 1}, std::pair{2, 3}, std::pair{4, 2}, std::pair{9, 7}}) {
    constexpr double kStep = 1e-2;
    torch::Tensor up = level.detach().clone();
    torch::Tensor down = level.detach().clone();
    up[0][1][row][column] += kStep;
    down[0][1][row][column] -= kStep;
    const double slope = (loss(up).item<double>() - loss(down).item<double>()) / (2 * kStep);
    EXPECT_NEAR(level.grad()[0][1][row][column].item<double>(), slope, 2e-4) << row << " " << column;
  }
}

TEST(TorchRoiAlign, WithoutRoisTheResultHasNoRowsAndAGradientOfZero) {
  torch::Tensor level = pyramid(torch::kFloat32)[0].clone().requires_grad_(true);
  const std::vector<std::vector<detect::Box>> rois(2);
  const torch::Tensor out = roi_align({level}, kMinLevel, rois, {});
  ASSERT_EQ(out.sizes(), (std::vector<int64_t>{0, 3, 7, 7}));
  out.sum().backward();
  EXPECT_EQ(level.grad().abs().sum().item<float>(), 0);
}

TEST(TorchRoiAlign, ARoiBesideTheMapReadsZero) {
  const std::vector<torch::Tensor> levels = pyramid(torch::kFloat32);
  const std::vector<std::vector<detect::Box>> rois{{{2000, 2000, 2100, 2100}}, {}};
  EXPECT_EQ(roi_align(levels, kMinLevel, rois, {}).abs().max().item<float>(), 0);
}

}  // namespace
}  // namespace spinenet::nn
