// One scene of the built-in data set: garments over a wide range of sizes on a ground with distractors, each with the
// mask of its visible part.
//
// Invariant: every object shows at least SceneStyle::min_visible of itself; objects that would show less, behind others
// or beyond the border, are not painted at all, so no garment is in the image without an annotation.
// Thread contract: compose_scene may be called from several threads; the same Random gives the same scene.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "base/random.h"
#include "data/classes/fashion_mnist.h"
#include "data/scenes/scene_ground.h"
#include "detect/mask.h"
#include "image/image.h"

namespace spinenet::data {

struct IntRange {
  int low = 0, high = 0;  // both may occur
};

struct SceneStyle {
  std::vector<int> classes;  // Fashion-MNIST labels
  IntRange objects{3, 8};
  // Longer side of a garment in pixels: between two numbers that follow each other, each two as often as the next, and
  // of those between them the logarithm is uniform.
  std::vector<double> sizes{12, 300};
  double max_rotation = 0;    // radians
  double max_overlap = 0;     // share of a new object's box that earlier boxes may cover
  double max_outside = 0;     // share of an object's box that may lie beyond the border
  double min_visible = 0.35;  // of an object's pixels
  double min_tint = 0.5;      // saturation of the garments' colours
  GroundLook ground;
  IntRange shapes, fragments;  // distractors behind the objects
  IntRange occluders;          // shapes among and in front of the objects
};

struct SceneObject {
  int label = 0;  // Fashion-MNIST label
  detect::Rle mask;
  int64_t area = 0;
  std::array<double, 4> bbox{};  // x, y, width, height: the smallest that holds the mask
};

struct Scene {
  image::Image image;
  std::vector<SceneObject> objects;
};

// The photographs with a list of the indices of each class.
struct Wardrobe {
  FashionMnist photos;
  std::array<std::vector<int64_t>, kGarmentNames.size()> of_class;
};
Wardrobe make_wardrobe(FashionMnist photos);

Scene compose_scene(const SceneStyle& style, const Wardrobe& wardrobe, int size, Random random);

}  // namespace spinenet::data
