#include "nn/roi_align.h"

namespace spinenet::nn {
namespace {

// All cells of all levels and images as rows, [level, image, row, column] by [C].
torch::Tensor rows_of(const std::vector<torch::Tensor>& pyramid) {
  std::vector<torch::Tensor> rows;
  for (const torch::Tensor& level : pyramid) rows.push_back(level.permute({0, 2, 3, 1}).flatten(0, 2));
  return torch::cat(rows);
}

struct Bags {
  std::vector<int64_t> ends{0}, rows;
  std::vector<float> weights;

  void add(const detect::RoiBins& bins, int64_t first_row) {
    const int64_t before = ends.back();
    for (const int64_t end : bins.ends) ends.push_back(before + end);
    for (const int64_t cell : bins.cells) rows.push_back(first_row + cell);
    weights.insert(weights.end(), bins.weights.begin(), bins.weights.end());
  }
};

Bags fill_bags(const std::vector<torch::Tensor>& pyramid, int min_level, std::span<const std::vector<detect::Box>> rois,
               const detect::RoiAlignOptions& options) {
  std::vector<int64_t> first_rows;  // of each level
  int64_t rows = 0;
  for (const torch::Tensor& level : pyramid) {
    first_rows.push_back(rows);
    rows += level.size(0) * level.size(2) * level.size(3);
  }
  Bags bags;
  for (size_t image = 0; image < rois.size(); ++image) {
    for (const detect::Box& roi : rois[image]) {
      const int level = detect::roi_level(roi, min_level, min_level + static_cast<int>(pyramid.size()) - 1);
      const auto at = static_cast<size_t>(level - min_level);
      const detect::LevelShape shape{level, static_cast<int>(pyramid[at].size(2)),
                                     static_cast<int>(pyramid[at].size(3))};
      const int64_t cells = int64_t{shape.height} * shape.width;
      bags.add(detect::roi_bins(roi, shape, options), first_rows[at] + static_cast<int64_t>(image) * cells);
    }
  }
  return bags;
}

template <class T>
torch::Tensor on_device(std::vector<T>& values, torch::ScalarType type, torch::Device device) {
  return torch::from_blob(values.data(), {static_cast<int64_t>(values.size())}, type).clone().to(device);
}

}  // namespace

torch::Tensor roi_align(const std::vector<torch::Tensor>& pyramid, int min_level,
                        std::span<const std::vector<detect::Box>> rois, const detect::RoiAlignOptions& options) {
  const torch::Tensor rows = rows_of(pyramid);
  const torch::Device device = rows.device();
  Bags bags = fill_bags(pyramid, min_level, rois, options);
  constexpr int64_t kSum = 0;
  const torch::Tensor bins = std::get<0>(
      at::embedding_bag(rows, on_device(bags.rows, torch::kInt64, device), on_device(bags.ends, torch::kInt64, device),
                        false, kSum, false, on_device(bags.weights, torch::kFloat32, device), true));
  return bins.view({-1, options.bins * options.bins, rows.size(1)})
      .transpose(1, 2)
      .reshape({-1, rows.size(1), options.bins, options.bins});
}

}  // namespace spinenet::nn
