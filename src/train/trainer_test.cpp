#include "train/trainer.h"

#include <cmath>
#include <exception>
#include <future>
#include <limits>

#include <gtest/gtest.h>
#include <unistd.h>

#include "arch/families.h"
#include "base/error.h"
#include "detect/anchors.h"
#include "graph/anchors.h"
#include "graph/lower.h"
#include "train/square_image_fixture.h"
#include "train/task_detect.h"

namespace spinenet::train {
namespace {

arch::Architecture tiny() {
  arch::Architecture a = arch::named_architecture("spinenet-49");
  a.scaling.filter_size_scale = 0.07;
  a.scaling.endpoints_num_filters = 8;
  a.scaling.stem_filters = 6;
  a.head.convs = 1;
  a.head.filters = 8;
  return a;
}

Recipe tiny_recipe() {
  Recipe recipe;
  recipe.batch = 4;
  recipe.optimizer.learning_rate = 0.02;
  recipe.schedule.warmup_steps = 2;
  recipe.stochastic_depth = 0.2;
  return recipe;
}

data::Prepared labelled_square(int64_t i, const std::vector<detect::Box>& anchors, int size = 128) {
  data::Prepared p = fixture::square_image(i, size);
  p.labels = data::label_anchors(anchors, p.targets);
  return p;
}

data::Batch squares(int64_t step, int64_t first, int64_t count, int size = 128) {
  const std::vector<detect::Box> anchors = detect::make_anchors(graph::anchor_options(tiny()), size, size);
  std::vector<data::Prepared> prepared;
  for (int64_t i = first; i < first + count; ++i) prepared.push_back(labelled_square(step * 4 + i, anchors, size));
  data::Batch batch = data::make_batch(std::move(prepared), size, size);
  batch.step = step;
  return batch;
}

std::unique_ptr<Trainer> make_trainer(const Recipe& recipe, Communicator& communicator) {
  graph::Program program = graph::lower_detector(tiny(), {128, 128, 2, recipe.stochastic_depth});
  const Weights first = graph::initial_weights(program, recipe.init, 1);
  Trainee trainee{{std::move(program)},
                  [loss = recipe.loss](const BatchPass& pass) { return detection_batch_losses(pass, loss); }};
  auto trainer = std::make_unique<Trainer>(std::move(trainee), first, recipe, torch::kCPU, communicator);
  trainer->state().progression.total_steps = 100;
  return trainer;
}

TEST(Trainer, LearnsAFewImagesByHeart) {
  Communicator alone({}, torch::kCPU);
  Recipe recipe = tiny_recipe();
  recipe.stochastic_depth = 0;
  recipe.optimizer.kind = OptimizerKind::adamw;
  recipe.optimizer.learning_rate = 0.005;
  const auto trainer = make_trainer(recipe, alone);
  double first = 0;
  double last = 0;
  for (int64_t step = 0; step < 60; ++step) {
    data::Batch batch = squares(0, 0, 4);
    batch.step = step;
    last = trainer->step(batch).loss();
    if (step == 0) first = last;
  }
  EXPECT_LT(last, first / 3);
}

TEST(Trainer, EqualRunsHaveEqualBits) {
  Communicator alone({}, torch::kCPU);
  const auto a = make_trainer(tiny_recipe(), alone);
  const auto b = make_trainer(tiny_recipe(), alone);
  for (int64_t step = 0; step < 4; ++step) {
    EXPECT_EQ(a->step(squares(step, 0, 4)).loss(), b->step(squares(step, 0, 4)).loss());
  }
  EXPECT_TRUE(torch::equal(a->state().parameters.values, b->state().parameters.values));
  EXPECT_TRUE(torch::equal(a->state().average.statistics, b->state().average.statistics));
}

TEST(Trainer, BatchRenormBeginsAsBatchNormAndGoesItsOwnWay) {
  Communicator alone({}, torch::kCPU);
  Recipe recipe = tiny_recipe();
  const auto plain = make_trainer(recipe, alone);
  recipe.batch_norm.renorm_below = 100;
  recipe.batch_norm.renorm_steps = 16;
  const auto renormed = make_trainer(recipe, alone);
  for (int64_t step = 0; step < 3; ++step) {
    EXPECT_EQ(renormed->step(squares(step, 0, 4)).loss(), plain->step(squares(step, 0, 4)).loss()) << step;
  }
  EXPECT_NE(renormed->step(squares(3, 0, 4)).loss(), plain->step(squares(3, 0, 4)).loss());
}

// Its batch norms keep statistics that the gradient of what comes before needs, while those of other parts move.
TEST(Trainer, AFrozenPartInTheMiddleLetsTheRestLearn) {
  Communicator alone({}, torch::kCPU);
  Recipe recipe = tiny_recipe();
  recipe.fine_tune.frozen = {"blocks.2"};
  const auto trainer = make_trainer(recipe, alone);
  const nn::Parameters& own = trainer->state().parameters;
  trainer->fine_tune({});
  std::vector<torch::Tensor> before;
  for (const torch::Tensor& view : own.views) before.push_back(view.detach().clone());
  for (int64_t step = 0; step < 3; ++step) EXPECT_TRUE(trainer->step(squares(step, 0, 4)).finite);
  int moved = 0;
  for (size_t i = 0; i < before.size(); ++i) {
    const std::string& name = trainer->parameters().parameters[i].name;
    const bool stays = torch::equal(before[i], own.views[i]);
    EXPECT_TRUE(stays || !name.starts_with("blocks.2.")) << name;
    moved += stays ? 0 : 1;
  }
  EXPECT_GT(moved, static_cast<int>(before.size()) / 2);
}

TEST(Trainer, ANonFiniteStepChangesNothing) {
  Communicator alone({}, torch::kCPU);
  const auto trainer = make_trainer(tiny_recipe(), alone);
  trainer->step(squares(0, 0, 4));
  const TrainState& state = trainer->state();
  const torch::Tensor values = state.parameters.values.clone();
  const torch::Tensor statistics = state.parameters.statistics.clone();
  const torch::Tensor moments = state.optimizer.moments[0].clone();
  data::Batch bad = squares(1, 0, 4);
  bad.pixels[17] = std::numeric_limits<float>::infinity();
  const StepReport report = trainer->step(bad);
  EXPECT_FALSE(report.finite);
  EXPECT_TRUE(torch::equal(state.parameters.values, values));
  EXPECT_TRUE(torch::equal(state.parameters.statistics, statistics));
  EXPECT_TRUE(torch::equal(state.optimizer.moments[0], moments));
  EXPECT_EQ(state.progression.skipped_steps, 1);
  EXPECT_TRUE(trainer->step(squares(2, 0, 4)).finite);
}

TEST(Trainer, ABatchWithoutAnyBoxTrainsTheClassHeadAlone) {
  Communicator alone({}, torch::kCPU);
  Recipe recipe = tiny_recipe();
  recipe.optimizer.weight_decay = 0;  // which would stand in the gradient too
  const auto trainer = make_trainer(recipe, alone);
  const std::vector<detect::Box> anchors = detect::make_anchors(graph::anchor_options(tiny()), 128, 128);
  std::vector<data::Prepared> empty;
  for (int64_t i = 0; i < 4; ++i) {
    empty.push_back(labelled_square(i, anchors));
    empty.back().targets.clear();
    empty.back().labels = data::label_anchors(anchors, {});
  }
  const StepReport report = trainer->step(data::make_batch(std::move(empty), 128, 128));
  EXPECT_TRUE(report.finite);
  EXPECT_GT(report.loss("classification_loss"), 0);
  EXPECT_EQ(report.loss("box_loss"), 0);
  const graph::Program& program = trainer->parameters();
  for (size_t i = 0; i < program.parameters.size(); ++i) {
    if (!program.parameters[i].name.starts_with("head.box.")) continue;
    const torch::Tensor& gradient = trainer->state().parameters.views[i].grad();
    EXPECT_TRUE(!gradient.defined() || gradient.abs().sum().item<double>() == 0) << program.parameters[i].name;
  }
}

struct Curve {
  std::vector<double> losses;
  torch::Tensor first_gradient;
};

// Training amplifies rounding: a change of 1e-6 in the input of one process moves its losses by 1e-3 after a few steps
// where batch norms see few values or blocks are steep. So: 256 px, blocks that begin as the identity, a low rate.
Curve curve_of(int rank, int world, int port) {
  ProcessPlace place;
  place.rank = place.local_rank = rank;
  place.world = place.local_world = world;
  place.master_port = port;
  Communicator communicator(place, torch::kCPU);
  Recipe recipe = tiny_recipe();
  recipe.optimizer.learning_rate = 0.0002;
  recipe.optimizer.weight_decay = 0;
  recipe.init.residual_norm_weight = 0;
  const auto trainer = make_trainer(recipe, communicator);
  const int64_t part = 4 / world;
  Curve curve;
  for (int64_t step = 0; step < 8; ++step) {
    curve.losses.push_back(trainer->step(squares(step, rank * part, part, 256)).loss());
    if (step == 0) curve.first_gradient = trainer->state().parameters.gradients.clone();
  }
  return curve;
}

TEST(Trainer, TwoProcessesReproduceTheCurveOfOne) {
  const int port = free_port();
  const Curve one = curve_of(0, 1, port);
  auto second = std::async(std::launch::async, curve_of, 1, 2, port);
  const Curve first = curve_of(0, 2, port);
  EXPECT_EQ(second.get().losses, first.losses);
  const torch::Tensor difference = (first.first_gradient - one.first_gradient).norm();
  EXPECT_LT(difference.item<double>(), 1e-4 * one.first_gradient.norm().item<double>());
  for (size_t i = 0; i < one.losses.size(); ++i) {
    EXPECT_NEAR(first.losses[i], one.losses[i], 1e-4 * one.losses[i]) << "step " << i;
  }
}

}  // namespace
}  // namespace spinenet::train
