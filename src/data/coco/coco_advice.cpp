#include "data/coco/coco_advice.h"

#include <algorithm>
#include <cmath>
#include <unordered_map>

#include "base/format.h"

namespace spinenet::data {
namespace {

constexpr int kStep = 128;  // sizes of inputs
constexpr int kSmallestInput = 256, kLargestInput = 1024;
constexpr double kWantedSide = 12;                         // pixels of the input, of an object among the smallest tenth
constexpr double kSmallestStride = 8;                      // of level 3
constexpr double kSmallestAnchor = 1, kLargestAnchor = 4;  // in strides
constexpr double kThinnest = 20;                           // sides of an anchor, one to the other
constexpr double kDifferentRatios = 1.25;                  // two ratios closer than this are one

// Of sorted values.
double quantile(const std::vector<double>& sorted, double share) {
  return sorted[static_cast<size_t>(std::lround(share * static_cast<double>(sorted.size() - 1)))];
}

struct Measures {
  std::vector<double> sides, ratios, longer_sides;  // sorted; shares of the image, width to height, pixels
};

Measures measure(const detect::Annotations& annotations) {
  Measures found;
  std::unordered_map<int64_t, double> longer_side;
  for (const detect::ImageInfo& image : annotations.images) {
    const auto longer = static_cast<double>(std::max(image.width, image.height));
    if (longer <= 0) continue;
    longer_side.emplace(image.id, longer);
    found.longer_sides.push_back(longer);
  }
  for (const detect::Annotation& box : annotations.annotations) {
    const auto image = longer_side.find(box.image_id);
    if (box.crowd || image == longer_side.end() || !(box.bbox[2] > 0) || !(box.bbox[3] > 0)) continue;
    found.sides.push_back(std::sqrt(box.bbox[2] * box.bbox[3]) / image->second);
    found.ratios.push_back(box.bbox[2] / box.bbox[3]);
  }
  for (auto* values : {&found.sides, &found.ratios, &found.longer_sides}) std::ranges::sort(*values);
  return found;
}

int to_step(double size) {
  return static_cast<int>(std::lround(size / kStep)) * kStep;
}

void choose_image_size(const Measures& of, DatasetAdvice& out) {
  const double small = quantile(of.sides, 0.1), longer = quantile(of.longer_sides, 0.5);
  const double wanted = std::ceil(kWantedSide / small / kStep) * kStep;  // beyond any int for the tiniest sides
  const int most = std::clamp(to_step(std::min<double>(longer, kLargestInput)), kSmallestInput, kLargestInput);
  out.image_size = static_cast<int>(std::clamp<double>(wanted, kSmallestInput, most));
  const double pixels = small * out.image_size;
  out.image_size_reason =
      fmt::format("a tenth of the objects have sides below {:.1f} % of their image, which are {:.0f} pixels at {}",
                  100 * small, pixels, out.image_size);
  if (wanted > most && most < kLargestInput) {
    out.image_size_reason += fmt::format("; half of the images are no larger than {:.0f}", longer);
  } else if (wanted > most) {
    out.image_size_reason += "; a larger input needs a machine for it";
  }
}

void choose_anchors(const Measures& of, DatasetAdvice& out) {
  const double side = quantile(of.sides, 0.1) * out.image_size;
  out.anchor_size = std::clamp(std::round(2 * side / kSmallestStride) / 2, kSmallestAnchor, kLargestAnchor);
  const double narrow = quantile(of.ratios, 0.1), middle = quantile(of.ratios, 0.5), wide = quantile(of.ratios, 0.9);
  const auto add = [&](double ratio) {
    const double rounded = std::clamp(std::round(ratio * 20) / 20, 1 / kThinnest, kThinnest);
    const bool known = std::ranges::find(out.aspect_ratios, rounded) != out.aspect_ratios.end();
    if (!known) out.aspect_ratios.push_back(rounded);
  };
  add(middle);
  if (wide / middle >= kDifferentRatios) add(wide);
  if (middle / narrow >= kDifferentRatios) add(narrow);
  out.anchor_reason = fmt::format(
      "the smallest anchor is {:.0f} pixels wide, as the objects of the smallest tenth are {:.0f} or less; objects are "
      "{:.2f} times as wide as high in the middle, a tenth below {:.2f} and a tenth above {:.2f}",
      out.anchor_size * kSmallestStride, side, middle, narrow, wide);
}

}  // namespace

std::optional<DatasetAdvice> advice(const detect::Annotations& annotations) {
  const Measures found = measure(annotations);
  if (found.sides.empty()) return std::nullopt;
  DatasetAdvice out;
  choose_image_size(found, out);
  choose_anchors(found, out);
  return out;
}

Json to_json(const DatasetAdvice& advice) {
  return {{"image_size", advice.image_size},
          {"anchor_size", advice.anchor_size},
          {"aspect_ratios", advice.aspect_ratios},
          {"image_size_reason", advice.image_size_reason},
          {"anchor_reason", advice.anchor_reason}};
}

}  // namespace spinenet::data
