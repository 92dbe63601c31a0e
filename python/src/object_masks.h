// The masks of one image's objects, kept as the annotation file has them, and what a mask head learns of them.
//
// Thread contract: immutable.
#pragma once

#include <vector>

#include "detect/mask_target.h"

namespace spinenet::python {

class ObjectMasks {
 public:
  explicit ObjectMasks(std::vector<detect::ObjectMask> masks) : masks_(std::move(masks)) {}

  size_t size() const { return masks_.size(); }
  bool has(size_t object) const { return !masks_[object].shape.empty(); }
  const detect::ObjectMask& operator[](size_t object) const { return masks_[object]; }

 private:
  std::vector<detect::ObjectMask> masks_;  // one for each target of the image
};

}  // namespace spinenet::python
