#include "data/convert/labelled_set.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "data/convert/set_text.h"

namespace spinenet::data {

std::optional<SetPart> part_named(std::string_view text) {
  constexpr std::array<std::pair<std::string_view, SetPart>, 9> kPartNames{{{"all", SetPart::all},
                                                                            {"default", SetPart::all},
                                                                            {"train", SetPart::train},
                                                                            {"training", SetPart::train},
                                                                            {"val", SetPart::val},
                                                                            {"valid", SetPart::val},
                                                                            {"validation", SetPart::val},
                                                                            {"test", SetPart::test},
                                                                            {"testing", SetPart::test}}};
  const std::string word = lower_case(trimmed(text));
  for (const auto& [name, part] : kPartNames) {
    if (name == word) return part;
  }
  return std::nullopt;
}

Corners extent_of(const std::vector<std::vector<double>>& polygons) {
  Corners box{INFINITY, INFINITY, -INFINITY, -INFINITY};
  for (const std::vector<double>& polygon : polygons) {
    for (size_t i = 0; i + 1 < polygon.size(); i += 2) {
      box.x1 = std::min(box.x1, polygon[i]);
      box.x2 = std::max(box.x2, polygon[i]);
      box.y1 = std::min(box.y1, polygon[i + 1]);
      box.y2 = std::max(box.y2, polygon[i + 1]);
    }
  }
  return box;
}

Corners extent_of(const detect::Rle& rle) {
  const detect::PixelRect rect = detect::pixel_extent(rle);
  return {static_cast<double>(rect.x), static_cast<double>(rect.y), static_cast<double>(rect.x + rect.width),
          static_cast<double>(rect.y + rect.height)};
}

bool box_differs_from_mask(const SetObject& object) {
  constexpr double kSame = 0.01;
  if (object.mask.empty()) return false;
  const Corners mask = object.mask.polygons.empty() ? extent_of(object.mask.rle) : extent_of(object.mask.polygons);
  return std::abs(mask.x1 - object.box.x1) > kSame || std::abs(mask.y1 - object.box.y1) > kSame ||
         std::abs(mask.x2 - object.box.x2) > kSame || std::abs(mask.y2 - object.box.y2) > kSame;
}

double tidy(double pixels) {
  constexpr double kParts = 1e6;
  const double rounded = std::round(pixels * kParts) / kParts;
  return std::abs(rounded - pixels) <= 1e-9 + 4e-15 * std::abs(pixels) ? rounded + 0.0 : pixels;
}

Corners tidy(const Corners& box) {
  return {tidy(box.x1), tidy(box.y1), tidy(box.x2), tidy(box.y2)};
}

}  // namespace spinenet::data
