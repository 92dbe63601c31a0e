#include "image/color.h"

#include <algorithm>
#include <array>
#include <cmath>

#include <opencv2/imgproc.hpp>

#include "image/one_thread.h"

namespace spinenet::image {
namespace {

uint8_t to_sample(float value) {
  return static_cast<uint8_t>(std::lround(std::clamp(value, 0.0F, 255.0F)));
}

// ITU-R BT.601 luma.
float grey_of(const uint8_t* pixel) {
  return 0.299F * pixel[0] + 0.587F * pixel[1] + 0.114F * pixel[2];
}

// Every sample becomes centre + (sample - centre) * factor.
void scale_samples(Image& image, float centre, float factor) {
  std::array<uint8_t, 256> table{};
  for (size_t i = 0; i < table.size(); ++i) table[i] = to_sample(centre + (static_cast<float>(i) - centre) * factor);
  for (uint8_t& sample : image.pixels) sample = table[sample];
}

}  // namespace

void adjust_brightness(Image& image, float factor) {
  scale_samples(image, 0, factor);
}

void adjust_contrast(Image& image, float factor) {
  if (image.pixels.empty()) return;
  double sum = 0;
  for (size_t i = 0; i < image.pixels.size(); i += 3) sum += grey_of(&image.pixels[i]);
  scale_samples(image, static_cast<float>(sum * 3 / static_cast<double>(image.pixels.size())), factor);
}

void adjust_saturation(Image& image, float factor) {
  for (size_t i = 0; i < image.pixels.size(); i += 3) {
    uint8_t* pixel = &image.pixels[i];
    const float grey = grey_of(pixel);
    for (int c = 0; c < 3; ++c) pixel[c] = to_sample(grey + (pixel[c] - grey) * factor);
  }
}

void adjust_hue(Image& image, float shift) {
  // The circle has 256 steps here, and bytes wrap around by themselves.
  const auto steps = static_cast<uint8_t>(std::lround((shift - std::floor(shift)) * 256));
  if (steps == 0 || image.pixels.empty()) return;
  keep_opencv_in_one_thread();
  cv::Mat pixels(image.height, image.width, CV_8UC3, image.pixels.data());
  cv::Mat hsv;
  cv::cvtColor(pixels, hsv, cv::COLOR_RGB2HSV_FULL);
  const size_t count = image.pixels.size();
  for (size_t i = 0; i < count; i += 3) hsv.data[i] = static_cast<uint8_t>(hsv.data[i] + steps);
  cv::cvtColor(hsv, pixels, cv::COLOR_HSV2RGB_FULL);
}

}  // namespace spinenet::image
