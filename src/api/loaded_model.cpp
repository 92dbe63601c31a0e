#include "api/loaded_model.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>

#include "arch/task.h"
#include "base/error.h"
#include "base/format.h"
#include "image/decode.h"

namespace spinenet::api {
namespace {

// Of an image in the caller's memory, from its first row to its last: offsets in it do not overflow.
constexpr int64_t kMostBytes = int64_t{1} << 40;

void check_options(const DetectorOptions& options) {
  if (!(options.score_threshold >= 0 && options.score_threshold <= 1)) {
    fail(spinenet::ErrorKind::usage, fmt::format("a score threshold of {}", options.score_threshold), "detector",
         "use 0 to 1");
  }
  if (!(options.iou >= 0 && options.iou <= 1)) {
    fail(spinenet::ErrorKind::usage, fmt::format("an overlap of {}", options.iou), "detector", "use 0 to 1");
  }
  if (options.max_objects < 1) {
    fail(spinenet::ErrorKind::usage, fmt::format("{} objects at most", options.max_objects), "detector",
         "use 1 or more");
  }
}

Object to_object(const detect::Detection& d, const LoadedModel& loaded) {
  const Class& found = loaded.classes[static_cast<size_t>(d.label)];
  return {{d.box.x1, d.box.y1, d.box.x2, d.box.y2},
          d.label,
          found.id,
          found.name,
          d.score,
          {static_cast<int>(d.mask.height), static_cast<int>(d.mask.width), d.mask.counts}};
}

std::vector<ClassScore> ranked(const std::vector<float>& scores, const LoadedModel& loaded) {
  std::vector<ClassScore> all;
  for (size_t k = 0; k < scores.size(); ++k) {
    all.push_back({static_cast<int>(k), loaded.classes[k].id, loaded.classes[k].name, scores[k]});
  }
  std::ranges::stable_sort(all, std::greater<>(), &ClassScore::score);
  return all;
}

std::optional<engine::Precision> engine_precision(Precision precision) {
  switch (precision) {
    case Precision::fp32:
      return engine::Precision::fp32;
    case Precision::bf16:
      return engine::Precision::bf16;
    case Precision::int8:
      return engine::Precision::int8;
    case Precision::automatic:
      return std::nullopt;
  }
  fail(spinenet::ErrorKind::usage, fmt::format("precision {}", static_cast<int>(precision)), "model",
       "use fp32, bf16, int8 or automatic");
}

}  // namespace

std::shared_ptr<const LoadedModel> load(runtime::Model model, const ModelOptions& options, int64_t memory_limit) {
  auto loaded = std::make_shared<LoadedModel>();
  loaded->budget = &runtime::process_thread_budget();
  for (const formats::ModelClass& c : model.file.classes) loaded->classes.push_back({c.id, c.name});
  runtime::RunOptions run;
  run.image_size = options.image_size;
  run.threads = runtime::threads_within(*loaded->budget, options.threads, "model");
  run.precision = engine_precision(options.precision);
  run.autotune = options.choose == Choose::measure;
  run.memory_limit = memory_limit;
  run.device = "cpu";
  loaded->prepared = runtime::prepare(std::move(model), run);
  return loaded;
}

DetectorSession make_session(std::shared_ptr<const LoadedModel> loaded, const DetectorOptions& options) {
  check_options(options);
  const runtime::PreparedModel& prepared = loaded->prepared;
  DetectorSession session{loaded, {}, {}};
  if (prepared.model.file.task == name_of(arch::Task::classify)) {
    session.classifier = make_classifier(prepared);
    return session;
  }
  detect::PostprocessOptions post;
  post.score_threshold = options.score_threshold;
  post.iou = options.iou;
  post.max_detections = options.max_objects;
  session.detect = make_detect_function(prepared, post);
  return session;
}

image::Image to_image(const Pixels& pixels) {
  const bool gray = pixels.format == PixelFormat::gray, bgr = pixels.format == PixelFormat::bgr;
  const int64_t row = int64_t{pixels.width} * (gray ? 1 : 3), stride = pixels.stride == 0 ? row : pixels.stride;
  const bool has_rows = pixels.data != nullptr && pixels.height >= 1 && pixels.width >= 1 && stride >= row;
  const std::string objection = has_rows ? image::objection_to({pixels.height, pixels.width}) : "";
  if (!objection.empty()) fail(spinenet::ErrorKind::usage, objection, "detect", "scale it down, or cut it into parts");
  if (!has_rows || stride >= kMostBytes / pixels.height) {
    fail(spinenet::ErrorKind::usage,
         fmt::format("an image of {} x {} (height x width), {} bytes from row to row{}", pixels.height, pixels.width,
                     stride, pixels.data == nullptr ? ", without data" : ""),
         "detect",
         fmt::format("both sides are at least 1, a row is no longer than the step, and all rows lie within {} bytes",
                     kMostBytes));
  }
  image::Image image = image::make_image(pixels.height, pixels.width);
  for (int y = 0; y < pixels.height; ++y) {
    const uint8_t* from = pixels.data + y * stride;
    uint8_t* to = image.at(y, 0);
    if (!gray && !bgr) {
      std::copy_n(from, row, to);
      continue;
    }
    for (int x = 0; x < pixels.width; ++x, to += 3) {
      for (int c = 0; c < 3; ++c) to[c] = gray ? from[x] : from[3 * x + 2 - c];
    }
  }
  return image;
}

std::vector<Prediction> predict(const DetectorSession& session, std::span<const image::Image> images) {
  std::vector<Prediction> predictions;
  for (const image::Image& image : images) predictions.push_back({image.height, image.width, {}, {}});
  if (session.classifier) {
    const auto scores = session.classifier->classify(images);
    for (size_t i = 0; i < images.size(); ++i) predictions[i].classes = ranked(scores[i], *session.loaded);
    return predictions;
  }
  const auto found = session.detect(images);
  for (size_t i = 0; i < images.size(); ++i) {
    for (const detect::Detection& d : found[i]) predictions[i].objects.push_back(to_object(d, *session.loaded));
  }
  return predictions;
}

}  // namespace spinenet::api
