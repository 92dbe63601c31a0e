#include "train/class_data.h"

#include <algorithm>
#include <filesystem>
#include <tuple>
#include <unordered_set>

#include "base/error.h"
#include "base/format.h"
#include "base/log.h"
#include "data/classes/class_set.h"
#include "data/classes/classified_files.h"
#include "data/scenes/garment_images.h"

namespace spinenet::train {
namespace {

namespace fs = std::filesystem;

// One of the two sets, where it is read from and where its images are.
struct Source {
  data::ClassSet set;
  std::string place;
  fs::path images;
};

Source read_source(const DataRecipe& recipe, const std::string& annotations, const std::string& images) {
  Source source;
  source.images = std::filesystem::path(recipe.root) / images;
  if (recipe.classes_from == ClassSource::annotations) {
    const fs::path file = std::filesystem::path(recipe.root) / annotations;
    source.place = file.string();
    source.set = data::read_class_json(file, {.group_key = recipe.group_key, .limits = {}});
  } else {
    source.place = source.images.string();
    source.set = data::read_image_folder(source.images);
  }
  return source;
}

ClassData open_garments(const DataRecipe& recipe) {
  const fs::path folder = recipe.root.empty() ? data::fashion_mnist_folder() : fs::path(recipe.root);
  ClassData data;
  data.classes = data::GarmentImages::classes();
  data.record = record_of(data.classes);
  data::FashionMnist train = data::read_fashion_mnist(folder, data::GarmentSplit::train);
  data::FashionMnist test = data::read_fashion_mnist(folder, data::GarmentSplit::test);
  data.record.training = record_of(train);
  data.record.validation = record_of(test);
  data.train = std::make_unique<data::GarmentImages>(std::move(train));
  data.val = std::make_unique<data::GarmentImages>(std::move(test));
  return data;
}

// Accuracy on what was learned by heart says nothing.
void check_apart(const Source& train, const Source& val) {
  if (train.place == val.place) {
    fail(ErrorKind::bad_data, "is both the training and the validation set", train.place,
         "name two in data.train_images and data.val_images (or train_annotations and val_annotations), or set "
         "data.hold_out");
  }
  if (train.images != val.images) return;
  std::unordered_set<std::string> learned;
  for (const data::ClassifiedImage& image : train.set.images) learned.insert(image.file_name);
  const auto shared = std::ranges::count_if(
      val.set.images, [&](const data::ClassifiedImage& image) { return learned.contains(image.file_name); });
  if (shared > 0) log_warning(fmt::format("{}: {} images are learned from, too", val.place, shared));
}

}  // namespace

ClassData open_class_data(const DataRecipe& recipe) {
  if (recipe.scenes_on_the_fly) {
    fail(ErrorKind::usage, "scenes are not made for a classifier", "data.scenes_on_the_fly", "set it to false");
  }
  if (recipe.classes_from == ClassSource::fashion_mnist) return open_garments(recipe);
  const bool folders = recipe.classes_from == ClassSource::folders;
  Source train = read_source(recipe, recipe.train_annotations, recipe.train_images);
  data::check_no_empty_class(train.set, train.place);
  ClassData data;
  data.classes = train.set.classes;
  data.record = record_of(data.classes);
  if (recipe.hold_out > 0) {
    data::ClassSet held;
    std::tie(train.set, held) = data::hold_out(train.set, recipe.hold_out);
    data.record.validation = record_of(held);
    data.val = std::make_unique<data::ClassifiedFiles>(std::move(held), train.images);
  } else if (folders ? !recipe.val_images.empty() : !recipe.val_annotations.empty()) {
    Source val = read_source(recipe, recipe.val_annotations, recipe.val_images);
    check_apart(train, val);
    val.set = data::with_classes_of(data.classes, std::move(val.set), !folders, val.place);
    data.record.validation = record_of(val.set);
    data.val = std::make_unique<data::ClassifiedFiles>(std::move(val.set), val.images);
  }
  data.record.training = record_of(train.set);
  data.train = std::make_unique<data::ClassifiedFiles>(std::move(train.set), train.images);
  return data;
}

}  // namespace spinenet::train
