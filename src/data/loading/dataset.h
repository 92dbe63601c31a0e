// A data set as the loader sees it: a number of samples, each decoded on demand. A sample of a detection set has
// targets, one of a classification set a label. Crowd regions stay in the sample (the
// labels turn them into ignore areas); boxes are in pixels of the decoded, EXIF-upright image.
//
// Thread contract: size(), get() and get_in() may be called from several threads at once.
#pragma once

#include <cstdint>
#include <vector>

#include "detect/box.h"
#include "detect/mask_target.h"
#include "image/image.h"

namespace spinenet::data {

struct Target {
  detect::Box box;
  int label = 0;  // index into the class list
  bool crowd = false;
};

struct LabelledImage {
  int64_t image_id = 0;
  image::Image image;
  std::vector<Target> targets;
  int label = -1;                         // of the image as a whole
  std::vector<detect::ObjectMask> masks;  // one for each target; none in a set without masks
};

class Dataset {
 public:
  virtual ~Dataset() = default;
  virtual int64_t size() const = 0;
  virtual LabelledImage get(int64_t index) const = 0;
  // In an epoch of training; other images each time where they are made on the way.
  virtual LabelledImage get_in(int64_t /*epoch*/, int64_t index) const { return get(index); }
};

}  // namespace spinenet::data
