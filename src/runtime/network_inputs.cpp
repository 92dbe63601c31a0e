#include "runtime/network_inputs.h"

#include <algorithm>
#include <memory>

#include "arch/task.h"
#include "base/error.h"
#include "engine/run/session.h"
#include "image/center_crop.h"
#include "runtime/detect_function.h"
#include "runtime/input.h"
#include "runtime/networks.h"
#include "runtime/prepare.h"

namespace spinenet::runtime {
namespace {

// Of each head: in all, and of one image.
constexpr int64_t kMostCrops = 512, kMostOfAnImage = 64;

// As predict makes it, for a network of this size.
std::vector<float> input_of(const Model& model, int64_t side, const image::Image& image) {
  const image::Normalization normalization{model.file.mean, model.file.std};
  const int extent = static_cast<int>(side);
  if (arch::task_named(model.file.task) != arch::Task::classify) {
    return make_input({&image, 1}, {model.file.image_size, extent, image_fit_of(model)}, normalization).pixels.data;
  }
  std::vector<float> pixels(size_t{3} * static_cast<size_t>(side) * static_cast<size_t>(side));
  image::normalize(image::center_crop(image, extent, center_crop_of(model)), normalization, pixels);
  return pixels;
}

using Crops = std::vector<std::vector<float>>;

// `most` of the crops of a call, spread over them.
void keep_some(const HostTensor& given, int64_t most, Crops& kept) {
  const int64_t count = given.shape.front(), taken = std::min(count, most);
  const auto size = static_cast<std::ptrdiff_t>(count > 0 ? static_cast<int64_t>(given.data.size()) / count : 0);
  for (int64_t i = 0; i < taken; ++i) {
    const auto first = given.data.begin() + static_cast<std::ptrdiff_t>(i * count / taken) * size;
    kept.emplace_back(first, first + size);
  }
}

// The crops that each head is given while the model answers for the images.
std::vector<std::shared_ptr<Crops>> crops_of(const Model& model, std::span<const graph::Program> networks,
                                             const ImageSource& images, int threads) {
  const int64_t most = std::clamp(kMostCrops / std::max<int64_t>(images.count, 1), int64_t{1}, kMostOfAnImage);
  PreparedModel prepared{model, image_size_of(model, 0), threads, NetworkForwards()};
  std::vector<std::shared_ptr<Crops>> crops;
  NetworkForwards& forwards = std::get<NetworkForwards>(prepared.networks);
  for (const auto& plan : compile_networks(networks, prepared.model, {.threads = threads})) {
    const graph::Forward forward = engine::engine_forward(plan);
    if (forwards.empty()) {
      forwards.push_back(forward);
      continue;
    }
    crops.push_back(std::make_shared<Crops>());
    forwards.push_back([forward, most, kept = crops.back()](const HostTensor& input) {
      keep_some(input, most, *kept);
      return forward(input);
    });
  }
  detect::PostprocessOptions post = usual_postprocess(model.architecture);
  post.score_threshold = 0;  // the surest objects of each image, however sure
  post.max_detections = static_cast<int>(most);
  const DetectFunction detect = make_detect_function(prepared, post);
  for (int64_t i = 0; i < images.count; ++i) {
    const image::Image image = images.image(i);
    detect({&image, 1});
  }
  return crops;
}

engine::CalibrationImages inputs_from(std::shared_ptr<const Crops> crops) {
  const auto count = static_cast<int64_t>(crops->size());
  return {count, [crops = std::move(crops)](int64_t i) { return (*crops)[static_cast<size_t>(i)]; }};
}

}  // namespace

std::vector<engine::CalibrationImages> network_inputs(const Model& model, std::span<const graph::Program> networks,
                                                      const ImageSource& images, int threads) {
  const int64_t side = networks.front().values.front().height;
  std::vector<engine::CalibrationImages> inputs{
      {images.count, [&model, &images, side](int64_t i) { return input_of(model, side, images.image(i)); }}};
  if (networks.size() == 1 || images.count == 0) {
    inputs.resize(networks.size());
    return inputs;
  }
  for (const std::shared_ptr<Crops>& crops : crops_of(model, networks, images, threads)) {
    if (crops->empty()) {
      fail(ErrorKind::bad_data, "the model proposes no objects in these images", model.path.string(),
           "give images like those that it is for");
    }
    inputs.push_back(inputs_from(crops));
  }
  return inputs;
}

}  // namespace spinenet::runtime
