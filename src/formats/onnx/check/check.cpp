#include "formats/onnx/check/check.h"

#include <algorithm>
#include <cmath>

#include "base/format.h"
#include "base/random.h"
#include "formats/onnx/check/check_error.h"
#include "formats/onnx/check/check_heads.h"
#include "formats/onnx/check/check_segmenter.h"
#include "formats/onnx/check/check_yolo.h"
#include "formats/onnx/interpreter/run.h"

namespace spinenet::formats {
namespace {

struct Trial {
  int height, width;
  int64_t batch;
};

std::string text(std::string_view part, const Trial& trial) {
  return fmt::format("{} {}x{}, batch {}", part, trial.height, trial.width, trial.batch);
}

class Check {
 public:
  Check(const OnnxFile& file, const OnnxCheckOptions& options) : file_(file), options_(options) {}

  OnnxCheck run() {
    OnnxCheck check{{}, options_.limit};
    for (const Trial& trial : network_trials()) check.rows.push_back({text("network", trial), network_error(trial)});
    if (options_.task == arch::Task::classify) {
      if (declares("scores")) check.rows.push_back({"scores", scores_error()});
      return check;
    }
    for (const Trial& trial : head_trials()) {
      if (declares("count")) {
        check.rows.push_back({text("detections", trial), detections_error(trial)});
      } else if (declares("boxes")) {
        check.rows.push_back({text("boxes", trial), boxes_error(trial)});
      }
    }
    return check;
  }

 private:
  int unit() const { return detect::largest_stride(options_.anchors); }

  std::vector<Trial> declared() const {
    return {{options_.height, options_.width, 1}, {options_.height, options_.width, 4}};
  }

  std::vector<Trial> network_trials() const {
    if (options_.height > 0 && options_.task == arch::Task::classify) return declared();
    return {{unit(), unit(), 1}, {unit(), unit(), 4}, {unit(), 2 * unit(), 1}, {2 * unit(), unit(), 1}};
  }

  std::vector<Trial> head_trials() const {
    if (options_.height > 0) return declared();
    return {{unit(), unit(), 1}, {unit(), 2 * unit(), 4}, {3 * unit(), 2 * unit(), 1}};
  }

  bool declares(std::string_view output) const {
    return std::any_of(file_.outputs.begin(), file_.outputs.end(),
                       [&](const OnnxValue& value) { return value.name == output; });
  }

  std::vector<std::string> output_names() const {
    if (options_.task == arch::Task::classify) return {"class"};
    return options_.yolo.empty() ? raw_names(options_.anchors) : yolo_names(yolo_of({}));
  }

  YoloHeadOptions yolo_of(const Trial& trial) const {
    return {options_.yolo, options_.anchors.min_level, options_.classes, trial.height, trial.width, trial.batch};
  }

  double network_error(const Trial& trial) const {
    HostTensor image = make_tensor({trial.batch, 3, trial.height, trial.width});
    Random random(static_cast<uint64_t>(trial.height * trial.width + trial.batch));
    for (float& x : image.data) x = static_cast<float>(random.normal());
    const std::vector<std::string> names = output_names();
    const OnnxValues given{{file_.inputs.front().name, {OnnxType::f32, image.shape, image.data, {}}}};
    const OnnxValues found = run_onnx(file_, given, names, options_.threads);
    const std::vector<HostTensor> expected = options_.source(image);
    if (expected.size() != names.size()) return kOnnxDiffers;
    double error = 0;
    for (size_t i = 0; i < names.size(); ++i) {
      error = std::max(error, relative_error(found.at(names[i]), expected[i]));
    }
    return error;
  }

