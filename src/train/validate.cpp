#include "train/validate.h"

namespace spinenet::train {
namespace {

torch::Tensor pixels_of(data::Batch& batch, torch::Device device) {
  const torch::Tensor host =
      torch::from_blob(batch.pixels.data(), {batch.images, 3, batch.height, batch.width}, torch::kFloat32);
  return device.is_cpu() ? host.clone() : host.to(device);
}

// The levels of one image out of the outputs class.p3.., box.p3.. of a batch.
std::vector<detect::LevelOutput> levels_of(const std::vector<torch::Tensor>& outputs, int64_t image) {
  const size_t levels = outputs.size() / 2;
  std::vector<detect::LevelOutput> found;
  for (size_t l = 0; l < levels; ++l) {
    const torch::Tensor& classes = outputs[l];
    const torch::Tensor& boxes = outputs[levels + l];
    found.push_back({classes.data_ptr<float>() + image * classes.stride(0),
                     boxes.data_ptr<float>() + image * boxes.stride(0), static_cast<int>(classes.size(2)),
                     static_cast<int>(classes.size(3))});
  }
  return found;
}

// Those of one image out of the outputs yolo.p3.. of a batch.
std::vector<detect::YoloOutput> yolo_outputs_of(const std::vector<torch::Tensor>& outputs, int64_t image) {
  std::vector<detect::YoloOutput> found;
  for (const torch::Tensor& level : outputs) {
    found.push_back({level.data_ptr<float>() + image * level.stride(0), static_cast<int>(level.size(2)),
                     static_cast<int>(level.size(3))});
  }
  return found;
}

std::vector<detect::Detection> detections_of(const std::vector<torch::Tensor>& outputs, int64_t image,
                                             const HeadCells& head, const ValidateOptions& options) {
  return std::visit(graph::Overloaded{[&](const RetinaCells& anchors) {
                                        return detect::postprocess(levels_of(outputs, image), anchors, options.classes,
                                                                   options.post);
                                      },
                                      [&](const YoloCells& levels) {
                                        return detect::yolo_detections(yolo_outputs_of(outputs, image), levels,
                                                                       options.classes, options.post);
                                      }},
                    head);
}

}  // namespace

std::vector<detect::Result> detect_all(const graph::Program& program, const nn::Parameters& parameters,
                                       data::Loader& loader, const HeadCells& head, const ValidateOptions& options) {
  std::vector<detect::Result> results;
  int64_t done = 0;
  loader.seek(0);
  for (int64_t step = 0; step < loader.steps_per_epoch(); ++step) {
    data::Batch batch = loader.next();
    if (batch.images == 0) continue;
    std::vector<torch::Tensor> outputs =
        nn::forward(program, parameters, pixels_of(batch, parameters.values.device()), {});
    for (torch::Tensor& output : outputs) output = output.to(torch::kCPU).contiguous();
    for (int64_t image = 0; image < batch.images; ++image) {
      const auto i = static_cast<size_t>(image);
      std::vector<detect::Detection> on_canvas = detections_of(outputs, image, head, options);
      for (const detect::Detection& detection : detect::from_canvas(std::move(on_canvas), batch.letterboxes[i])) {
        const int64_t category = options.category_ids[static_cast<size_t>(detection.label)];
        results.push_back(detect::to_result(detection, batch.image_ids[i], category));
      }
    }
    done += batch.images;
    if (options.progress) options.progress(done);
  }
  return results;
}

}  // namespace spinenet::train
