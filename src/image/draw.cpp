#include "image/draw.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string>

#include <opencv2/imgproc.hpp>

#include "base/error.h"
#include "base/format.h"

namespace spinenet::image {
namespace {

constexpr int kFont = cv::FONT_HERSHEY_SIMPLEX;

cv::Mat view(Image& image) {
  return {image.height, image.width, CV_8UC3, image.pixels.data()};
}

cv::Scalar scalar(Color color) {
  return {double(color.r), double(color.g), double(color.b)};
}

int line_thickness(const Image& image) {
  return std::max(1, static_cast<int>(std::lround(std::min(image.height, image.width) / 240.0)));
}

// The least that can be read, and from 350-pixel images on growing with them.
double font_scale(const Image& image) {
  return std::max(0.35, std::min(image.height, image.width) / 1000.0);
}

// Hershey fonts have ASCII alone: one '?' stands for each other letter of UTF-8, a space for each control byte.
std::string drawable(std::string_view text) {
  std::string result;
  for (const char letter : text) {
    const auto byte = static_cast<unsigned char>(letter);
    if (byte < 0x20 || byte == 0x7F) {
      result += ' ';
    } else if (byte < 0x80) {
      result += letter;
    } else if (byte >= 0xC0) {
      result += '?';
    }
  }
  return result;
}

// Black on light ground, white on dark.
Color ink_on(Color ground) {
  const double light = 0.299 * ground.r + 0.587 * ground.g + 0.114 * ground.b;
  return light > 140 ? Color{0, 0, 0} : Color{255, 255, 255};
}

int to_pixel(float coordinate, int limit) {
  // Far outside is as good as just outside, and safe in integers.
  return static_cast<int>(std::lround(std::clamp(coordinate, -1.0F * limit, 2.0F * limit)));
}

void blend(uint8_t* pixel, Color color, float alpha) {
  const std::array<uint8_t, 3> target = {color.r, color.g, color.b};
  for (size_t c = 0; c < 3; ++c) {
    pixel[c] = static_cast<uint8_t>(std::lround(pixel[c] + (target[c] - pixel[c]) * alpha));
  }
}

}  // namespace

Color class_color(int label) {
  // Hue steps by the golden ratio keep near labels apart; every round of eight also changes lightness.
  const auto index = static_cast<uint32_t>(label);
  const double hue = std::fmod(0.02 + index * 0.6180339887498949, 1.0) * 6;
  const double value = 1.0 - 0.22 * (index / 8 % 3);
  const double saturation = index / 4 % 2 == 0 ? 0.85 : 0.6;
  const auto channel = [&](double offset) {
    const double distance = std::abs(std::fmod(hue + offset, 6.0) - 3);  // 3 at the channel's own hue
    const double strength = std::clamp(distance - 1, 0.0, 1.0);
    return static_cast<uint8_t>(std::lround(255 * value * (1 - saturation * (1 - strength))));
  };
  return {channel(0), channel(4), channel(2)};
}

void draw_box(Image& image, const BoxOutline& box) {
  if (!std::isfinite(box.x1) || !std::isfinite(box.y1) || !std::isfinite(box.x2) || !std::isfinite(box.y2)) return;
  if (image.pixels.empty()) return;
  const int thickness = box.thickness > 0 ? box.thickness : line_thickness(image);
  const cv::Point first(to_pixel(box.x1, image.width), to_pixel(box.y1, image.height));
  const cv::Point last(to_pixel(box.x2, image.width) - 1, to_pixel(box.y2, image.height) - 1);
  // Lines grow inwards as filled bars, so they never cover the neighbour and corners stay square.
  const int t = thickness;
  cv::Mat pixels = view(image);
  const auto bar = [&](int x1, int y1, int x2, int y2) {
    const cv::Rect area = cv::Rect(cv::Point(x1, y1), cv::Point(x2 + 1, y2 + 1)) & cv::Rect({}, pixels.size());
    if (area.area() > 0) pixels(area).setTo(scalar(box.color));
  };
  const int right = std::max(first.x, last.x);
  const int bottom = std::max(first.y, last.y);
  bar(first.x, first.y, right, std::min(first.y + t - 1, bottom));
  bar(first.x, std::max(bottom - t + 1, first.y), right, bottom);
  bar(first.x, first.y, std::min(first.x + t - 1, right), bottom);
  bar(std::max(right - t + 1, first.x), first.y, right, bottom);
}

void draw_label(Image& image, int x, int y, std::string_view text, Color color) {
  if (image.pixels.empty()) return;
  const std::string letters = drawable(text);
  const double scale = font_scale(image);
  const int thickness = std::max(1, static_cast<int>(std::lround(scale * 1.6)));
  int descent = 0;
  const cv::Size size = cv::getTextSize(letters, kFont, scale, thickness, &descent);
  const int margin = std::max(2, size.height / 4);
  const int height = size.height + descent + margin + thickness + 1;
  const int width = size.width + 2 * margin;
  const int top_above = std::clamp(y, 0, image.height) - height;
  const int top = top_above >= 0 ? top_above : std::clamp(y, 0, std::max(0, image.height - height));
  const int left = std::clamp(x, 0, std::max(0, image.width - width));
  cv::Mat pixels = view(image);
  const cv::Rect ground = cv::Rect(left, top, width, height) & cv::Rect({}, pixels.size());
  if (ground.area() == 0) return;
  pixels(ground).setTo(scalar(color));
  cv::Mat inside = pixels(ground);
  cv::putText(inside, letters, {margin, margin + size.height}, kFont, scale, scalar(ink_on(color)), thickness,
              cv::LINE_AA);
}

void draw_mask(Image& image, std::span<const uint8_t> mask, Color color, float alpha) {
  if (mask.size() * 3 != image.pixels.size()) {
    fail(ErrorKind::usage, fmt::format("a mask of {} values does not fit {} x {} (height x width)", mask.size(),
                                       image.height, image.width));
  }
  const float strength = std::clamp(alpha, 0.0F, 1.0F);
  const auto inside = [&](int y, int x) {
    if (y < 0 || x < 0 || y >= image.height || x >= image.width) return false;
    return mask[static_cast<size_t>(y) * static_cast<size_t>(image.width) + static_cast<size_t>(x)] != 0;
  };
  for (int y = 0; y < image.height; ++y) {
    for (int x = 0; x < image.width; ++x) {
      if (!inside(y, x)) continue;
      const bool is_edge = !inside(y - 1, x) || !inside(y + 1, x) || !inside(y, x - 1) || !inside(y, x + 1);
      blend(image.at(y, x), color, is_edge ? 1.0F : strength);
    }
  }
}

}  // namespace spinenet::image
