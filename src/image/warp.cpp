#include "image/warp.h"

#include <cmath>
#include <numbers>

#include <opencv2/imgproc.hpp>

#include "base/error.h"
#include "image/canvas.h"
#include "image/one_thread.h"

namespace spinenet::image {
namespace {

double radians(double degrees) {
  return degrees * std::numbers::pi / 180;
}

Affine about(const Affine& linear, double x, double y) {
  const auto [moved_x, moved_y] = linear.of(x, y);
  Affine out = linear;
  out.x0 = x - moved_x;
  out.y0 = y - moved_y;
  return out;
}

// From the pixels of the result, counted from their middles as OpenCV does, to those of the source.
cv::Mat source_of_pixel(const Affine& affine) {
  const Affine back = inverse(affine);
  const auto [x, y] = back.of(0.5, 0.5);
  return (cv::Mat_<double>(2, 3) << back.xx, back.xy, x - 0.5, back.yx, back.yy, y - 0.5);
}

}  // namespace

Affine affine_of(const Turn& turn) {
  const double c = std::cos(radians(turn.degrees)), s = std::sin(radians(turn.degrees));
  const double along_x = std::tan(radians(turn.shear_x)), along_y = std::tan(radians(turn.shear_y));
  Affine linear;
  linear.xx = c - s * along_y;
  linear.xy = c * along_x - s;
  linear.yx = s + c * along_y;
  linear.yy = s * along_x + c;
  return about(linear, turn.center_x, turn.center_y);
}

Affine inverse(const Affine& a) {
  const double determinant = a.xx * a.yy - a.xy * a.yx;
  if (!(std::abs(determinant) > 1e-9)) fail(ErrorKind::usage, "this shear leaves a line of the image", "warp");
  Affine back;
  back.xx = a.yy / determinant;
  back.xy = -a.xy / determinant;
  back.yx = -a.yx / determinant;
  back.yy = a.xx / determinant;
  back.x0 = -(back.xx * a.x0 + back.xy * a.y0);
  back.y0 = -(back.yx * a.x0 + back.yy * a.y0);
  return back;
}

Image warp(const Image& image, const Affine& affine) {
  keep_opencv_in_one_thread();
  Image result = make_image(image.height, image.width);
  const cv::Mat from(image.height, image.width, CV_8UC3, const_cast<uint8_t*>(image.pixels.data()));
  cv::Mat to(image.height, image.width, CV_8UC3, result.pixels.data());
  cv::warpAffine(from, to, source_of_pixel(affine), to.size(), cv::INTER_LINEAR | cv::WARP_INVERSE_MAP,
                 cv::BORDER_CONSTANT, cv::Scalar(kMeanColor[0], kMeanColor[1], kMeanColor[2]));
  return result;
}

std::vector<uint8_t> warp_mask(std::span<const uint8_t> mask, int height, int width, const Affine& affine) {
  const Affine back = inverse(affine);
  std::vector<uint8_t> result(mask.size(), 0);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      const auto [from_x, from_y] = back.of(x + 0.5, y + 0.5);
      if (!(from_x >= 0 && from_x < width && from_y >= 0 && from_y < height)) continue;
      const size_t source = static_cast<size_t>(from_y) * static_cast<size_t>(width) + static_cast<size_t>(from_x);
      result[static_cast<size_t>(y) * static_cast<size_t>(width) + static_cast<size_t>(x)] = mask[source];
    }
  }
  return result;
}

}  // namespace spinenet::image
