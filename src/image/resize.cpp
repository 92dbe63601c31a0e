#include "image/resize.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include <opencv2/imgproc.hpp>

#include "base/error.h"
#include "base/format.h"
#include "image/one_thread.h"

namespace spinenet::image {
namespace {

// A view of the pixels, not a copy; OpenCV only reads where the image was const.
cv::Mat view(const Image& image) {
  return {image.height, image.width, CV_8UC3, const_cast<uint8_t*>(image.pixels.data())};
}

Image resample(const Image& image, int height, int width, int method) {
  Image result = make_image(height, width);
  cv::Mat target = view(result);
  cv::resize(view(image), target, target.size(), 0, 0, method);
  return result;
}

size_t row_bytes(int pixels) {
  return static_cast<size_t>(pixels) * 3;
}

}  // namespace

Image resize(const Image& image, int height, int width) {
  if (image.pixels.empty() || height < 1 || width < 1) {
    fail(ErrorKind::usage,
         fmt::format("cannot resize {} x {} to {} x {} (height x width)", image.height, image.width, height, width));
  }
  keep_opencv_in_one_thread();
  const int small_height = std::min(height, image.height);
  const int small_width = std::min(width, image.width);
  const bool shrinks = small_height < image.height || small_width < image.width;
  const bool enlarges = height > image.height || width > image.width;
  if (!shrinks && !enlarges) return image;
  // Area averaging needs both axes to shrink or stay, so where they part the shrinking one goes first. The exact
  // variant of the linear method gives the same bits with every instruction set.
  if (!shrinks) return resample(image, height, width, cv::INTER_LINEAR_EXACT);
  Image small = resample(image, small_height, small_width, cv::INTER_AREA);
  return enlarges ? resample(small, height, width, cv::INTER_LINEAR_EXACT) : small;
}

Image crop(const Image& image, int x1, int y1, int x2, int y2) {
  if (x1 < 0 || y1 < 0 || x2 > image.width || y2 > image.height || x1 >= x2 || y1 >= y2) {
    fail(ErrorKind::usage, fmt::format("cannot crop ({}, {}) to ({}, {}) out of {} x {} (height x width)", x1, y1, x2,
                                       y2, image.height, image.width));
  }
  Image result = make_image(y2 - y1, x2 - x1);
  for (int y = 0; y < result.height; ++y) std::memcpy(result.at(y, 0), image.at(y1 + y, x1), row_bytes(result.width));
  return result;
}

Image flip_horizontal(const Image& image) {
  Image result = make_image(image.height, image.width);
  for (int y = 0; y < image.height; ++y) {
    const uint8_t* source = image.at(y, 0);
    uint8_t* target = result.at(y, 0) + row_bytes(image.width);
    for (int x = 0; x < image.width; ++x, source += 3) std::memcpy(target -= 3, source, 3);
  }
  return result;
}

Image pad(const Image& image, int height, int width, uint8_t fill) {
  if (height < image.height || width < image.width) {
    fail(ErrorKind::usage, fmt::format("cannot pad {} x {} to the smaller {} x {} (height x width)", image.height,
                                       image.width, height, width));
  }
  Image result = make_image(height, width, fill);
  paste(image, result, 0, 0);
  return result;
}

void paste(const Image& source, Image& target, int x, int y) {
  // 64-bit: any corner is allowed.
  const int64_t left = std::max<int64_t>(x, 0);
  const int64_t right = std::min<int64_t>(int64_t{x} + source.width, target.width);
  const int64_t top = std::max<int64_t>(y, 0);
  const int64_t bottom = std::min<int64_t>(int64_t{y} + source.height, target.height);
  if (left >= right) return;
  for (int64_t row = top; row < bottom; ++row) {
    std::memcpy(target.at(static_cast<int>(row), static_cast<int>(left)),
                source.at(static_cast<int>(row - y), static_cast<int>(left - x)),
                row_bytes(static_cast<int>(right - left)));
  }
}

}  // namespace spinenet::image
