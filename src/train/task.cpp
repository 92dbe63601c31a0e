#include "train/task.h"

#include <algorithm>

#include "base/error.h"
#include "train/check_settings.h"
#include "train/task_classify.h"
#include "train/task_detect.h"
#include "train/task_segment.h"

namespace spinenet::train {

data::LoaderOptions measuring_loader(const Recipe& recipe) {
  data::LoaderOptions options;
  options.train = false;
  options.batch = std::min(recipe.batch, 8);
  options.size = recipe.image_size;
  options.threads = recipe.data.loader_threads;
  options.prefetch = 3;
  options.bad_images = recipe.data.bad_images;
  options.normalization = normalization_of(recipe);
  return options;
}

std::unique_ptr<TrainTask> make_task(const Recipe& recipe, const arch::Architecture& architecture,
                                     const ScenesMaking* making) {
  const auto objects = [&](bool masks) {
    RunData data = open_data(recipe.data, making, masks);
    check_objects(recipe, data);
    return data;
  };
  check_augmentation(recipe);
  check_schedule(recipe);
  switch (recipe.task) {
    case arch::Task::detect:
      return std::make_unique<DetectTask>(recipe, architecture, objects(false));
    case arch::Task::classify: {
      ClassData data = open_class_data(recipe.data);
      check_classes(data);
      return std::make_unique<ClassifyTask>(recipe, architecture, std::move(data));
    }
    case arch::Task::segment:
      return std::make_unique<SegmentTask>(recipe, architecture, objects(true));
  }
  fail(ErrorKind::failed, "an unknown task", "task");
}

}  // namespace spinenet::train