  double scores_error() const {
    constexpr int64_t kBatch = 4;
    HostTensor logits = make_tensor({kBatch, options_.classes, 1, 1});
    Random random(1);
    for (float& x : logits.data) x = static_cast<float>(3 * random.normal());
    HostTensor expected = make_tensor({kBatch, options_.classes});
    const auto row_size = static_cast<size_t>(options_.classes);
    for (size_t row = 0; row < kBatch; ++row) {
      double sum = 0;
      for (size_t i = 0; i < row_size; ++i) sum += std::exp(static_cast<double>(logits.data[row * row_size + i]));
      for (size_t i = row * row_size; i < (row + 1) * row_size; ++i) {
        expected.data[i] = static_cast<float>(std::exp(static_cast<double>(logits.data[i])) / sum);
      }
    }
    const std::vector<std::string> wanted{"scores"};
    const OnnxValues given{{"class", {OnnxType::f32, logits.shape, logits.data, {}}}};
    return relative_error(run_onnx(file_, given, wanted, options_.threads).at("scores"), expected);
  }

  HeadOptions heads_of(const Trial& trial) const {
    return {options_.anchors, options_.post, options_.classes, trial.height, trial.width, trial.batch};
  }

  double boxes_error(const Trial& trial) const {
    const bool yolo = !options_.yolo.empty();
    const Heads heads = yolo ? made_up_yolo(yolo_of(trial), 1) : made_up_heads(heads_of(trial), 1);
    const std::vector<std::string> wanted{"boxes", "scores"};
    const OnnxValues found = run_onnx(file_, heads.values, wanted, options_.threads);
    const AllBoxes expected = yolo ? all_boxes(heads, yolo_of(trial)) : all_boxes(heads, heads_of(trial));
    return std::max(relative_error(found.at("boxes"), expected.boxes),
                    relative_error(found.at("scores"), expected.scores));
  }

  double detections_error(const Trial& trial) const {
    const HeadOptions options = heads_of(trial);
    const Heads heads = clear_heads(options);
    const std::vector<std::string> wanted{"boxes", "scores", "labels", "count"};
    const OnnxValues found = run_onnx(file_, heads.values, wanted, options_.threads);
    if (found.at("count").shape != std::vector<int64_t>{trial.batch}) return kOnnxDiffers;
    double error = 0;
    for (int64_t image = 0; image < trial.batch; ++image) {
      error = std::max(error, image_error(found, detections_of(heads, options, image), image));
    }
    return error;
  }

  double image_error(const OnnxValues& found, const std::vector<detect::Detection>& expected, int64_t image) const {
    const auto places = static_cast<size_t>(options_.post.max_detections);
    const auto first = static_cast<size_t>(image) * places;
    if (found.at("count").ints[static_cast<size_t>(image)] != static_cast<int64_t>(expected.size()))
      return kOnnxDiffers;
    std::vector<float> boxes(4 * places), scores(places);
    for (size_t i = 0; i < places; ++i) {
      const int64_t label = found.at("labels").ints[first + i];
      if (label != (i < expected.size() ? expected[i].label : -1)) return kOnnxDiffers;
      if (i >= expected.size()) continue;
      const detect::Box& box = expected[i].box;
      boxes[4 * i] = box.x1;
      boxes[4 * i + 1] = box.y1;
      boxes[4 * i + 2] = box.x2;
      boxes[4 * i + 3] = box.y2;
      scores[i] = expected[i].score;
    }
    return std::max(relative_error(std::span(found.at("boxes").floats).subspan(4 * first, 4 * places), boxes),
                    relative_error(std::span(found.at("scores").floats).subspan(first, places), scores));
  }

  const OnnxFile& file_;
  const OnnxCheckOptions& options_;
};

}  // namespace

const OnnxCheckRow& worst(const OnnxCheck& check) {
  return *std::max_element(check.rows.begin(), check.rows.end(),
                           [](const OnnxCheckRow& a, const OnnxCheckRow& b) { return a.error < b.error; });
}

bool holds(const OnnxCheck& check) {
  return worst(check).error <= check.limit;
}

OnnxCheck check_onnx(const OnnxFile& file, const OnnxCheckOptions& options) {
  if (options.task == arch::Task::segment) return {check_segmenter(file, options), options.limit};
  return Check(file, options).run();
}

}  // namespace spinenet::formats
