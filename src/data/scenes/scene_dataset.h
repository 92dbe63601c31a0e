// The built-in scenes as a data set that is made while it is read: no file is written, and every epoch has other
// scenes. The first epoch's are those that make_scenes() stores, before they are compressed.
//
// Thread contract: as Dataset.
#pragma once

#include <vector>

#include "data/loading/dataset.h"
#include "data/scenes/scenes.h"

namespace spinenet::data {

class SceneDataset : public Dataset {
 public:
  // options.images: scenes of an epoch, at least 1. Reads the photographs of the training part. `masks`: of each
  // object.
  explicit SceneDataset(const ScenesOptions& options, bool masks = false);

  std::vector<detect::Category> classes() const { return scene_classes(style_); }
  const FashionMnist& photos() const { return wardrobe_.photos; }
  int64_t size() const override { return options_.images; }
  LabelledImage get(int64_t index) const override { return get_in(0, index); }
  LabelledImage get_in(int64_t epoch, int64_t index) const override;

 private:
  ScenesOptions options_;
  SceneStyle style_;
  Wardrobe wardrobe_;
  bool masks_ = false;
};

}  // namespace spinenet::data
