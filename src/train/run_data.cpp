#include "train/run_data.h"

#include <tuple>

#include "base/error.h"
#include "base/files.h"
#include "base/format.h"
#include "base/json.h"
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

// scenes.json in the folder says what its scenes were made with; it is written last, so that half a set is made anew.
void make_missing_scenes(const DataRecipe& recipe, const ProgressOptions& shown) {
  if (!recipe.scenes) return;
  const data::ScenesOptions options = scenes_of(recipe);
  const std::filesystem::path root = recipe.root.empty() ? "." : recipe.root;
  const std::string wanted = to_text(Json{{"level", name_of(options.level)},
                                          {"images", options.images},
                                          {"val_images", options.val_images},
                                          {"size", options.size},
                                          {"seed", options.seed}});
  const std::filesystem::path made = root / "scenes.json";
  if (std::filesystem::exists(made)) {
    if (read_file(made) == wanted) return;
    fail(ErrorKind::bad_data, "holds scenes that were made with other options", root.string(),
         "see its scenes.json; set data.root to another folder, or the data.scenes keys to those options");
  }
  log_info(fmt::format("making {} scenes in {}", options.images + options.val_images, root.string()));
  Progress progress("scenes", options.images + options.val_images, shown);
  data::make_scenes(root, options, [&](int64_t done, int64_t) { progress.update(done); });
  write_file_atomic(made, wanted);
}

}  // namespace

std::vector<int64_t> RunData::category_ids() const {
  std::vector<int64_t> ids;
  for (const detect::Category& category : classes) ids.push_back(category.id);
  return ids;
}

RunData open_data(const DataRecipe& recipe, const ProgressOptions* making, bool masks) {
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
  data.train = std::make_unique<data::CocoDataset>(train, std::filesystem::path(recipe.root) / recipe.train_images, data.classes);
  if (!data.val_annotations.images.empty()) {
    data.val = std::make_unique<data::CocoDataset>(data.val_annotations, std::filesystem::path(recipe.root) / val_images, data.classes);
  }
  return data;
}

}  // namespace spinenet::train
