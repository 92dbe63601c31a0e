#include "train/run_data.h"

#include <algorithm>
#include <optional>
#include <tuple>

#include "base/format.h"
#include "base/log.h"
#include "base/progress.h"
#include "data/coco/coco.h"
#include "data/loading/hold_out.h"

namespace spinenet::train {
namespace {

data::ScenesOptions scenes_of(const DataRecipe& recipe) {
  data::ScenesOptions options = data::scenes_options(*recipe.scenes);
  options.seed = recipe.scenes_seed;
  if (recipe.scenes_images) options.images = *recipe.scenes_images;
  if (recipe.scenes_val_images) options.val_images = *recipe.scenes_val_images;
  if (recipe.scenes_size) options.size = *recipe.scenes_size;
  return options;
}

void make_missing_scenes(const DataRecipe& recipe, const ScenesMaking& making) {
  if (!recipe.scenes) return;
  const data::ScenesOptions options = scenes_of(recipe);
  const std::filesystem::path root = recipe.root.empty() ? "." : recipe.root;
  std::optional<Progress> progress;  // begins with the first scene that is made
  data::ScenesWork work;
  work.flag = "data.root (where your own data is there, set data.scenes to null)";
  work.stop = [&] { return making.stop_signal != nullptr && making.stop_signal->load() != 0; };
  work.progress = [&](int64_t done, int64_t total) {
    if (!progress) {
      log_info(fmt::format("making {} scenes in {}", total, root.string()));
      progress.emplace("scenes", total, making.progress);
    }
    progress->update(done);
  };
  data::make_scenes(root, options, work);
}

}  // namespace

std::vector<int64_t> RunData::category_ids() const {
  std::vector<int64_t> ids;
  for (const detect::Category& category : classes) ids.push_back(category.id);
  return ids;
}

RunData open_data(const DataRecipe& recipe, const ScenesMaking* making, bool masks) {
  if (making != nullptr) make_missing_scenes(recipe, *making);
  data::CocoReadOptions read;
  read.segmentations = masks;
  RunData data;
  detect::Annotations train = data::read_coco(std::filesystem::path(recipe.root) / recipe.train_annotations, read);
  std::string val_images = recipe.val_images;
  data.classes = data::class_list(train);
  if (recipe.hold_out > 0) {
    std::tie(train, data.val_annotations) = data::hold_out(train, recipe.hold_out);
    val_images = recipe.train_images;
  } else if (!recipe.val_annotations.empty()) {
    data.val_annotations = data::read_coco(std::filesystem::path(recipe.root) / recipe.val_annotations, read);
    data::check_same_classes(data.classes, data::class_list(data.val_annotations));
  }
  data.record = record_of(data.classes);
  data.record.training = record_of(train);
  if (!data.val_annotations.images.empty()) data.record.validation = record_of(data.val_annotations);
  data.has_training_objects =
      std::ranges::any_of(train.annotations, [](const detect::Annotation& a) { return !a.crowd; });
  data.train = std::make_unique<data::CocoDataset>(train, std::filesystem::path(recipe.root) / recipe.train_images,
                                                   data.classes);
  if (!data.val_annotations.images.empty()) {
    data.val = std::make_unique<data::CocoDataset>(data.val_annotations,
                                                   std::filesystem::path(recipe.root) / val_images, data.classes);
  }
  return data;
}

}  // namespace spinenet::train
