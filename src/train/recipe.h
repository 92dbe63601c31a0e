// A recipe: everything that decides a training run, as one YAML file. The same recipe and seed give the same bits on
// CPU with the same number of threads.
//
// Invariant: read_recipe and apply_setting keep every field in its range; resolve_architecture gives a valid
// architecture or an error that names the key.
#pragma once

#include <array>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "arch/architecture.h"
#include "arch/task.h"
#include "base/fields.h"
#include "data/loading/loader.h"
#include "data/scenes/scenes.h"
#include "graph/weights.h"
#include "nn/classification_loss.h"
#include "nn/losses.h"
#include "nn/program_module.h"
#include "nn/two_stage_losses.h"

namespace spinenet::train {

enum class OptimizerKind { sgd, adamw };
enum class ScheduleKind { step, cosine };

// Where the classes of pictures are written.
enum class ClassSource { folders, annotations, fashion_mnist };

constexpr std::array<std::string_view, 3> names(ClassSource) {
  return {"folders", "annotations", "fashion_mnist"};
}
constexpr std::array<std::string_view, 2> names(OptimizerKind) {
  return {"sgd", "adamw"};
}
constexpr std::array<std::string_view, 2> names(ScheduleKind) {
  return {"step", "cosine"};
}

struct ArchitectureRecipe {
  std::string base = "spinenet-49";
  std::optional<double> filter_size_scale, resample_alpha, anchor_size;
  std::optional<int> endpoints_num_filters, block_repeats, stem_filters, head_convs, head_filters, anchor_scales;
  std::optional<std::vector<double>> aspect_ratios;
  std::optional<int> rpn_filters, box_head_convs, box_head_filters, box_head_dense, mask_head_convs, mask_head_filters;
  std::optional<std::vector<double>> box_head_thresholds;
  std::optional<arch::Activation> activation;
  std::optional<double> batch_norm_momentum;
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
  uint64_t scenes_seed = 1;
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
  int image_size = 640;
  int batch = 8;
  int epochs = 350;
  double max_minutes = 0;
  OptimizerRecipe optimizer;
  ScheduleRecipe schedule;
  data::AugmentOptions augment;
  InitRecipe init;
  nn::LossOptions loss;
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

void fields(FieldList& list, Recipe& recipe);

Recipe read_recipe(const std::filesystem::path& path, const std::vector<std::string>& settings);
arch::Architecture resolve_architecture(const ArchitectureRecipe& recipe);

}  // namespace spinenet::train
