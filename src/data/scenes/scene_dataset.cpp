#include "data/scenes/scene_dataset.h"

#include <algorithm>

#include "base/error.h"

namespace spinenet::data {

SceneDataset::SceneDataset(const ScenesOptions& options, bool masks)
    : options_(options), style_(scene_style(options)), masks_(masks) {
  if (options.images < 1) {
    fail(ErrorKind::usage, "no scenes to train on were asked for", "scenes", "ask for at least one");
  }
  wardrobe_ = training_wardrobe(options);
}

LabelledImage SceneDataset::get_in(int64_t epoch, int64_t index) const {
  // As if the epochs were one long list, the first of which may be stored.
  const int64_t number = epoch * size() + index;
  Scene scene = compose_scene(style_, wardrobe_, options_.size, training_scene_random(options_, number));
  LabelledImage sample;
  sample.image_id = number + 1;
  sample.image = std::move(scene.image);
  for (SceneObject& object : scene.objects) {
    const auto label = std::ranges::find(style_.classes, object.label) - style_.classes.begin();
    const auto& [x, y, width, height] = object.bbox;
    sample.targets.push_back(
        {{static_cast<float>(x), static_cast<float>(y), static_cast<float>(x + width), static_cast<float>(y + height)},
         static_cast<int>(label),
         false});
    if (!masks_) continue;
    detect::ObjectMask mask;
    mask.shape.rle = std::move(object.mask);
    sample.masks.push_back(std::move(mask));
  }
  return sample;
}

}  // namespace spinenet::data
