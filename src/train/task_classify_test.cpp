#include "train/task_classify.h"

#include <algorithm>
#include <cmath>

#include <gtest/gtest.h>

#include "arch/families.h"
#include "base/random.h"
#include "graph/lower.h"

namespace spinenet::train {
namespace {

arch::Architecture tiny_classifier() {
  arch::Architecture a = arch::named_architecture("spinenet-49");
  a.scaling.filter_size_scale = 0.07;
  a.scaling.endpoints_num_filters = 8;
  a.scaling.stem_filters = 6;
  a.batch_norm.momentum = 0.8;  // so that forty steps settle the running statistics
  return a;
}

// Class 0 is dark on the left, class 1 on the right; noise over all.
image::Image half_image(int label, uint64_t seed) {
  Random random(seed);
  image::Image image = image::make_image(32, 32);
  for (int y = 0; y < 32; ++y) {
    for (int x = 0; x < 32; ++x) {
      const bool dark = (x < 16) == (label == 0);
      std::fill_n(image.at(y, x), 3, static_cast<uint8_t>((dark ? 20 : 200) + random.below(40)));
    }
  }
  return image;
}

class Halves : public data::Dataset {
 public:
  int64_t size() const override { return 12; }
  data::LabelledImage get(int64_t index) const override {
    data::LabelledImage sample;
    sample.image_id = index + 1;
    sample.label = static_cast<int>(index % 2);
    sample.image = half_image(sample.label, static_cast<uint64_t>(index));
    return sample;
  }
};

Recipe small_recipe() {
  Recipe recipe;
  recipe.task = arch::Task::classify;
  recipe.image_size = 32;
  recipe.batch = 4;
  recipe.optimizer.kind = OptimizerKind::adamw;
  recipe.optimizer.learning_rate = 0.01;
  recipe.optimizer.ema_decay = 0;
  recipe.schedule.warmup_steps = 2;
  recipe.augment.flip = 0;
  recipe.classify.crop = {0.9, 1, 1, 1};
  recipe.threads = 1;
  return recipe;
}

ClassifyTask halves_task(const Recipe& recipe) {
  ClassData data;
  data.train = std::make_unique<Halves>();
  data.val = std::make_unique<Halves>();
  data.classes = {{4, "left", ""}, {9, "right", ""}};
  return {recipe, tiny_classifier(), std::move(data)};
}

// `steps` steps; the losses.
struct Trained {
  std::vector<double> losses;
  NamedNumbers numbers;
};
Trained train_halves(const Recipe& recipe, int steps) {
  Communicator alone({}, torch::kCPU);
  const ClassifyTask task = halves_task(recipe);
  Trainee trainee{task.programs(), [&task](const BatchPass& pass) { return task.losses(pass); }};
  const Weights first = graph::initial_weights(graph::parameters_of_all(trainee.programs), recipe.init, recipe.seed);
  Trainer trainer(std::move(trainee), first, recipe, torch::kCPU, alone);
  trainer.state().progression.total_steps = steps;
  data::LoaderOptions common;
  common.batch = recipe.batch;
  common.size = recipe.image_size;
  common.seed = recipe.seed;
  data::Loader loader(task.training_set(), task.training_loader(common));
  Trained trained;
  for (int step = 0; step < steps; ++step) trained.losses.push_back(trainer.step(loader.next()).loss());
  trained.numbers = task.measure(trainer.measured(), standard_progress());
  return trained;
}

TEST(ClassifyTask, LearnsToTellTwoClasses) {
  Recipe recipe = small_recipe();
  const Trained trained = train_halves(recipe, 40);
  EXPECT_NEAR(trained.losses.front(), std::log(2), 0.35);
  EXPECT_LT(trained.losses.back(), 0.2);
  EXPECT_EQ(trained.numbers.front().first, "top1");
  EXPECT_EQ(trained.numbers.front().second, 1);
}

TEST(ClassifyTask, EqualRunsHaveEqualBits) {
  Recipe recipe = small_recipe();
  recipe.stochastic_depth = 0.2;
  recipe.classify.loss = {0.1, 0.4};
  const Trained one = train_halves(recipe, 3);
  EXPECT_EQ(train_halves(recipe, 3).losses, one.losses);
  recipe.seed = 2;
  EXPECT_NE(train_halves(recipe, 3).losses, one.losses);
}

// Of the first batch, with first weights.
double first_loss(const Recipe& recipe, bool training) {
  Communicator alone({}, torch::kCPU);
  const ClassifyTask task = halves_task(recipe);
  const graph::Program& program = task.programs().front();
  const std::vector<nn::Parameters> weights{
      nn::make_parameters(program, graph::initial_weights(program, recipe.init, recipe.seed), torch::kCPU)};
  data::LoaderOptions common;
  common.batch = recipe.batch;
  common.size = recipe.image_size;
  data::Loader loader(task.training_set(), task.training_loader(common));
  const data::Batch batch = loader.next();
  const torch::Tensor pixels = pixels_of(batch, torch::kCPU);
  nn::ForwardMode mode;
  mode.training = training;
  return task.losses({batch, pixels, task.programs(), weights, mode, alone}).parts.front().second.item<double>();
}

TEST(ClassifyTask, MixesImagesInTrainingAlone) {
  Recipe plain = small_recipe(), mixing = small_recipe();
  mixing.classify.loss.mixup = 0.4;
  EXPECT_NE(first_loss(mixing, true), first_loss(plain, true));
  EXPECT_EQ(first_loss(mixing, false), first_loss(plain, false));
}

TEST(ClassifyTask, KnowsItsClassesBySourceIds) {
  const ClassifyTask task = halves_task(small_recipe());
  EXPECT_EQ(task.classes(), (std::vector<formats::ModelClass>{{4, "left"}, {9, "right"}}));
  EXPECT_EQ(task.model_facts().at("center_crop"), "1");
}

}  // namespace
}  // namespace spinenet::train
