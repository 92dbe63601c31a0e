#include "runtime/segmenter.h"

#include <algorithm>
#include <cmath>
#include <functional>

#include "base/error.h"
#include "base/format.h"
#include "detect/box_head.h"
#include "detect/mask_paste.h"
#include "graph/anchors.h"
#include "graph/lower_two_stage.h"
#include "runtime/tensor_rows.h"

namespace spinenet::runtime {
namespace {

size_t level_count(const detect::AnchorOptions& anchors) {
  return static_cast<size_t>(anchors.max_level - anchors.min_level + 1);
}

void expect_shape(const HostTensor& tensor, const std::vector<int64_t>& shape) {
  if (tensor.shape == shape) return;
  fail(ErrorKind::failed, fmt::format("the network gave an output [{}] where [{}] is needed",
                                      fmt::join(tensor.shape, ", "), fmt::join(shape, ", ")));
}

void expect_outputs(const std::vector<HostTensor>& outputs, size_t count) {
  if (outputs.size() == count) return;
  fail(ErrorKind::failed, fmt::format("the network gave {} outputs where {} are needed", outputs.size(), count));
}

void add_to(std::span<float> sum, std::span<const float> more) {
  std::transform(sum.begin(), sum.end(), more.begin(), sum.begin(), std::plus<>());
}

template <class Item>
size_t total(const std::vector<std::vector<Item>>& lists) {
  size_t sum = 0;
  for (const auto& list : lists) sum += list.size();
  return sum;
}

}  // namespace

// What the trunk says of a batch.
struct Segmenter::Seen {
  std::span<const detect::Letterbox> letterboxes;
  std::vector<HostTensor> outputs;
  size_t levels = 0;

