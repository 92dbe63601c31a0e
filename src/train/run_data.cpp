#include "train/run_data.h"

#include <algorithm>
#include <optional>
#include <tuple>

#include "base/error.h"
#include "base/files.h"
#include "base/format.h"
#include "base/log.h"
#include "base/progress.h"
#include "data/coco/coco.h"
#include "data/loading/hold_out.h"
#include "data/scenes/scene_dataset.h"

namespace spinenet::train {
namespace {

data::ScenesOptions scenes_of(const DataRecipe& recipe) {
  data::ScenesOptions options = data::scenes_options(*recipe.scenes);
  options.seed = recipe.scenes_seed;
  if (recipe.scenes_images) options.images = *recipe.scenes_images;
  if (recipe.scenes_val_images) options.val_images = *recipe.scenes_val_images;
  if (recipe.scenes_size) options.size = *recipe.scenes_size;
  options.sizes = recipe.scenes_sizes;
  return options;
}

void make_missing_scenes(const DataRecipe& recipe, const ScenesMaking& making) {
  if (!recipe.scenes) return;
  data::ScenesOptions options = scenes_of(recipe);
  if (recipe.scenes_on_the_fly) options.images = 0;
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

void check_on_the_fly(const DataRecipe& recipe) {
  const auto refuse = [](std::string_view problem, const char* remedy) {
    fail(ErrorKind::usage, problem, "data.scenes_on_the_fly", remedy);
  };
  if (!recipe.scenes) refuse("there are no scenes to make", "name their level in data.scenes, or set it to false");
  if (recipe.hold_out > 0)
    refuse("there are no stored scenes to hold out", "set data.hold_out to 0; of a search, proxy.hold_out");
}

// The scenes that are made while training.
void add_made_scenes(const DataRecipe& recipe, bool masks, RunData& data) {
  data::ScenesOptions options = scenes_of(recipe);
  options.val_images = 1;  // those to measure on have a record of their own
  auto scenes = std::make_unique<data::SceneDataset>(options, masks);
  data.classes = scenes->classes();
  data.record = record_of(data.classes);
  data.record.training = {scenes->size(), 0,
                          checksum(data::options_text(options), record_of(scenes->photos()).content)};
  data.has_training_objects = true;
  data.train = std::move(scenes);
}

void add_stored_images(const DataRecipe& recipe, const data::CocoReadOptions& read, RunData& data) {
  detect::Annotations train = data::read_coco(std::filesystem::path(recipe.root) / recipe.train_annotations, read);
  data.classes = data::class_list(train);
  if (recipe.hold_out > 0) std::tie(train, data.val_annotations) = data::hold_out(train, recipe.hold_out);
  data.record = record_of(data.classes);
  data.record.training = record_of(train);
  data.has_training_objects =
      std::ranges::any_of(train.annotations, [](const detect::Annotation& a) { return !a.crowd; });
  auto stored = std::make_unique<data::CocoDataset>(train, std::filesystem::path(recipe.root) / recipe.train_images,
                                                    data.classes);
  data.stored = stored.get();
  data.train = std::move(stored);
}

}  // namespace

std::vector<int64_t> RunData::category_ids() const {
  std::vector<int64_t> ids;
  for (const detect::Category& category : classes) ids.push_back(category.id);
  return ids;
}

RunData open_data(const DataRecipe& recipe, const ScenesMaking* making, bool masks) {
  if (recipe.scenes_on_the_fly) check_on_the_fly(recipe);
  if (making != nullptr) make_missing_scenes(recipe, *making);
  data::CocoReadOptions read;
  read.segmentations = masks;
  RunData data;
  if (recipe.scenes_on_the_fly) {
    add_made_scenes(recipe, masks, data);
  } else {
    add_stored_images(recipe, read, data);
  }
  if (recipe.hold_out == 0 && !recipe.val_annotations.empty()) {
    data.val_annotations = data::read_coco(std::filesystem::path(recipe.root) / recipe.val_annotations, read);
    data::check_same_classes(data.classes, data::class_list(data.val_annotations));
  }
  if (data.val_annotations.images.empty()) return data;
  data.record.validation = record_of(data.val_annotations);
  const std::string& val_images = recipe.hold_out > 0 ? recipe.train_images : recipe.val_images;
  data.val = std::make_unique<data::CocoDataset>(data.val_annotations, std::filesystem::path(recipe.root) / val_images,
                                                 data.classes);
  return data;
}

}  // namespace spinenet::train
