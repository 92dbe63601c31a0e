#include "train/yolo_losses.h"

#include "nn/losses.h"

namespace spinenet::train {
namespace {

torch::Tensor boxes_tensor(const std::vector<float>& corners, torch::Device device) {
  return torch::tensor(corners, torch::kFloat32).reshape({static_cast<int64_t>(corners.size() / 4), 4}).to(device);
}

void append_box(const detect::Box& box, std::vector<float>& corners) {
  corners.insert(corners.end(), {box.x1, box.y1, box.x2, box.y2});
}

torch::Tensor object_boxes_of(const std::vector<data::Target>& targets, torch::Device device) {
  std::vector<float> corners;
  for (const data::Target& target : targets) {
    if (!target.crowd) append_box(target.box, corners);
  }
  return boxes_tensor(corners, device);
}

// The labels of a batch as tensors on the device; `cells`: anchor cells of an image.
nn::YoloTargets yolo_targets_of(const data::Batch& batch, int64_t cells, int64_t classes, torch::Device device) {
  std::vector<int64_t> positives, match_positive, match_label, ignored;
  std::vector<float> match_boxes;
  nn::YoloTargets targets;
  for (size_t i = 0; i < batch.yolo_labels.size(); ++i) {
    const int64_t first = static_cast<int64_t>(i) * cells;
    for (const detect::YoloMatch& match : batch.yolo_labels[i].matches) {
      const int64_t place = first + match.cell;
      if (positives.empty() || positives.back() != place) positives.push_back(place);
      const data::Target& target = batch.targets[i][static_cast<size_t>(match.box)];
      match_positive.push_back(static_cast<int64_t>(positives.size()) - 1);
      match_label.push_back(target.label);
      append_box(target.box, match_boxes);
    }
    for (const int64_t cell : batch.yolo_labels[i].ignored) ignored.push_back(first + cell);
    targets.boxes.push_back(object_boxes_of(batch.targets[i], device));
  }
  targets.positives = torch::tensor(positives, torch::kInt64).to(device);
  targets.match_positive = torch::tensor(match_positive, torch::kInt64).to(device);
  targets.match_boxes = boxes_tensor(match_boxes, device);
  targets.ignored = torch::tensor(ignored, torch::kInt64).to(device);
  torch::Tensor own = torch::zeros({static_cast<int64_t>(positives.size()), classes}, torch::kFloat32);
  for (size_t m = 0; m < match_label.size(); ++m) {
    own.data_ptr<float>()[match_positive[m] * classes + match_label[m]] = 1;
  }
  targets.classes = own.to(device);
  return targets;
}

}  // namespace

BatchLosses yolo_batch_losses(const BatchPass& pass, std::span<const detect::YoloLevel> levels,
                              const nn::YoloLossOptions& options) {
  const torch::Device device = pass.pixels.device();
  const std::vector<torch::Tensor> maps = pass.run(0, pass.pixels);
  const int64_t channels = maps.front().size(1) / static_cast<int64_t>(levels.front().anchors.size());
  const torch::Tensor outputs = nn::flatten_levels(maps, channels);
  const detect::Extent input{static_cast<int>(pass.batch.height), static_cast<int>(pass.batch.width)};
  const nn::YoloTargets targets =
      yolo_targets_of(pass.batch, outputs.size(1), channels - detect::kYoloBoxChannels, device);
  const double normaliser =
      pass.sum(static_cast<double>(targets.positives.size(0)) + static_cast<double>(pass.batch.images));
  const nn::YoloLosses losses =
      nn::yolo_losses(outputs, nn::yolo_cells(levels, input).to(device), targets, normaliser, options);
  return {{{"objectness_loss", losses.objectness},
           {"classification_loss", losses.classification},
           {"box_loss", losses.box}},
          outputs};
}

}  // namespace spinenet::train
