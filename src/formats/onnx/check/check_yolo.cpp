#include "formats/onnx/check/check_yolo.h"

#include <cmath>

#include "base/format.h"
#include "base/random.h"

namespace spinenet::formats {
namespace {

int64_t channels_of(const YoloHeadOptions& options) {
  return detect::kYoloBoxChannels + options.classes;
}

float sigmoid_of(float x) {
  return 1.0F / (1.0F + std::exp(-x));
}

// Appends the boxes and scores of one level of one image.
class LevelBoxes {
 public:
  LevelBoxes(const YoloHeadOptions& options, const detect::YoloLevel& level, const float* values)
      : options_(options), level_(level), values_(values) {}

  void append(std::vector<float>& boxes, std::vector<float>& scores) const {
    for (int row = 0; row < height(); ++row) {
      for (int column = 0; column < width(); ++column) {
        for (int anchor = 0; anchor < static_cast<int>(level_.anchors.size()); ++anchor) {
          append({row, column, anchor}, boxes, scores);
        }
      }
    }
  }

 private:
  int height() const { return options_.height / level_.stride; }
  int width() const { return options_.width / level_.stride; }

  float at(const detect::YoloCell& cell, int64_t channel) const {
    const int64_t plane = cell.anchor * channels_of(options_) + channel;
    return values_[(plane * height() + cell.row) * width() + cell.column];
  }

  void append(const detect::YoloCell& cell, std::vector<float>& boxes, std::vector<float>& scores) const {
    const std::array<float, 4> code{at(cell, 0), at(cell, 1), at(cell, 2), at(cell, 3)};
    const detect::Box box = detect::decode_yolo(code, level_, cell);
    boxes.insert(boxes.end(), {box.x1, box.y1, box.x2, box.y2});
    const float object = sigmoid_of(at(cell, 4));
    for (int label = 0; label < options_.classes; ++label) {
      scores.push_back(object * sigmoid_of(at(cell, detect::kYoloBoxChannels + label)));
    }
  }

  const YoloHeadOptions& options_;
  const detect::YoloLevel& level_;
  const float* values_;
};

}  // namespace

std::vector<std::string> yolo_names(const YoloHeadOptions& options) {
  std::vector<std::string> names;
  for (size_t i = 0; i < options.levels.size(); ++i) {
    names.push_back(fmt::format("yolo.p{}", options.min_level + static_cast<int>(i)));
  }
  return names;
}

Heads made_up_yolo(const YoloHeadOptions& options, uint64_t seed) {
  Heads heads;
  Random random(seed);
  const std::vector<std::string> names = yolo_names(options);
  for (size_t i = 0; i < options.levels.size(); ++i) {
    const detect::YoloLevel& level = options.levels[i];
    HostTensor values = make_tensor({options.batch, static_cast<int64_t>(level.anchors.size()) * channels_of(options),
                                     options.height / level.stride, options.width / level.stride});
    for (float& x : values.data) x = static_cast<float>(random.normal());
    heads.values[names[i]] = {OnnxType::f32, values.shape, values.data, {}};
  }
  return heads;
}

AllBoxes all_boxes(const Heads& heads, const YoloHeadOptions& options) {
  const std::vector<std::string> names = yolo_names(options);
  AllBoxes all;
  for (int64_t image = 0; image < options.batch; ++image) {
    for (size_t i = 0; i < options.levels.size(); ++i) {
      const OnnxTensor& values = heads.values.at(names[i]);
      const float* const of_image = values.floats.data() + image * values.shape[1] * values.shape[2] * values.shape[3];
      LevelBoxes(options, options.levels[i], of_image).append(all.boxes.data, all.scores.data);
    }
  }
  const int64_t anchors = static_cast<int64_t>(all.boxes.data.size()) / (4 * options.batch);
  all.boxes.shape = {options.batch, anchors, 4};
  all.scores.shape = {options.batch, anchors, options.classes};
  return all;
}

}  // namespace spinenet::formats
