#include "image/text.h"

#include <algorithm>
#include <cmath>

#include <opencv2/imgproc.hpp>

#include "image/one_thread.h"

namespace spinenet::image {
namespace {

constexpr int kFont = cv::FONT_HERSHEY_SIMPLEX;
constexpr double kFontCapitals = 21;  // pixels at scale 1
// Letters are drawn so many times as large and averaged, which gives strokes of any width smooth edges.
constexpr int kFiner = 4;
constexpr float kLeastStrength = 0.6F, kStrengthStep = 0.05F;
constexpr double kLegible = 4.5;

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

// Of the letters, kFiner times as large as they will be.
struct Finer {
  double scale;
  int thickness;
};

Finer finer(int capitals) {
  return {kFiner * capitals / kFontCapitals, std::max(1, static_cast<int>(std::lround(kFiner * capitals * 0.12)))};
}

int margin_beside(int capitals) {
  return std::max(2, capitals / 3);
}

int margin_above(int capitals) {
  return std::max(2, static_cast<int>(std::lround(capitals * 0.3)));
}

// Letters such as g reach below the line by a third of a capital, brackets a little further.
int margin_below(int capitals) {
  return std::max(3, static_cast<int>(std::ceil(capitals * 0.5)));
}

int text_width(const std::string& letters, int capitals) {
  const auto [scale, thickness] = finer(capitals);
  int below = 0;
  return (cv::getTextSize(letters, kFont, scale, thickness, &below).width + kFiner - 1) / kFiner;
}

Color color_at(const Image& image, int y, int x) {
  const uint8_t* pixel = image.at(y, x);
  return {pixel[0], pixel[1], pixel[2]};
}

// Whether ink is legible on every pixel of the ground.
bool is_legible(const Image& image, const PixelArea& area, Color color, const LabelLook& look) {
  for (int y = area.y; y < area.y + area.height; ++y) {
    for (int x = area.x; x < area.x + area.width; ++x) {
      if (contrast(blended(color_at(image, y, x), color, look.strength), look.ink) < kLegible) return false;
    }
  }
  return true;
}

// How much of each pixel of the area letters cover, 0 to 255.
cv::Mat coverage(const PixelArea& area, const std::string& letters, int capitals) {
  const auto [scale, thickness] = finer(capitals);
  cv::Mat large(kFiner * area.height, kFiner * area.width, CV_8UC1, cv::Scalar(0));
  const cv::Point start(kFiner * margin_beside(capitals), kFiner * (margin_above(capitals) + capitals));
  cv::putText(large, letters, start, kFont, scale, {255}, thickness, cv::LINE_AA);
  cv::Mat small;
  cv::resize(large, small, {area.width, area.height}, 0, 0, cv::INTER_AREA);
  return small;
}

}  // namespace

LabelSize label_size(std::string_view text, int capitals) {
  return {margin_above(capitals) + capitals + margin_below(capitals),
          text_width(drawable(text), capitals) + 2 * margin_beside(capitals)};
}

std::string label_text(const std::string& name, const std::string& detail, int capitals, int width) {
  const auto fits = [&](const std::string& text) { return label_size(text, capitals).width <= width; };
  const std::string letters = drawable(name);
  for (const std::string& behind : {detail.empty() ? detail : " " + detail, std::string()}) {
    if (fits(name + behind)) return name + behind;
    // The longest part that fits: `most` is one letter too many.
    size_t least = 0, most = letters.size();
    while (most > least + 1) {
      const size_t middle = (least + most) / 2;
      (fits(letters.substr(0, middle) + "..." + behind) ? least : most) = middle;
    }
    if (least > 0) return letters.substr(0, least) + "..." + behind;
  }
  return {};
}

LabelLook label_look(const Image& image, const PixelArea& area, Color color) {
  LabelLook look{ink_on(color), kLeastStrength};
  while (look.strength < 1 && !is_legible(image, area, color, look)) {
    look.strength = std::min(1.0F, look.strength + kStrengthStep);
  }
  return look;
}

void draw_label(Image& image, const PixelArea& area, std::string_view text, int capitals, Color color) {
  keep_opencv_in_one_thread();
  const LabelLook look = label_look(image, area, color);
  const cv::Mat letters = coverage(area, drawable(text), capitals);
  for (int y = 0; y < area.height; ++y) {
    for (int x = 0; x < area.width; ++x) {
      const bool edge = y == 0 || x == 0 || y + 1 == area.height || x + 1 == area.width;
      const Color under = color_at(image, area.y + y, area.x + x);
      const Color ground = blended(under, color, look.strength);
      const float ink = static_cast<float>(letters.at<uint8_t>(y, x)) / 255;
      tint(image.at(area.y + y, area.x + x), edge ? color : blended(ground, look.ink, ink), 1);
    }
  }
}

}  // namespace spinenet::image
