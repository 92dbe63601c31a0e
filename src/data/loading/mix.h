// Inputs of several images, and what is done to an input as a whole: four images side by side (mosaic), a second image
// that shines through (mixup), objects of a second image pasted over the first (copy-paste), turning and shearing, a
// rectangle erased.
//
// Each option draws from a generator of its own, forked by its name: switching one on leaves the draws of all others as
// they are. Masks become run-length codes of the input's pixels where an option changes them by more than a scale.
// Invariant: a pure function of the images, the options and the random generator; boxes and masks follow the pixels.
// Thread contract: pure functions, which call `get` in the calling thread.
// Source: Bochkovskiy et al. 2020 (YOLOv4), section 3.3, for the mosaic; Zhang et al. 2019 (Bag of Freebies for
// Training Object Detection Neural Networks), section 3.1, for mixup, whose images count alike here; Ghiasi et al. 2021
// (Simple Copy-Paste), section 3; Zhong et al. 2017 (Random Erasing), section 3.
#pragma once

#include <cstdint>
#include <functional>

#include "base/random.h"
#include "data/loading/augment.h"
#include "data/loading/dataset.h"

namespace spinenet::data {

// The images that may be mixed in. An image without pixels is one that could not be read: its place stays empty.
struct OtherImages {
  int64_t count = 0;
  std::function<LabelledImage(int64_t index)> get;
};

// A training input, size x size. `others` with a count of 0: of one image alone.
LabelledImage training_input(LabelledImage sample, const AugmentOptions& options, int size, const OtherImages& others,
                             const Random& random);

// Fills one rectangle of 2 to 20 % of the image, with sides in a ratio of 0.3 to 3.3, with the mean colour.
void erase_rectangle(image::Image& image, Random& random);

}  // namespace spinenet::data
