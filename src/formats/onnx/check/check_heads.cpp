#include "formats/onnx/check/check_heads.h"

#include <algorithm>
#include <cmath>

#include "base/format.h"
#include "base/random.h"
#include "detect/box_coder.h"

namespace spinenet::formats {
namespace {

// Background logits lie this far below the threshold.
constexpr double kGap = 3;
// Cells of each level, about, in which boxes pass: so many that candidates are cut off, and so few that all are shown.
constexpr int kManyCells = 12, kFewCells = 1;

double logit(double probability) {
  const double p = std::clamp(probability, 0.005, 0.995);
  return std::log(p / (1 - p));
}

std::string level_name(std::string_view kind, int level) {
  return fmt::format("{}.p{}", kind, level);
}

// One image, one level.
class LevelFiller {
 public:
  LevelFiller(const HeadOptions& options, int level, int hot_cells, Random& random)
      : options_(options),
        random_(random),
        hot_cells_(hot_cells),
        per_cell_(detect::anchors_per_cell(options.anchors)),
        cells_(int64_t{options.height / detect::stride_of(options.anchors, level)} *
               (options.width / detect::stride_of(options.anchors, level))),
        threshold_(logit(options.post.score_threshold)) {}

  void fill(float* classes, float* boxes) {
    for (int64_t i = 0; i < cells_ * per_cell_ * options_.classes; ++i) {
      classes[i] = static_cast<float>(threshold_ - kGap - random_.uniform());
    }
    for (int64_t i = 0; i < cells_ * per_cell_ * 4; ++i) boxes[i] = static_cast<float>(0.2 * random_.normal());
    for (int64_t cell = 0; cell < cells_; ++cell) {
      if (random_.below(cells_) < hot_cells_) heat(classes, cell);
    }
  }

 private:
  // Quarters of a logit: equal ones are common.
  void heat(float* classes, int64_t cell) {
    for (int64_t shape = 0; shape < per_cell_; ++shape) {
      for (int choice = 0; choice < 2; ++choice) {
        if (random_.chance(0.3)) continue;
        const int64_t label = choice == 0 ? 0 : random_.below(options_.classes);
        const double step = 0.25 * static_cast<double>(1 + random_.below(12));
        classes[(shape * options_.classes + label) * cells_ + cell] = static_cast<float>(threshold_ + step);
      }
    }
  }

  const HeadOptions& options_;
  Random& random_;
  int hot_cells_;
  int64_t per_cell_, cells_;
  double threshold_;
};

std::vector<detect::Box> anchors_of(const HeadOptions& options) {
  return detect::make_anchors(options.anchors, options.height, options.width);
}

std::vector<detect::LevelOutput> levels_of(const Heads& heads, const HeadOptions& options, int64_t image) {
  std::vector<detect::LevelOutput> levels;
  for (int level = options.anchors.min_level; level <= options.anchors.max_level; ++level) {
    const OnnxTensor& classes = heads.values.at(level_name("class", level));
    const OnnxTensor& boxes = heads.values.at(level_name("box", level));
    const auto of_image = [&](const OnnxTensor& x) {
      return x.floats.data() + image * x.shape[1] * x.shape[2] * x.shape[3];
    };
    const int stride = detect::stride_of(options.anchors, level);
    levels.push_back({of_image(classes), of_image(boxes), options.height / stride, options.width / stride});
  }
  return levels;
}

bool is_clear(const Heads& heads, const HeadOptions& options) {
  constexpr float kMargin = 1e-5F;
  const auto found = [&](float change, int64_t image) {
    HeadOptions changed = options;
    changed.post.iou *= 1 + change;
    return detections_of(heads, changed, image);
  };
  const auto same = [](const detect::Detection& a, const detect::Detection& b) {
    return a.box == b.box && a.label == b.label;
  };
  for (int64_t image = 0; image < options.batch; ++image) {
    const std::vector<detect::Detection> less = found(-kMargin, image), more = found(kMargin, image);
    if (!std::equal(less.begin(), less.end(), more.begin(), more.end(), same)) return false;
  }
  return true;
}

}  // namespace

std::vector<std::string> raw_names(const detect::AnchorOptions& anchors) {
  std::vector<std::string> names;
  for (const std::string_view kind : {"class", "box"}) {
    for (int level = anchors.min_level; level <= anchors.max_level; ++level) names.push_back(level_name(kind, level));
  }
  return names;
}

Heads made_up_heads(const HeadOptions& options, uint64_t seed) {
  Heads heads;
  Random random(seed);
  const int64_t per_cell = detect::anchors_per_cell(options.anchors);
  for (int level = options.anchors.min_level; level <= options.anchors.max_level; ++level) {
    const int stride = detect::stride_of(options.anchors, level);
    const int64_t height = options.height / stride, width = options.width / stride;
    const HostTensor classes = make_tensor({options.batch, per_cell * options.classes, height, width});
    const HostTensor boxes = make_tensor({options.batch, per_cell * 4, height, width});
    OnnxTensor& class_values = heads.values[level_name("class", level)];
    OnnxTensor& box_values = heads.values[level_name("box", level)];
    class_values = {OnnxType::f32, classes.shape, classes.data, {}};
    box_values = {OnnxType::f32, boxes.shape, boxes.data, {}};
    for (int64_t image = 0; image < options.batch; ++image) {
      const bool many = (image + options.batch) % 2 == 0;
      LevelFiller filler(options, level, many ? kManyCells : kFewCells, random);
      filler.fill(class_values.floats.data() + image * per_cell * options.classes * height * width,
                  box_values.floats.data() + image * per_cell * 4 * height * width);
    }
  }
  return heads;
}

Heads clear_heads(const HeadOptions& options) {
  constexpr uint64_t kTries = 50;
  Heads heads;
  for (uint64_t seed = 1; seed <= kTries; ++seed) {
    heads = made_up_heads(options, seed);
    if (is_clear(heads, options)) break;
  }
  return heads;
}

std::vector<detect::Detection> detections_of(const Heads& heads, const HeadOptions& options, int64_t image) {
  return detect::postprocess(levels_of(heads, options, image), anchors_of(options), options.classes, options.post);
}

AllBoxes all_boxes(const Heads& heads, const HeadOptions& options) {
  const std::vector<detect::Box> anchors = anchors_of(options);
  const auto count = static_cast<int64_t>(anchors.size());
  const int64_t per_cell = detect::anchors_per_cell(options.anchors), classes = options.classes;
  AllBoxes all{make_tensor({options.batch, count, 4}), make_tensor({options.batch, count, classes})};
  float *box_to = all.boxes.data.data(), *score_to = all.scores.data.data();
  for (int64_t image = 0; image < options.batch; ++image) {
    size_t anchor = 0;
    for (const detect::LevelOutput& level : levels_of(heads, options, image)) {
      const int64_t cells = int64_t{level.height} * level.width;
      for (int64_t i = 0; i < cells * per_cell; ++i, ++anchor) {
        const int64_t cell = i / per_cell, shape = i % per_cell;
        detect::BoxCode code;
        for (int64_t k = 0; k < 4; ++k) code[static_cast<size_t>(k)] = level.boxes[(shape * 4 + k) * cells + cell];
        const detect::Box box = detect::decode(code, anchors[anchor]);
        for (const float edge : {box.x1, box.y1, box.x2, box.y2}) *box_to++ = edge;
        for (int64_t k = 0; k < classes; ++k) {
          *score_to++ = 1.0F / (1.0F + std::exp(-level.classes[(shape * classes + k) * cells + cell]));
        }
      }
    }
  }
  return all;
}

}  // namespace spinenet::formats
