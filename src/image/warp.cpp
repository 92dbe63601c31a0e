#include "image/warp.h"

#include <array>
#include <cmath>
#include <numbers>

#include "base/error.h"
#include "image/canvas.h"

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

// The four pixels around a place and how much of it each is; what lies outside of the image has the mean colour.
class Sampler {
 public:
  explicit Sampler(const Image& image) : image_(image) {}

  void put(double x, double y, uint8_t* out) const {
    const double left = std::floor(x - 0.5), top = std::floor(y - 0.5);
    const double right_share = x - 0.5 - left, lower_share = y - 0.5 - top;
    const auto column = static_cast<int64_t>(left), row = static_cast<int64_t>(top);
    const std::array<const uint8_t*, 4> pixels{pixel(row, column), pixel(row, column + 1), pixel(row + 1, column),
                                               pixel(row + 1, column + 1)};
    for (size_t c = 0; c < 3; ++c) {
      const double upper = pixels[0][c] + right_share * (pixels[1][c] - pixels[0][c]);
      const double lower = pixels[2][c] + right_share * (pixels[3][c] - pixels[2][c]);
      out[c] = static_cast<uint8_t>(std::lround(upper + lower_share * (lower - upper)));
    }
  }

 private:
  const uint8_t* pixel(int64_t y, int64_t x) const {
    const bool inside = y >= 0 && y < image_.height && x >= 0 && x < image_.width;
    return inside ? image_.at(static_cast<int>(y), static_cast<int>(x)) : kMeanColor.data();
  }

  const Image& image_;
};

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
  const Affine back = inverse(affine);
  const Sampler sampler(image);
  Image result = make_image(image.height, image.width);
  for (int y = 0; y < image.height; ++y) {
    for (int x = 0; x < image.width; ++x) {
      const auto [from_x, from_y] = back.of(x + 0.5, y + 0.5);
      sampler.put(from_x, from_y, result.at(y, x));
    }
  }
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
