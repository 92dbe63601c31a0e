#include "api/loaded_model.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "arch/task.h"
#include "base/error.h"
#include "base/format.h"
#include "engine/compile/compile.h"
#include "engine/run/session.h"
#include "image/decode.h"
#include "runtime/networks.h"

namespace spinenet::api {
namespace {

// Of a picture in the caller's memory, from its first row to its last: offsets in it do not overflow.
constexpr int64_t kMostBytes = int64_t{1} << 40;

// The program's weights, taken out of all.
Weights take_weights(const graph::Program& program, Weights& all) {
  Weights own;
  for (const graph::Parameter& parameter : program.parameters) own.insert(all.extract(parameter.name));
  return own;
}

int threads_of(const api::ModelOptions& options, const ThreadBudget& budget) {
  if (options.threads < 0 || options.threads > budget.size()) {
    fail(ErrorKind::usage, fmt::format("{} threads of a budget of {}", options.threads, budget.size()), "model",
         "ask for fewer, or raise the budget before the first model is opened");
  }
  return options.threads > 0 ? options.threads : budget.size();
}

void check_options(const api::DetectorOptions& options) {
  if (!(options.score_threshold >= 0 && options.score_threshold <= 1)) {
    fail(ErrorKind::usage, fmt::format("a score threshold of {}", options.score_threshold), "detector", "use 0 to 1");
  }
  if (!(options.iou >= 0 && options.iou <= 1)) {
    fail(ErrorKind::usage, fmt::format("an overlap of {}", options.iou), "detector", "use 0 to 1");
  }
  if (options.max_objects < 1) {
    fail(ErrorKind::usage, fmt::format("{} objects at most", options.max_objects), "detector", "use 1 or more");
  }
}

api::Object to_object(const detect::Detection& d, const LoadedModel& loaded) {
  const api::Class& found = loaded.classes[static_cast<size_t>(d.label)];
  return {{d.box.x1, d.box.y1, d.box.x2, d.box.y2},
          d.label,
          found.id,
          found.name,
          d.score,
          {static_cast<int>(d.mask.height), static_cast<int>(d.mask.width), d.mask.counts}};
}

std::vector<api::ClassScore> ranked(const std::vector<float>& scores, const LoadedModel& loaded) {
  std::vector<api::ClassScore> all;
  for (size_t k = 0; k < scores.size(); ++k) {
    all.push_back({static_cast<int>(k), loaded.classes[k].id, loaded.classes[k].name, scores[k]});
  }
  std::ranges::stable_sort(all, std::greater<>(), &api::ClassScore::score);
  return all;
}

}  // namespace

std::shared_ptr<const LoadedModel> load(runtime::Model model, const api::ModelOptions& options, int64_t memory_limit) {
  auto loaded = std::make_shared<LoadedModel>();
  if (options.image_size < 0 || options.image_size > 65536) {
    fail(ErrorKind::usage, fmt::format("image size {}", options.image_size), "model",
         "use 1 to 65536, or 0 for the model's own");
  }
  loaded->budget = &process_thread_budget();
  loaded->threads = threads_of(options, *loaded->budget);
  loaded->image_size = runtime::image_size_of(model, options.image_size);
  for (const formats::ModelClass& c : model.file.classes) loaded->classes.push_back({c.id, c.name});
  const std::vector<graph::Program> networks = runtime::networks_of(model, options.image_size);
  for (const graph::Program& program : networks) {
    const Weights own = take_weights(program, model.file.weights);
    engine::CompileOptions compiled{.threads = loaded->threads,
                                    .batch = runtime::engine_batch(loaded->plans.size(), networks.size())};
    compiled.crops = !loaded->plans.empty();
    compiled.autotune = options.choose == api::Choose::measure;
    compiled.memory_limit = memory_limit;
    compiled.place = model.path.string();
    loaded->plans.push_back(engine::compile(program, own, compiled));
  }
  loaded->model = std::move(model);
  return loaded;
}

DetectorSession make_session(std::shared_ptr<const LoadedModel> loaded, const api::DetectorOptions& options) {
  check_options(options);
  DetectorSession session{loaded, {}, {}};
  if (loaded->model.file.task == name_of(arch::Task::classify)) {
    session.classifier =
        make_classifier(loaded->model, loaded->image_size, {engine::engine_forward(loaded->plans.at(0))});
    return session;
  }
  detect::PostprocessOptions post;
  post.score_threshold = options.score_threshold;
  post.iou = options.iou;
  post.max_detections = options.max_objects;
  session.find = make_object_finder(loaded->model, {loaded->image_size, post}, loaded->plans);
  return session;
}

image::Image to_image(const api::Pixels& pixels) {
  const bool gray = pixels.format == api::PixelFormat::gray, bgr = pixels.format == api::PixelFormat::bgr;
  const int64_t row = int64_t{pixels.width} * (gray ? 1 : 3), stride = pixels.stride == 0 ? row : pixels.stride;
  const int64_t most = image::DecodeLimits{}.max_pixels;
  if (pixels.data == nullptr || pixels.height < 1 || pixels.width < 1 || stride < row ||
      pixels.height > most / pixels.width || stride >= kMostBytes / pixels.height) {
    fail(ErrorKind::usage,
         fmt::format("a picture of {} x {} (height x width), {} bytes from row to row{}", pixels.height, pixels.width,
                     stride, pixels.data == nullptr ? ", without data" : ""),
         "detect",
         fmt::format("both sides are at least 1, a row is no longer than the step, {} pixels fit, and all rows lie "
                     "within {} bytes",
                     most, kMostBytes));
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

std::vector<api::Answer> answer(const DetectorSession& session, std::span<const image::Image> images) {
  std::vector<api::Answer> answers;
  for (const image::Image& image : images) answers.push_back({image.height, image.width, {}, {}});
  if (session.classifier) {
    const auto scores = session.classifier->classify(images);
    for (size_t i = 0; i < images.size(); ++i) answers[i].classes = ranked(scores[i], *session.loaded);
    return answers;
  }
  const auto found = session.find(images);
  for (size_t i = 0; i < images.size(); ++i) {
    for (const detect::Detection& d : found[i]) answers[i].objects.push_back(to_object(d, *session.loaded));
  }
  return answers;
}

}  // namespace spinenet::api
