// A recipe: everything that decides a training run, as one YAML file. The same recipe and seed give the same bits on
// CPU with the same number of threads.
//
// Invariant: read_recipe and apply_setting keep every field in its range; resolve_architecture gives a valid
// architecture or an error that names the key.
#pragma once

#include <array>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "arch/architecture.h"
#include "arch/task.h"
#include "base/fields.h"
#include "data/loading/loader.h"
#include "data/scenes/scenes.h"
#include "graph/weights.h"
#include "image/canvas.h"
#include "nn/classification_loss.h"
#include "nn/losses.h"
#include "nn/program_module.h"
#include "nn/two_stage_losses.h"
#include "nn/yolo_loss.h"

namespace spinenet::train {

enum class OptimizerKind { sgd, adamw };
enum class ScheduleKind { step, cosine, constant };

// What batch norms that came from init.weights do with the statistics that came with them.
enum class TakenStatistics { learned, kept };
constexpr auto names(TakenStatistics) {
  using enum TakenStatistics;
  return named<TakenStatistics>({{learned, "learned"}, {kept, "kept"}});
}

// Where the classes of images are written.
enum class ClassSource { folders, annotations, fashion_mnist };

constexpr auto names(ClassSource) {
  using enum ClassSource;
  return named<ClassSource>({{folders, "folders"}, {annotations, "annotations"}, {fashion_mnist, "fashion_mnist"}});
}
constexpr auto names(OptimizerKind) {
  using enum OptimizerKind;
  return named<OptimizerKind>({{sgd, "sgd"}, {adamw, "adamw"}});
}
constexpr auto names(ScheduleKind) {
  using enum ScheduleKind;
  return named<ScheduleKind>({{step, "step"}, {cosine, "cosine"}, {constant, "constant"}});
}

// A known architecture and what is changed in it.
struct ArchitectureRecipe {
  std::string base = "spinenet-49";
  std::map<std::string, std::string, std::less<>> changes;  // key of the recipe to the new value as YAML
};

struct DataRecipe {
  std::string root;
  std::string train_annotations = "annotations/train.json", train_images = "images";
  std::string val_annotations = "annotations/val.json", val_images = "images";
  ClassSource classes_from = ClassSource::folders;
  std::string group_key = "supercategory";
  double hold_out = 0;  // share of the training images that takes the place of the validation set
  std::optional<data::SceneLevel> scenes;
  std::optional<int> scenes_images, scenes_val_images, scenes_size;
  std::vector<double> scenes_sizes;
  uint64_t scenes_seed = 1;
  bool scenes_on_the_fly = false;
  data::BadImagePolicy bad_images = data::BadImagePolicy::stop;
  int loader_threads = 2;
};

// Of a classifier.
struct ClassifyRecipe {
  data::CropOptions crop;
  nn::ClassificationLossOptions loss;
};

struct InitRecipe : graph::InitOptions {
  std::string weights;
};

// How a network that begins with the weights of another one (init.weights) is trained on.
struct FineTuneRecipe {
  double taken_rate = 1;
  TakenStatistics taken_statistics = TakenStatistics::learned;
  std::vector<std::string> frozen;
};

// How pixels become the network's input: (value / 255 - mean) / deviation, in the order red, green, blue.
struct PixelRecipe {
  std::array<float, 3> mean = image::Normalization{}.mean;
  std::array<float, 3> deviation = image::Normalization{}.deviation;
};

struct OptimizerRecipe {
  OptimizerKind kind = OptimizerKind::sgd;
  double learning_rate = 0.28;
  double momentum = 0.9;
  double beta2 = 0.999;
  double weight_decay = 4e-5;
  double clip_norm = 10;
  double ema_decay = 0.9998;
};

struct ScheduleRecipe {
  ScheduleKind kind = ScheduleKind::cosine;
  int warmup_steps = 500;
  double warmup_factor = 0.024;
  std::vector<double> milestones{0.914, 0.971};
  double gamma = 0.1;
  double final_factor = 0.0;
  int decay_steps = 0;
};

// How batch norms are trained. Nothing of it changes what a model computes.
struct BatchNormRecipe {
  int renorm_below = 0;
  double renorm_max_scale = 3, renorm_max_shift = 5;
  int renorm_steps = 0;
  int recompute_images = 0;
};

// Of the task segment.
struct TwoStageRecipe {
  int anchor_samples = 256;
  int proposals_before_nms = 2000, proposals = 1000;
  int roi_samples = 512;
  double roi_positives = 0.25;
  nn::TwoStageLossOptions loss;
};

struct Recipe {
  arch::Task task = arch::Task::detect;
  ArchitectureRecipe architecture;
  DataRecipe data;
  bool fit_to_data = false;
  int image_size = 640;
  int batch = 8;
  int epochs = 350;
  double max_minutes = 0;
  OptimizerRecipe optimizer;
  ScheduleRecipe schedule;
  BatchNormRecipe batch_norm;
  data::AugmentOptions augment;
  InitRecipe init;
  FineTuneRecipe fine_tune;
  PixelRecipe pixels;
  nn::LossOptions loss;
  nn::YoloLossOptions yolo_loss;
  ClassifyRecipe classify;
  TwoStageRecipe two_stage;
  double stochastic_depth = 0;
  nn::TrainingPrecision precision = nn::TrainingPrecision::fp32;
  int eval_every = 1;
  int early_stop = 0;
  int log_every = 10;
  int checkpoint_every = 500;
  int threads = 0;
  std::string device = "auto";
  uint64_t seed = 1;
};

void fields(FieldList& list, ArchitectureRecipe& recipe);
void fields(FieldList& list, Recipe& recipe);

Recipe read_recipe(const std::filesystem::path& path, const std::vector<std::string>& settings);
image::Normalization normalization_of(const Recipe& recipe);
arch::Architecture resolve_architecture(const ArchitectureRecipe& recipe);

}  // namespace spinenet::train
