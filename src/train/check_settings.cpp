#include "train/check_settings.h"

#include <algorithm>
#include <array>
#include <utility>
#include <variant>

#include "base/error.h"
#include "base/format.h"

namespace spinenet::train {
namespace {

bool has_object(const detect::Annotations& annotations) {
  return std::ranges::any_of(annotations.annotations, [](const detect::Annotation& a) { return !a.crowd; });
}

}  // namespace

void check_objects(const Recipe& recipe, const RunData& data) {
  if (!data.has_training_objects) {
    fail(ErrorKind::bad_data, "has no object to learn from", recipe.data.train_annotations,
         "name annotations with boxes in data.train_annotations");
  }
  if (data.val && !has_object(data.val_annotations)) {
    fail(ErrorKind::bad_data, "has no object that is not a crowd, so there is no AP to measure",
         recipe.data.hold_out > 0 ? "data.hold_out" : recipe.data.val_annotations,
         "measure on images with objects, or set data.val_annotations to \"\" to measure nothing");
  }
}

void check_classes(const ClassData& data) {
  if (data.classes.size() >= 2) return;
  fail(ErrorKind::bad_data, fmt::format("{} class: there is nothing to tell apart", data.classes.size()),
       "training set", "give images of at least two classes");
}

void check_augmentation(const Recipe& recipe) {
  const data::AugmentOptions& a = recipe.augment;
  const auto refuse = [&](const char* key, const char* remedy) {
    fail(ErrorKind::bad_data, fmt::format("augment.{} is not of the task {}", key, name_of(recipe.task)), "recipe",
         remedy);
  };
  if (recipe.task != arch::Task::segment && a.copy_paste > 0) refuse("copy_paste", "set it to 0: it needs masks");
  if (recipe.task != arch::Task::classify) return;
  const std::array<std::pair<const char*, double>, 4> moving{
      {{"mosaic", a.mosaic}, {"mixup", a.mixup}, {"rotate", a.rotate}, {"shear", a.shear}}};
  for (const auto& [key, value] : moving) {
    if (value > 0) refuse(key, "set it to 0; classify.mixup mixes the images of a classifier");
  }
}

void check_schedule(const Recipe& recipe) {
  if (recipe.schedule.decay_steps == 0 || recipe.schedule.kind == ScheduleKind::constant) return;
  fail(ErrorKind::usage, fmt::format("the rate of the kind {} falls by itself", name_of(recipe.schedule.kind)),
       "schedule.decay_steps", "set it to 0, or schedule.kind to constant");
}

void check_batch_norms(const graph::Program& program, int64_t images) {
  for (const graph::Op& op : program.ops) {
    if (!std::holds_alternative<graph::BatchNorm>(op.kind)) continue;
    const graph::Shape& shape = program.values[static_cast<size_t>(op.output)];
    if (images * shape.height * shape.width > 1) continue;
    fail(ErrorKind::usage,
         fmt::format("batch norm {} would see one value of each channel: its map is {} x {} and the batch {} image",
                     op.name, shape.height, shape.width, images),
         "image_size, batch", "set batch to 2 or more, or double image_size");
  }
}

}  // namespace spinenet::train
