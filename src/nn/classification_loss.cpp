#include "nn/classification_loss.h"

#include <algorithm>
#include <cmath>

#include "base/random.h"

namespace spinenet::nn {
namespace {

// Of the Beta distribution with both parameters `a`, after Jöhnk (1964).
double draw_beta(double a, Random& random) {
  for (;;) {
    const double x = std::pow(random.uniform(), 1 / a);
    const double y = std::pow(random.uniform(), 1 / a);
    if (x + y > 0 && x + y <= 1) return x / (x + y);
  }
}

}  // namespace

Mixing draw_mixing(int64_t images, int64_t first, double mixup, uint64_t seed) {
  const Random random(seed);
  Mixing mixing{torch::arange(images, torch::kInt64), torch::ones({images})};
  auto* partner = mixing.partner.data_ptr<int64_t>();
  auto* factor = mixing.factor.data_ptr<float>();
  for (int64_t i = 0; i + 1 < images; i += 2) {
    Random draw = random.fork(static_cast<uint64_t>((first + i) / 2));
    const double share = draw_beta(mixup, draw);
    std::swap(partner[i], partner[i + 1]);
    factor[i] = factor[i + 1] = static_cast<float>(std::max(share, 1 - share));
  }
  return mixing;
}

torch::Tensor mix(const torch::Tensor& x, const Mixing& mixing) {
  std::vector<int64_t> shape(static_cast<size_t>(x.dim()), 1);
  shape.front() = x.size(0);
  const torch::Tensor factor = mixing.factor.to(x.device()).view(shape);
  return x * factor + x.index_select(0, mixing.partner.to(x.device())) * (1 - factor);
}

torch::Tensor soft_targets(const std::vector<int>& labels, int64_t classes, double label_smoothing) {
  const auto images = static_cast<int64_t>(labels.size());
  torch::Tensor targets = torch::full({images, classes}, label_smoothing / static_cast<double>(classes));
  for (int64_t i = 0; i < images; ++i) {
    targets.data_ptr<float>()[i * classes + labels[static_cast<size_t>(i)]] += static_cast<float>(1 - label_smoothing);
  }
  return targets;
}

torch::Tensor soft_cross_entropy(const torch::Tensor& logits, const torch::Tensor& targets, double images) {
  return -(at::log_softmax(logits, 1) * targets).sum() / images;
}

}  // namespace spinenet::nn
