#include "data/loading/random_crop.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/format.h"
#include "image/resize.h"

namespace spinenet::data {
namespace {

constexpr int kTries = 10;  // for a part that fits

struct Part {
  int x = 0, y = 0, width = 0, height = 0;
};

// The largest part in the middle whose ratio is allowed.
Part middle_part(const image::Image& image, double ratio) {
  Part part;
  part.width = std::min(image.width, std::max(1, static_cast<int>(std::lround(image.height * ratio))));
  part.height = std::min(image.height, std::max(1, static_cast<int>(std::lround(image.width * ratio))));
  part.x = (image.width - part.width) / 2;
  part.y = (image.height - part.height) / 2;
  return part;
}

Part draw_part(const image::Image& image, const CropOptions& options, Random& random) {
  const double whole = static_cast<double>(image.height) * image.width;
  const double log_ratio = std::log(options.ratio);
  for (int i = 0; i < kTries; ++i) {
    const double area = whole * random.uniform(options.area_min, options.area_max);
    const double ratio = std::exp(random.uniform(-log_ratio, log_ratio));
    Part part;
    part.width = static_cast<int>(std::lround(std::sqrt(area * ratio)));
    part.height = static_cast<int>(std::lround(std::sqrt(area / ratio)));
    if (part.width < 1 || part.height < 1 || part.width > image.width || part.height > image.height) continue;
    part.x = static_cast<int>(random.below(image.width - part.width + 1));
    part.y = static_cast<int>(random.below(image.height - part.height + 1));
    return part;
  }
  return middle_part(image, options.ratio);
}

}  // namespace

void check(const CropOptions& options) {
  if (options.area_min <= options.area_max) return;
  fail(ErrorKind::usage, fmt::format("area_min {} and area_max {}", options.area_min, options.area_max), "classify",
       "area_min has to be at most area_max");
}

image::Image random_crop(const image::Image& image, const CropOptions& options, const AugmentOptions& colours, int size,
                         Random& random) {
  const bool mirrored = random.chance(colours.flip);
  const Part part = draw_part(image, options, random);
  image::Image seen =
      image::resize(image::crop(image, part.x, part.y, part.x + part.width, part.y + part.height), size, size);
  if (mirrored) seen = image::flip_horizontal(seen);
  jitter(seen, colours, random);
  return seen;
}

}  // namespace spinenet::data
