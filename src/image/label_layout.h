// Where labels stand: each beside, above, below or inside the object that it names, where it hides least of the other
// objects and labels.
//
// What a place hides is the sum of the share that it covers of every object, its own included, and four times the share
// that it covers of every label placed before it: covering a small object weighs as much as covering a large one whole.
// The labels are placed one after another, in the order of the objects.
// Thread contract: pure functions.
#pragma once

#include <optional>
#include <span>
#include <vector>

namespace spinenet::image {

// Pixels; the right and lower edges are exclusive.
struct PixelArea {
  int x = 0, y = 0, width = 0, height = 0;
  bool operator==(const PixelArea&) const = default;
};

// What of it lies inside an image of this size.
PixelArea cut(const PixelArea& area, int height, int width);

// Where the edge of an object touches that of the rectangle around it: the columns above and below, the rows to the
// left and to the right. A label stands there, since the corners of the rectangle may be far from the object.
struct Tips {
  int above = 0, below = 0, left = 0, right = 0;
  bool operator==(const Tips&) const = default;
};

struct LabelledObject {
  PixelArea area;
  std::optional<Tips> tips;  // nothing: the object is the rectangle
};

struct LabelSize {
  int height = 0, width = 0;  // 0: the object has no label
};

// A label that would hide more than this everywhere is left out: half of another object, or as much of several.
constexpr double kMostHidden = 0.5;
// Of the objects of an image, the first so many have labels.
constexpr int kMostLabels = 1000;

// The places around an object, the better ones first; all lie inside an image of this size, none appears twice. None
// where the label is larger than the image.
std::vector<PixelArea> label_places(const LabelledObject& object, const LabelSize& size, int height, int width);

// What a place hides; `objects` and `labels` (of which some may be none) as in place_labels.
double hidden_by(const PixelArea& place, std::span<const LabelledObject> objects,
                 std::span<const std::optional<PixelArea>> labels);

// For each object the place that hides least, the first one of equals. `objects` lie inside the image; one without an
// area has no label.
std::vector<std::optional<PixelArea>> place_labels(std::span<const LabelledObject> objects,
                                                   std::span<const LabelSize> sizes, int height, int width);

}  // namespace spinenet::image
