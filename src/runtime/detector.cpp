#include "runtime/detector.h"

#include "base/error.h"
#include "base/format.h"
#include "detect/letterbox.h"
#include "graph/anchors.h"
#include "runtime/input.h"

namespace spinenet::runtime {
namespace {

// The levels of one image out of the outputs of a batch.
struct OutputReader {
  const std::vector<HostTensor>& outputs;
  size_t image, images;
  int input_size;

  // Of the outputs class.p3.., box.p3...
  std::vector<detect::LevelOutput> retina_levels(const DetectorOptions& options) const {
    const auto levels =
        static_cast<size_t>(options.anchors.max_level) - static_cast<size_t>(options.anchors.min_level) + 1;
    check_count(2 * levels);
    const int64_t anchors = detect::anchors_per_cell(options.anchors);
    std::vector<detect::LevelOutput> found;
    for (size_t l = 0; l < levels; ++l) {
      const int side = input_size / detect::stride_of(options.anchors, options.anchors.min_level + static_cast<int>(l));
      found.push_back({part(outputs[l], anchors * options.classes, side), part(outputs[levels + l], anchors * 4, side),
                       side, side});
    }
    return found;
  }

  // Of the outputs yolo.p3...
  std::vector<detect::YoloOutput> yolo_levels(const DetectorOptions& options) const {
    check_count(options.yolo.size());
    std::vector<detect::YoloOutput> found;
    for (size_t l = 0; l < outputs.size(); ++l) {
      const auto anchors = static_cast<int64_t>(options.yolo[l].anchors.size());
      const int side = input_size / options.yolo[l].stride;
      found.push_back({part(outputs[l], anchors * (detect::kYoloBoxChannels + options.classes), side), side, side});
    }
    return found;
  }

  void check_count(size_t needed) const {
    if (outputs.size() == needed) return;
    fail(ErrorKind::failed, fmt::format("the network gave {} outputs where {} are needed", outputs.size(), needed));
  }

  const float* part(const HostTensor& output, int64_t channels, int side) const {
    const std::vector<int64_t> shape{static_cast<int64_t>(images), channels, side, side};
    if (output.shape != shape) {
      fail(ErrorKind::failed, fmt::format("the network gave an output [{}] where [{}] is needed",
                                          fmt::join(output.shape, ", "), fmt::join(shape, ", ")));
    }
    return output.data.data() + image * static_cast<size_t>(channels * side * side);
  }
};

}  // namespace

Detector::Detector(graph::Forward forward, DetectorOptions options)
    : forward_(std::move(forward)),
      options_(std::move(options)),
      input_size_(graph::input_size(options_.image_size, detect::largest_stride(options_.anchors))) {
  if (options_.image_size <= 0 || options_.image_size > 65536) {
    fail(ErrorKind::usage, fmt::format("image size {}", options_.image_size), "detector", "use 1 to 65536");
  }
  if (options_.classes <= 0) fail(ErrorKind::usage, fmt::format("{} classes", options_.classes), "detector");
  if (options_.yolo.empty()) anchors_ = detect::make_anchors(options_.anchors, input_size_, input_size_);
}

std::vector<detect::Detection> Detector::detect(const image::Image& image) const {
  return std::move(detect(std::span(&image, 1)).front());
}

std::vector<std::vector<detect::Detection>> Detector::detect(std::span<const image::Image> images) const {
  if (images.empty()) return {};
  const NetworkInput input =
      make_input(images, {options_.image_size, input_size_, options_.fit}, options_.normalization);
  const std::vector<HostTensor> outputs = forward_(input.pixels);
  std::vector<std::vector<detect::Detection>> found;
  for (size_t i = 0; i < images.size(); ++i) {
    found.push_back(detect::from_canvas(found_in(outputs, i, images.size()), input.letterboxes[i]));
  }
  return found;
}

std::vector<detect::Detection> Detector::found_in(const std::vector<HostTensor>& outputs, size_t image,
                                                  size_t images) const {
  const OutputReader reader{outputs, image, images, input_size_};
  if (!options_.yolo.empty()) {
    return detect::yolo_detections(reader.yolo_levels(options_), options_.yolo, options_.classes, options_.post);
  }
  return detect::postprocess(reader.retina_levels(options_), anchors_, options_.classes, options_.post);
}

}  // namespace spinenet::runtime
