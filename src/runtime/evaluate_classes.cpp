#include "runtime/evaluate_classes.h"

#include <algorithm>
#include <map>
#include <memory>

#include "base/error.h"
#include "base/thread_pool.h"
#include "data/classes/class_set.h"
#include "data/classes/classified_files.h"
#include "data/scenes/garment_images.h"
#include "runtime/detect_function.h"

namespace spinenet::runtime {
namespace {

std::vector<detect::Category> classes_of(const Model& model) {
  std::vector<detect::Category> classes;
  for (const formats::ModelClass& c : model.file.classes) classes.push_back({c.id, c.name, ""});
  return classes;
}

bool holds_fashion_mnist(const std::filesystem::path& folder) {
  std::error_code unreadable;
  return std::filesystem::exists(folder / "t10k-images-idx3-ubyte.gz", unreadable);
}

// The images' labels are used as they are, so the model must have the same classes in the same order.
void require_garments(const std::vector<detect::Category>& classes, const std::filesystem::path& folder) {
  const auto same = [](const detect::Category& a, const detect::Category& b) {
    return a.id == b.id && a.name == b.name;
  };
  if (std::ranges::equal(classes, data::GarmentImages::classes(), same)) return;
  fail(ErrorKind::bad_data, "the model's classes are not the ten of Fashion-MNIST", folder.string(),
       "measure a model that was trained on these files");
}

std::unique_ptr<data::Dataset> open_set(const EvalClassesOptions& options, std::vector<detect::Category>& classes) {
  if (options.annotations.empty() && holds_fashion_mnist(options.images)) {
    require_garments(classes, options.images);
    return std::make_unique<data::GarmentImages>(data::read_fashion_mnist(options.images, data::GarmentSplit::test));
  }
  const bool from_file = !options.annotations.empty();
  data::ClassSet set = from_file
                           ? data::read_class_json(options.annotations, {.group_key = options.group_key, .limits = {}})
                           : data::read_image_folder(options.images);
  std::map<std::string, std::string> group_of;
  for (const detect::Category& category : set.classes) group_of[category.name] = category.supercategory;
  for (detect::Category& category : classes) category.supercategory = group_of[category.name];
  set = data::with_classes_of(classes, std::move(set), from_file, from_file ? options.annotations : options.images);
  return std::make_unique<data::ClassifiedFiles>(std::move(set), options.images);
}

}  // namespace

ClassesEvaluation evaluate_classes(const PreparedModel& prepared, const EvalClassesOptions& options) {
  ClassesEvaluation evaluation;
  evaluation.classes = classes_of(prepared.model);
  const std::unique_ptr<data::Dataset> set = open_set(options, evaluation.classes);
  const Classifier classifier = make_classifier(prepared);
  ThreadPool pool(std::min(options.threads, options.batch));
  Progress progress("eval", set->size(), options.progress);
  for (int64_t begin = 0; begin < set->size(); begin += options.batch) {
    const int64_t count = std::min<int64_t>(options.batch, set->size() - begin);
    std::vector<data::LabelledImage> samples(static_cast<size_t>(count));
    pool.parallel_for(count, [&](int64_t i) { samples[static_cast<size_t>(i)] = set->get(begin + i); });
    std::vector<image::Image> images;
    for (data::LabelledImage& sample : samples) images.push_back(std::move(sample.image));
    std::vector<std::vector<float>> scores = classifier.classify(images);
    for (size_t i = 0; i < samples.size(); ++i) {
      evaluation.images.push_back({samples[i].image_id, samples[i].label, std::move(scores[i])});
    }
    progress.update(begin + count);
  }
  progress.finish();
  evaluation.metrics = eval::evaluate_top_k(evaluation.images, evaluation.classes);
  return evaluation;
}

}  // namespace spinenet::runtime
