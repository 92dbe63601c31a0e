#include "train/run_setup.h"

#include <algorithm>
#include <optional>

#include "base/error.h"
#include "base/format.h"
#include "base/log.h"
#include "data/classes/fashion_mnist.h"
#include "data/coco/coco.h"
#include "data/coco/coco_advice.h"
#include "data/coco/yolo_anchors.h"
#include "formats/first_values.h"
#include "formats/model_file.h"
#include "graph/anchors.h"
#include "nn/device.h"
#include "runtime/model.h"
#include "train/resume.h"

namespace spinenet::train {
namespace {

// With several processes on a machine each has a GPU of its own.
std::string device_name(const Recipe& recipe, const ProcessPlace& place) {
  const bool first_gpu = recipe.device == "cuda" || (recipe.device == "auto" && nn::find_device("auto").is_cuda());
  return place.world > 1 && first_gpu ? fmt::format("cuda:{}", place.local_rank) : recipe.device;
}

bool sets(const std::vector<std::string>& settings, std::string_view key) {
  return std::ranges::any_of(settings, [&](std::string_view setting) {
    return setting.starts_with(key) && setting.substr(key.size()).starts_with('=');
  });
}

// What the model that --from names decides, before the settings of the command line. An architecture that comes with
// the model is not changed by the recipe.
std::vector<std::string> settings_of_model(const TrainOptions& options) {
  const formats::ModelFile model = formats::read_model(options.from);
  const Recipe recipe = read_recipe(options.recipe, {});
  std::vector<std::string> settings{"init.weights=" + options.from.string(),
                                    "pixels.mean=" + FieldValue<std::array<float, 3>>::write(model.mean),
                                    "pixels.deviation=" + FieldValue<std::array<float, 3>>::write(model.std)};
  if (model.task != name_of(recipe.task)) return settings;
  settings.push_back("architecture.base=" + options.from.string());
  for (const auto& [key, value] : recipe.architecture.changes) settings.push_back("architecture." + key + "=null");
  return settings;
}

// The anchors of a model belong to what its head has learned, and to nothing where that is made again.
bool anchors_are_learned(const std::string& base) {
  return runtime::is_model_path(base) && !formats::is_head_untrained(formats::read_model(base), base);
}

// Every anchor of its own level; what no box decides stays as the architecture has it.
void fit_yolo(Recipe& recipe, const arch::Architecture& architecture, const detect::Annotations& annotations) {
  const data::FittedAnchors fitted =
      data::fit_yolo_anchors(annotations, recipe.image_size, graph::yolo_levels(architecture));
  std::vector<std::array<float, 2>> anchors;
  std::vector<std::vector<int>> of_level;
  std::vector<std::string> reasons;
  for (size_t i = 0; i < fitted.levels.size(); ++i) {
    const detect::YoloLevel& level = fitted.levels[i];
    of_level.emplace_back();
    for (const auto& anchor : level.anchors) {
      of_level.back().push_back(static_cast<int>(anchors.size()));
      anchors.push_back(anchor);
    }
    reasons.push_back(fmt::format("{} boxes of stride {}{}", fitted.boxes[i], level.stride,
                                  fitted.fitted[i] ? "" : ", too few for other anchors"));
  }
  const std::string text = FieldValue<std::vector<std::array<float, 2>>>::write(anchors);
  apply_setting(recipe, "architecture.yolo_anchors=" + text);
  apply_setting(recipe,
                "architecture.yolo_anchors_of_level=" + FieldValue<std::vector<std::vector<int>>>::write(of_level));
  log_info(fmt::format("yolo_anchors {}: the middles of clusters of {}", text, fmt::join(reasons, "; ")));
}

void fit_retina(Recipe& recipe, const data::DatasetAdvice& advice) {
  apply_setting(recipe, fmt::format("architecture.anchor_size={}", advice.anchor_size));
  apply_setting(recipe, fmt::format("architecture.aspect_ratios=[{}]", fmt::join(advice.aspect_ratios, ", ")));
  log_info(fmt::format("anchor_size {}, aspect_ratios [{}]: {}", advice.anchor_size,
                       fmt::join(advice.aspect_ratios, ", "), advice.anchor_reason));
}

// Chooses what the recipe leaves to the data.
void fit(Recipe& recipe, const TrainOptions& options) {
  if (!recipe.fit_to_data || recipe.task == arch::Task::classify) return;
  if (recipe.data.scenes_on_the_fly) {
    fail(ErrorKind::usage, "there are no stored images whose objects could be measured", "fit_to_data",
         "set it to false for scenes that are made while training");
  }
  recipe.fit_to_data = false;  // the recipe that is kept says what was chosen
  const std::filesystem::path file = std::filesystem::path(recipe.data.root) / recipe.data.train_annotations;
  const detect::Annotations annotations = data::read_coco(file);
  const std::optional<data::DatasetAdvice> advice = data::advice(annotations);
  if (!advice) {
    fail(ErrorKind::bad_data, "has no object whose size could be measured", file.string(),
         "set fit_to_data to false, and image_size and the anchors yourself");
  }
  if (!sets(options.settings, "image_size")) {
    recipe.image_size = advice->image_size;
    log_info(fmt::format("image_size {}: {}", advice->image_size, advice->image_size_reason));
  }
  if (anchors_are_learned(recipe.architecture.base)) return;
  const auto names = [&](std::string_view key) { return sets(options.settings, key); };
  const arch::Architecture architecture = resolve_architecture(recipe.architecture);
  if (recipe.task == arch::Task::detect && architecture.head_kind == arch::HeadKind::yolo) {
    if (!names("architecture.yolo_anchors")) fit_yolo(recipe, architecture, annotations);
  } else if (!names("architecture.anchor_size") && !names("architecture.aspect_ratios")) {
    fit_retina(recipe, *advice);
  }
}

}  // namespace

Recipe new_recipe(const TrainOptions& options) {
  std::vector<std::string> settings;
  if (!options.from.empty()) settings = settings_of_model(options);
  settings.insert(settings.end(), options.settings.begin(), options.settings.end());
  Recipe recipe = read_recipe(options.recipe, settings);
  fit(recipe, options);
  return recipe;
}

std::filesystem::path run_path(const TrainOptions& options) {
  return options.out.empty() ? std::filesystem::path("runs") / options.recipe.stem() : options.out;
}

Recipe recipe_of(const TrainOptions& options) {
  if (!options.resume) return new_recipe(options);
  if (!options.from.empty()) {
    fail(ErrorKind::usage, "a run that goes on has its weights", "--from", "leave --from out, or start a new run");
  }
  const std::filesystem::path run = run_path(options), written = run / "recipe.yaml";
  if (!std::filesystem::exists(written)) {
    fail(ErrorKind::usage, "holds no run to resume", run.string(), "start it without --resume");
  }
  Recipe recipe = read_recipe(written, options.settings);
  require_resumable(read_recipe(written, {}), recipe, {written.string(), run.string()});
  return recipe;
}

ProcessPlace place_of(const TrainOptions& options) {
  ProcessPlace place = process_place();
  if (options.peer_timeout > 0) place.join_timeout = place.step_timeout = std::chrono::seconds(options.peer_timeout);
  return place;
}

torch::Device training_device(const TrainOptions& options, const Recipe& recipe, const ProcessPlace& place) {
  check_precision(recipe, options.resume ? run_path(options) / "recipe.yaml" : options.recipe);
  return nn::find_device(device_name(recipe, place));
}

std::pair<std::string, std::string> validation_paths(const Recipe& recipe) {
  const DataRecipe& data = recipe.data;
  const std::filesystem::path root = data.root;
  const bool classes = recipe.task == arch::Task::classify;
  if (classes && data.classes_from == ClassSource::fashion_mnist) {
    return {"", data.root.empty() ? data::fashion_mnist_folder().string() : data.root};
  }
  const bool has_annotations = !classes || data.classes_from == ClassSource::annotations;
  const bool measures = has_annotations ? !data.val_annotations.empty() : !data.val_images.empty();
  if (data.hold_out > 0 || !measures) return {};
  return {has_annotations ? (root / data.val_annotations).string() : "", (root / data.val_images).string()};
}

data::LoaderOptions loader_options(const Recipe& recipe, const ProcessPlace& place) {
  data::LoaderOptions o;
  o.batch = recipe.batch;
  o.size = recipe.image_size;
  o.seed = recipe.seed;
  o.threads = recipe.data.loader_threads;
  o.prefetch = 3;
  o.rank = place.rank;
  o.world = place.world;
  o.bad_images = recipe.data.bad_images;
  o.normalization = normalization_of(recipe);
  o.mixed_epochs = std::max(0, recipe.epochs - recipe.augment.close_epochs);
  return o;
}

}  // namespace spinenet::train
