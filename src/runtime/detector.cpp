#include "runtime/detector.h"

#include "base/error.h"
#include "base/format.h"
#include "detect/letterbox.h"
#include "graph/anchors.h"
#include "runtime/input.h"

namespace spinenet::runtime {

Detector::Detector(graph::Forward forward, DetectorOptions options)
    : forward_(std::move(forward)),
      options_(std::move(options)),
      input_size_(graph::input_size(options_.image_size, detect::largest_stride(options_.anchors))) {
  if (options_.image_size <= 0 || options_.image_size > 65536) {
    fail(ErrorKind::usage, fmt::format("image size {}", options_.image_size), "detector", "use 1 to 65536");
  }
  if (options_.classes <= 0) fail(ErrorKind::usage, fmt::format("{} classes", options_.classes), "detector");
  anchors_ = detect::make_anchors(options_.anchors, input_size_, input_size_);
}

std::vector<detect::Detection> Detector::detect(const image::Image& image) const {
  return std::move(detect(std::span(&image, 1)).front());
}

std::vector<std::vector<detect::Detection>> Detector::detect(std::span<const image::Image> images) const {
  if (images.empty()) return {};
  const NetworkInput input = make_input(images, {options_.image_size, input_size_}, options_.normalization);
  const std::vector<HostTensor> outputs = forward_(input.pixels);
  std::vector<std::vector<detect::Detection>> found;
  for (size_t i = 0; i < images.size(); ++i) {
    const std::vector<detect::LevelOutput> levels = levels_of(outputs, i, images.size());
    found.push_back(detect::from_canvas(detect::postprocess(levels, anchors_, options_.classes, options_.post),
                                        input.letterboxes[i]));
  }
  return found;
}

// The levels of one image out of the outputs class.p3.., box.p3.. of a batch.
std::vector<detect::LevelOutput> Detector::levels_of(const std::vector<HostTensor>& outputs, size_t image,
                                                     size_t images) const {
  const auto levels =
      static_cast<size_t>(options_.anchors.max_level) - static_cast<size_t>(options_.anchors.min_level) + 1;
  const int64_t anchors = detect::anchors_per_cell(options_.anchors);
  if (outputs.size() != 2 * levels) {
    fail(ErrorKind::failed, fmt::format("the network gave {} outputs where {} are needed", outputs.size(), 2 * levels));
  }
  const auto part = [&](const HostTensor& output, int64_t channels, int side) {
    const std::vector<int64_t> shape{static_cast<int64_t>(images), channels, side, side};
    if (output.shape != shape) {
      fail(ErrorKind::failed, fmt::format("the network gave an output [{}] where [{}] is needed",
                                          fmt::join(output.shape, ", "), fmt::join(shape, ", ")));
    }
    return output.data.data() + image * static_cast<size_t>(channels * side * side);
  };
  std::vector<detect::LevelOutput> found;
  for (size_t l = 0; l < levels; ++l) {
    const int side =
        input_size_ / detect::stride_of(options_.anchors, options_.anchors.min_level + static_cast<int>(l));
    found.push_back(
        {part(outputs[l], anchors * options_.classes, side), part(outputs[levels + l], anchors * 4, side), side, side});
  }
  return found;
}

}  // namespace spinenet::runtime
