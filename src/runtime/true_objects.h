// What a data set says of an image, as it is drawn beside what a model finds.
//
// Thread contract: pure functions.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "data/loading/dataset.h"
#include "image/draw.h"

namespace spinenet::runtime {

// Each object with its mask or box, crowd regions aside; of a classification set the class of the image. `classes`:
// their names by label.
std::vector<image::DrawnObject> true_objects(const data::LabelledImage& sample, std::span<const std::string> classes);

}  // namespace spinenet::runtime