  size_t images() const { return letterboxes.size(); }
  // The image within the input.
  detect::Extent inner(size_t image) const {
    const detect::Letterbox& l = letterboxes[image];
    return {l.inner_height, l.inner_width};
  }
};

Segmenter::Segmenter(TwoStageForward forward, SegmenterOptions options)
    : forward_(std::move(forward)),
      options_(std::move(options)),
      input_size_(graph::input_size(options_.image_size, detect::largest_stride(options_.anchors))) {
  if (options_.image_size <= 0 || options_.image_size > 65536) {
    fail(ErrorKind::usage, fmt::format("image size {}", options_.image_size), "segmenter", "use 1 to 65536");
  }
  if (options_.classes <= 0) fail(ErrorKind::usage, fmt::format("{} classes", options_.classes), "segmenter");
  if (forward_.box_heads.empty()) fail(ErrorKind::usage, "no box head", "segmenter");
  anchors_ = detect::make_anchors(options_.anchors, input_size_, input_size_);
}

std::vector<std::vector<detect::Detection>> Segmenter::segment(std::span<const image::Image> images) const {
  if (images.empty()) return {};
  return segment(make_input(images, {options_.image_size, input_size_}, options_.normalization));
}

std::vector<std::vector<detect::Detection>> Segmenter::segment(const NetworkInput& input) const {
  const size_t images = input.letterboxes.size(), most = static_cast<size_t>(forward_.images);
  if (images == 0) return {};
  if (images <= most) return segment_together(input);
  std::vector<std::vector<detect::Detection>> found;
  for (size_t first = 0; first < images; first += most) {
    const size_t count = std::min(most, images - first), part = input.pixels.data.size() / images;
    NetworkInput some{{input.pixels.shape, {}}, {}};
    some.pixels.shape[0] = static_cast<int64_t>(count);
    const auto pixels = std::span(input.pixels.data).subspan(first * part, count * part);
    some.pixels.data.assign(pixels.begin(), pixels.end());
    const auto letterboxes = std::span(input.letterboxes).subspan(first, count);
    some.letterboxes.assign(letterboxes.begin(), letterboxes.end());
    for (std::vector<detect::Detection>& of_one : segment_together(some)) found.push_back(std::move(of_one));
  }
  return found;
}

std::vector<std::vector<detect::Detection>> Segmenter::segment_together(const NetworkInput& input) const {
  Seen seen{input.letterboxes, forward_.trunk(input.pixels), level_count(options_.anchors)};
  expect_outputs(seen.outputs, 2 * seen.levels);
  std::vector<std::vector<detect::Detection>> found = find(seen, propose_all(seen));
  add_masks(seen, found);
  for (size_t i = 0; i < found.size(); ++i) found[i] = detect::from_canvas(std::move(found[i]), seen.letterboxes[i]);
  return found;
}

std::vector<std::vector<detect::Box>> Segmenter::propose_all(const Seen& seen) const {
  const int64_t shapes = detect::anchors_per_cell(options_.anchors);
  const auto images = static_cast<int64_t>(seen.images());
  std::vector<std::vector<detect::Box>> rois(seen.images());
  for (size_t image = 0; image < seen.images(); ++image) {
    std::vector<detect::LevelOutput> levels;
    for (size_t l = 0; l < seen.levels; ++l) {
      const int side =
          input_size_ / detect::stride_of(options_.anchors, options_.anchors.min_level + static_cast<int>(l));
      const HostTensor& objectness = seen.outputs[l];
      const HostTensor& boxes = seen.outputs[seen.levels + l];
      expect_shape(objectness, {images, shapes, side, side});
      expect_shape(boxes, {images, 4 * shapes, side, side});
      levels.push_back({row_of(objectness, image).data(), row_of(boxes, image).data(), side, side});
    }
    for (const detect::Proposal& p : detect::propose(levels, anchors_, seen.inner(image), options_.proposals)) {
      rois[image].push_back(p.box);
    }
  }
  return rois;
}

std::vector<HostTensor> Segmenter::run_box_head(size_t stage, const std::vector<std::vector<detect::Box>>& rois) const {
  std::vector<HostTensor> outputs = forward_.box_heads[stage](rois);
  expect_outputs(outputs, 2);
  const auto rows = static_cast<int64_t>(total(rois));
  expect_shape(outputs[0], {rows, options_.classes + 1, 1, 1});
  expect_shape(outputs[1], {rows, 4 * graph::boxes_of_roi(forward_.box_heads.size(), options_.classes), 1, 1});
  return outputs;
}

std::vector<std::vector<detect::Detection>> Segmenter::find(const Seen& seen,
                                                            std::vector<std::vector<detect::Box>> rois) const {
  std::vector<std::vector<detect::Detection>> found(seen.images());
  if (total(rois) == 0) return found;
  const size_t last = forward_.box_heads.size() - 1;
  std::vector<HostTensor> outputs = run_box_head(0, rois);
  std::vector<float> logits = std::move(outputs[0].data);
  for (size_t stage = 1; stage <= last; ++stage) {
    size_t first = 0;
    for (size_t image = 0; image < seen.images(); ++image) {
      const auto codes = std::span(outputs[1].data).subspan(4 * first, 4 * rois[image].size());
      first += rois[image].size();
      rois[image] = detect::refine_rois(codes, rois[image], seen.inner(image), stage - 1);
    }
    outputs = run_box_head(stage, rois);
    add_to(logits, outputs[0].data);
  }
  for (float& logit : logits) logit /= static_cast<float>(last + 1);
  const std::vector<float>& codes = outputs[1].data;
  const size_t rows = total(rois), logits_each = logits.size() / rows, codes_each = codes.size() / rows;
  size_t first = 0;
  for (size_t image = 0; image < seen.images(); ++image) {
    const size_t n = rois[image].size();
    const detect::BoxHeadOutput of_image{std::span(logits).subspan(first * logits_each, n * logits_each),
                                         std::span(codes).subspan(first * codes_each, n * codes_each), last};
    found[image] = detect::box_head_detections(of_image, rois[image], seen.inner(image), options_.post);
    first += n;
  }
  return found;
}

// Boxes are still in pixels of the input.
void Segmenter::add_masks(const Seen& seen, std::vector<std::vector<detect::Detection>>& found) const {
  const size_t count = total(found);
  if (count == 0) return;
  const HostTensor masks = forward_.mask_head(found);
  const int64_t size = masks.shape.back();
  expect_shape(masks, {static_cast<int64_t>(count), size, size});
  std::vector<float> grid(static_cast<size_t>(size * size));
  size_t row = 0;
  for (size_t image = 0; image < found.size(); ++image) {
    const detect::Letterbox& l = seen.letterboxes[image];
    for (detect::Detection& detection : found[image]) {
      const auto logits = row_of(masks, row++);
      std::transform(logits.begin(), logits.end(), grid.begin(), [](float x) { return 1 / (1 + std::exp(-x)); });
      detection.mask = detect::paste_mask({grid, static_cast<int>(size)}, detect::from_canvas(detection.box, l),
                                          {l.height, l.width}, options_.mask_threshold);
    }
  }
}

}  // namespace spinenet::runtime
