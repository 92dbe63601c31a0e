// The garments of Fashion-MNIST as a classification set: 28 x 28 images, ten classes with ids 0 to 9.
//
// Thread contract: immutable after construction; every member function may be called from several threads.
#pragma once

#include <vector>

#include "data/classes/fashion_mnist.h"
#include "data/loading/dataset.h"
#include "detect/annotations.h"

namespace spinenet::data {

class GarmentImages : public Dataset {
 public:
  explicit GarmentImages(FashionMnist garments) : garments_(std::move(garments)) {}

  int64_t size() const override { return garments_.size(); }
  // Ids count from 1 in the order of the file.
  LabelledImage get(int64_t index) const override;

  static std::vector<detect::Category> classes();

 private:
  FashionMnist garments_;
};

}  // namespace spinenet::data
