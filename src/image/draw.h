// Objects drawn on an image: a box in the colour of its class, or a mask in a colour of its own, and a label. Lines and
// letters scale with the image, and small images are enlarged first, so that both leave the objects visible.
//
// Thread contract: every function may be called from several threads on different images.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "image/image.h"
#include "image/instance_map.h"
#include "image/palette.h"

namespace spinenet::image {

struct DrawnBox {
  float x1 = 0, y1 = 0, x2 = 0, y2 = 0;  // pixels of the image; one that is not finite is not drawn
};

struct DrawnObject {
  std::optional<DrawnBox> box;  // nothing: what is said is of the whole image
  int label = 0;                // the class
  std::string name;             // on the label, cut where it is wider than the image; "": no label
  std::string detail;           // behind the name: a score
  MaskWindow mask{};            // where it has pixels, it is drawn in the place of the box
};

// Images whose longer side has fewer pixels are enlarged for drawing by the least whole factor that reaches it.
constexpr int kLeastSide = 480;

struct DrawingOptions {
  int line_width = 0;   // pixels of the drawn image; 0: by its size
  bool enlarge = true;  // small images, as kLeastSide has it
  int most_side = 0;    // larger images are reduced to it; 0: none is
};

// Pixels of a drawn image of this size.
int line_width(int height, int width);
int capital_height(int height, int width);
// The factor for an image of this size, 1 for one that is large enough.
int enlargement(int height, int width);

struct Drawing {
  Image image;
  int enlarged = 1;                    // the factor
  int64_t labels = 0, unlabelled = 0;  // drawn; left out, since there was no place that hides little
};

// The best objects first: their labels are placed first. Larger boxes and masks lie below smaller ones.
Drawing draw_objects(Image image, std::span<const DrawnObject> objects, const DrawingOptions& options = {});

}  // namespace spinenet::image
