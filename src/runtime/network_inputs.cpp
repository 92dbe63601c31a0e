#include "runtime/network_inputs.h"

#include <algorithm>
#include <iterator>
#include <memory>
#include <span>

#include "arch/task.h"
#include "base/error.h"
#include "engine/run/session.h"
#include "graph/program.h"
#include "image/center_crop.h"
#include "runtime/compile_networks.h"
#include "runtime/detect_function.h"
#include "runtime/input.h"
#include "runtime/networks.h"
#include "runtime/prepare.h"

namespace spinenet::runtime {
namespace {

// Of each head: in all, of one image, and those that errors are measured on.
constexpr int64_t kMostCrops = 512, kMostOfAnImage = 64, kMeasuredCrops = 64;

// As predict makes it, for a network of this size.
std::vector<float> input_of(const Model& model, int64_t side, const image::Image& image) {
  const image::Normalization normalization{model.file.mean, model.file.std};
  const int extent = static_cast<int>(side);
  const arch::Task task = arch::task_named(model.file.task);
  if (task != arch::Task::classify) {
    const detect::ImageFit fit = task == arch::Task::detect ? image_fit_of(model) : detect::ImageFit::letterbox;
    return make_input({&image, 1}, {model.file.image_size, extent, fit}, normalization).pixels.data;
  }
  std::vector<float> pixels(size_t{3} * static_cast<size_t>(side) * static_cast<size_t>(side));
  image::normalize(image::center_crop(image, extent, center_crop_of(model)), normalization, pixels);
  return pixels;
}

using Crops = std::vector<std::vector<float>>;

// What one head is given. Of an image the first call counts that gives it anything.
class HeadCrops {
 public:
  explicit HeadCrops(int64_t most) : most_(most) {}

  void begin_image() { of_image_.emplace_back(); }
  bool has_some() const { return !of_image_.back().empty(); }

  // Some of the crops, spread over all. They come with the surest first: in another image the first of them is another.
  void keep(const HostTensor& given) {
    constexpr int64_t kPhases = 8;
    const int64_t count = given.shape.front(), taken = std::min(count, most_);
    if (taken == 0 || has_some()) return;
    const int64_t size = static_cast<int64_t>(given.data.size()) / count;
    const int64_t phase = static_cast<int64_t>(of_image_.size() - 1) % kPhases;
    for (int64_t i = 0; i < taken; ++i) {
      const int64_t chosen = (kPhases * i + phase) * count / (kPhases * taken);
      const auto first = given.data.begin() + static_cast<std::ptrdiff_t>(chosen * size);
      of_image_.back().emplace_back(first, first + static_cast<std::ptrdiff_t>(size));
    }
  }

  // The first of each image, then the second of each, and so on.
  Crops take() {
    Crops all;
    for (size_t i = 0; i < static_cast<size_t>(most_); ++i) {
      for (Crops& crops : of_image_) {
        if (i < crops.size()) all.push_back(std::move(crops[i]));
      }
    }
    return all;
  }

 private:
  const int64_t most_;
  std::vector<Crops> of_image_;
};

using AllHeads = std::vector<std::shared_ptr<HeadCrops>>;

// The model in fp32, whose heads keep what they are given.
PreparedModel watched_model(const Model& model, std::span<const graph::Program> networks, int threads,
                            const AllHeads& heads) {
  const engine::CompileOptions options{.threads = threads, .place = model.path.string()};
  NetworkForwards forwards;
  for (const auto& plan : compile_networks(networks, weights_of(model), options)) {
    const graph::Forward forward = engine::engine_forward(plan);
    if (forwards.empty()) {
      forwards.push_back(forward);
      continue;
    }
    forwards.push_back([forward, head = heads[forwards.size() - 1]](const HostTensor& input) {
      head->keep(input);
      return forward(input);
    });
  }
  Model facts = model;
  facts.file.weights.clear();
  return {std::move(facts), image_size_of(model, 0), threads, std::move(forwards)};
}

AllHeads watch_heads(const Model& model, std::span<const graph::Program> networks, const ImageSource& images,
                     const engine::CalibrateOptions& options) {
  const int64_t used = std::min(images.count, kMostCrops);
  AllHeads heads;
  for (size_t n = 1; n < networks.size(); ++n) {
    heads.push_back(std::make_shared<HeadCrops>(std::min(kMostCrops / used, kMostOfAnImage)));
  }
  const PreparedModel prepared = watched_model(model, networks, options.threads, heads);
  detect::PostprocessOptions post = usual_postprocess(model.architecture);
  const DetectFunction find = make_detect_function(prepared, post);
  post.score_threshold = 0;
  const DetectFunction guess = make_detect_function(prepared, post);
  const ProgressFunction progress = share_of(options.progress, networks.size(), 0);
  for (int64_t i = 0; i < used; ++i) {
    const image::Image image = images.image(i * images.count / used);
    for (const auto& head : heads) head->begin_image();
    find({&image, 1});
    if (!heads.back()->has_some()) guess({&image, 1});  // where nothing is found, what comes nearest to it
    progress(i + 1, used);
  }
  return heads;
}

}  // namespace

std::vector<engine::CalibrationImages> network_inputs(const Model& model, const ImageSource& images,
                                                      const engine::CalibrateOptions& options) {
  const std::vector<graph::Program> networks = networks_of(model);
  const int64_t side = networks.front().values.front().height;
  std::vector<engine::CalibrationImages> inputs{
      {images.count, [&model, read = images.image, side](int64_t i) { return input_of(model, side, read(i)); }}};
  if (networks.size() == 1 || images.count == 0) {
    inputs.resize(networks.size());
    return inputs;
  }
  for (const std::shared_ptr<HeadCrops>& head : watch_heads(model, networks, images, options)) {
    const auto crops = std::make_shared<const Crops>(head->take());
    if (crops->empty()) {
      fail(ErrorKind::bad_data, "the model proposes or finds no objects in these images", model.path.string(),
           "give images like those that it is for");
    }
    inputs.push_back({static_cast<int64_t>(crops->size()),
                      [crops](int64_t i) { return (*crops)[static_cast<size_t>(i)]; }, kMeasuredCrops, true});
  }
  return inputs;
}

ProgressFunction share_of(const ProgressFunction& progress, size_t networks, size_t part) {
  if (networks == 1) return progress;
  constexpr int64_t kShare = 1000;
  return [progress, networks, part](int64_t done, int64_t all) {
    progress(static_cast<int64_t>(part) * kShare + kShare * done / all, static_cast<int64_t>(networks + 1) * kShare);
  };
}

}  // namespace spinenet::runtime
