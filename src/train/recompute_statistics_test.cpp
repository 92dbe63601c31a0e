#include "train/recompute_statistics.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "arch/families.h"
#include "detect/anchors.h"
#include "graph/anchors.h"
#include "graph/lower.h"
#include "train/square_image_fixture.h"
#include "train/task_detect.h"

namespace spinenet::train {
namespace {

constexpr int kStatisticsSize = 128;

arch::Architecture statistics_network() {
  arch::Architecture a = arch::named_architecture("spinenet-49");
  a.scaling.filter_size_scale = 0.07;
  a.scaling.endpoints_num_filters = 8;
  a.scaling.stem_filters = 6;
  a.head.convs = 1;
  a.head.filters = 8;
  return a;
}

data::Batch statistics_batch(int64_t step) {
  static const std::vector<detect::Box> anchors =
      detect::make_anchors(graph::anchor_options(statistics_network()), kStatisticsSize, kStatisticsSize);
  std::vector<data::Prepared> prepared;
  for (int64_t i = 0; i < 4; ++i) {
    prepared.push_back(fixture::square_image(step * 4 + i, kStatisticsSize));
    prepared.back().labels = data::label_anchors(anchors, prepared.back().targets);
  }
  data::Batch batch = data::make_batch(std::move(prepared), kStatisticsSize, kStatisticsSize);
  batch.step = step;
  return batch;
}

class RecomputedStatistics : public testing::Test {
 protected:
  RecomputedStatistics() : alone_({}, torch::kCPU) {
    recipe_.batch = 4;
    recipe_.optimizer.learning_rate = 0.02;
    recipe_.schedule.warmup_steps = 2;
    recipe_.stochastic_depth = 0.2;
  }

  void train(const FineTuneRecipe& fine_tune = {}) {
    recipe_.fine_tune = fine_tune;
    graph::Program program =
        graph::lower_detector(statistics_network(), {kStatisticsSize, kStatisticsSize, 2, recipe_.stochastic_depth});
    const Weights first = graph::initial_weights(program, recipe_.init, 1);
    Trainee trainee{{std::move(program)},
                    [loss = recipe_.loss](const BatchPass& pass) { return detection_batch_losses(pass, loss); }};
    trainer_ = std::make_unique<Trainer>(std::move(trainee), first, recipe_, torch::kCPU, alone_);
    trainer_->state().progression.total_steps = 100;
    trainer_->fine_tune({});
    for (int64_t step = 0; step < 3; ++step) trainer_->step(statistics_batch(step));
  }

  nn::Parameters recompute(int64_t batches) const {
    int64_t step = 10;
    return with_recomputed_statistics(*trainer_, batches, [&] { return statistics_batch(step++); });
  }

  // The parameter of a copy of the weights by its name.
  torch::Tensor view(const nn::Parameters& parameters, const std::string& name) const {
    const auto& all = trainer_->parameters().parameters;
    const auto found = std::ranges::find(all, name, &graph::Parameter::name);
    return parameters.views.at(static_cast<size_t>(found - all.begin()));
  }

  Recipe recipe_;
  Communicator alone_;
  std::unique_ptr<Trainer> trainer_;
};

TEST_F(RecomputedStatistics, AreTheMeansOverTheBatchesOfWhatTheAveragedWeightsGive) {
  train();
  const nn::Parameters found = recompute(3);
  const graph::Program& program = trainer_->trainee().programs.front();
  const auto& conv = std::get<graph::Conv>(program.ops.at(0).kind);
  ASSERT_TRUE(std::holds_alternative<graph::BatchNorm>(program.ops.at(1).kind));
  const torch::Tensor weight = view(trainer_->state().average, program.ops.at(0).name + ".weight");
  torch::Tensor mean = torch::zeros({weight.size(0)}), variance = torch::zeros({weight.size(0)});
  for (int64_t step = 10; step < 13; ++step) {
    const data::Batch batch = statistics_batch(step);
    const torch::Tensor y =
        at::conv2d(pixels_of(batch, torch::kCPU), weight.detach(), {}, conv.stride, conv.pad_before);
    mean += y.mean({0, 2, 3}) / 3;
    variance += y.var({0, 2, 3}, true) / 3;
  }
  const std::string norm = program.ops.at(1).name;
  EXPECT_TRUE(torch::allclose(view(found, norm + ".running_mean"), mean, 1e-4, 1e-5));
  EXPECT_TRUE(torch::allclose(view(found, norm + ".running_var"), variance, 1e-4, 1e-6));
  EXPECT_TRUE(torch::equal(found.values, trainer_->state().average.values));
}

// What the weights give on one batch is what inference by the recomputed statistics gives on it, but for the bias of
// the variance.
TEST_F(RecomputedStatistics, OfOneBatchMakeInferenceOnItThatByBatchStatistics) {
  train();
  const nn::Parameters found = recompute(1);
  const data::Batch batch = statistics_batch(10);
  const torch::Tensor pixels = pixels_of(batch, torch::kCPU);
  const graph::Program& program = trainer_->trainee().programs.front();
  nn::ForwardMode mode;
  mode.batch_statistics = true;
  const nn::Parameters copy = recompute(1);
  const torch::Tensor by_batch = nn::forward(program, copy, pixels, mode).front();
  const torch::Tensor recomputed = nn::forward(program, found, pixels, {}).front();
  const torch::Tensor before = nn::forward(program, trainer_->measured(), pixels, {}).front();
  const auto distance = [&](const torch::Tensor& a) { return (a - by_batch).norm().item<double>(); };
  EXPECT_LT(distance(recomputed), 0.2 * distance(before));
}

TEST_F(RecomputedStatistics, AreTheSameTwiceAndLeaveTheTrainingAsItIs) {
  train();
  TrainState& state = trainer_->state();
  const auto tensors = [&] {
    std::vector<torch::Tensor> all{state.parameters.values, state.parameters.statistics, state.parameters.gradients,
                                   state.average.values, state.average.statistics};
    all.insert(all.end(), state.optimizer.moments.begin(), state.optimizer.moments.end());
    for (torch::Tensor& tensor : all) tensor = tensor.detach().clone();
    return all;
  };
  const std::vector<torch::Tensor> before = tensors();
  const Progression progression = state.progression;
  const nn::Parameters once = recompute(2), twice = recompute(2);
  EXPECT_TRUE(torch::equal(once.statistics, twice.statistics));
  EXPECT_FALSE(torch::equal(once.statistics, state.average.statistics));
  const std::vector<torch::Tensor> after = tensors();
  for (size_t i = 0; i < before.size(); ++i) EXPECT_TRUE(torch::equal(after[i], before[i])) << i;
  EXPECT_EQ(state.progression, progression);
}

TEST_F(RecomputedStatistics, OfBatchNormsThatKeepTheirsAreKeptToTheBit) {
  FineTuneRecipe fine_tune;
  fine_tune.frozen = {"blocks.2"};
  train(fine_tune);
  const nn::Parameters found = recompute(3);
  int kept = 0;
  for (const graph::Parameter& parameter : trainer_->parameters().parameters) {
    if (graph::is_trainable(parameter.role)) continue;
    const bool same = torch::equal(view(found, parameter.name), view(trainer_->measured(), parameter.name));
    EXPECT_EQ(same, parameter.name.starts_with("blocks.2.")) << parameter.name;
    kept += same ? 1 : 0;
  }
  EXPECT_GT(kept, 0);
}

}  // namespace
}  // namespace spinenet::train
