#include "runtime/classifier.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/format.h"
#include "image/center_crop.h"

namespace spinenet::runtime {
namespace {

std::vector<float> softmax(std::span<const float> logits) {
  const float largest = *std::ranges::max_element(logits);
  std::vector<float> scores;
  double sum = 0;
  for (const float logit : logits) {
    scores.push_back(std::exp(logit - largest));
    sum += scores.back();
  }
  for (float& score : scores) score = static_cast<float>(score / sum);
  return scores;
}

}  // namespace

Classifier::Classifier(graph::Forward forward, ClassifierOptions options)
    : forward_(std::move(forward)), options_(std::move(options)) {
  if (options_.image_size <= 0 || options_.image_size > 65536) {
    fail(ErrorKind::usage, fmt::format("image size {}", options_.image_size), "classifier", "use 1 to 65536");
  }
  if (options_.classes <= 0) fail(ErrorKind::usage, fmt::format("{} classes", options_.classes), "classifier");
  if (!(options_.center_crop > 0 && options_.center_crop <= 1)) {
    fail(ErrorKind::usage, fmt::format("a middle of {} of the image", options_.center_crop), "classifier",
         "use a share above 0 and at most 1");
  }
}

std::vector<float> Classifier::classify(const image::Image& image) const {
  return std::move(classify(std::span(&image, 1)).front());
}

std::vector<std::vector<float>> Classifier::classify(std::span<const image::Image> images) const {
  if (images.empty()) return {};
  const int size = options_.image_size;
  const size_t part = size_t{3} * static_cast<size_t>(size) * static_cast<size_t>(size);
  const auto count = static_cast<int64_t>(images.size());
  HostTensor input = make_tensor({count, 3, size, size});
  for (size_t i = 0; i < images.size(); ++i) {
    image::normalize(image::center_crop(images[i], size, options_.center_crop), options_.normalization,
                     std::span(input.data).subspan(i * part, part));
  }
  const std::vector<HostTensor> outputs = forward_(input);
  const std::vector<int64_t> wanted{count, options_.classes, 1, 1};
  const std::vector<int64_t> given = outputs.empty() ? std::vector<int64_t>{} : outputs.front().shape;
  if (given != wanted) {
    fail(ErrorKind::failed, fmt::format("the network gave an output [{}] where [{}] is needed", fmt::join(given, ", "),
                                        fmt::join(wanted, ", ")));
  }
  const auto classes = static_cast<size_t>(options_.classes);
  std::vector<std::vector<float>> scores;
  for (size_t i = 0; i < images.size(); ++i) {
    scores.push_back(softmax(std::span(outputs.front().data).subspan(i * classes, classes)));
  }
  return scores;
}

}  // namespace spinenet::runtime
