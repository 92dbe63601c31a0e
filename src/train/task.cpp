#include "train/task.h"

#include <algorithm>

#include "base/error.h"
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
  return options;
}

std::unique_ptr<TrainTask> make_task(const Recipe& recipe, const arch::Architecture& architecture,
                                     const ProgressOptions* making) {
  switch (recipe.task) {
    case arch::Task::detect:
      return std::make_unique<DetectTask>(recipe, architecture, open_data(recipe.data, making));
    case arch::Task::classify:
      return std::make_unique<ClassifyTask>(recipe, architecture, open_class_data(recipe.data));
    case arch::Task::segment:
      return std::make_unique<SegmentTask>(recipe, architecture, open_data(recipe.data, making, true));
  }
  fail(ErrorKind::failed, "an unknown task", "task");
}

}  // namespace spinenet::train
