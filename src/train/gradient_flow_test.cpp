#include "train/gradient_flow.h"

#include <cmath>

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/random.h"
#include "graph/builder.h"

namespace spinenet::train {
namespace {

constexpr int64_t kImages = 2, kSide = 4, kChannels = 3;
constexpr auto kPixels = static_cast<double>(kImages * kSide * kSide);

// A batch norm of the image, a 1x1 convolution of it, and two of that; the second also joins what the first gives.
graph::Program two_blocks() {
  graph::Builder b({3, kSide, kSide}, {});
  const graph::ValueId stem = b.conv(b.batch_norm(b.input(), "stem.bn"), {.filters = kChannels}, "stem.conv");
  const graph::ValueId first = b.conv(stem, {.filters = kChannels}, "blocks.0.conv");
  const graph::ValueId second = b.conv(stem, {.filters = kChannels}, "resample.1.0.expand");
  b.output("y", b.add({first, second}, "blocks.1.fuse"));
  return b.finish();
}

data::Batch batch_of(int64_t number) {
  data::Batch batch;
  batch.step = number;
  batch.images = kImages;
  batch.height = batch.width = kSide;
  Random random(static_cast<uint64_t>(number));
  for (int64_t i = 0; i < kImages * 3 * kSide * kSide; ++i) {
    batch.pixels.push_back(static_cast<float>(random.normal() + 0.3 * static_cast<double>(number)));
  }
  return batch;
}

// Of every batch with its number: the sum of the outputs, and three times their sum.
BatchLosses sums(const BatchPass& pass) {
  const torch::Tensor y = pass.run(0, pass.pixels).front();
  return {{{"plain_loss", y.sum()}, {"triple_loss", 3 * y.sum()}}, y};
}

class GradientFlowOf : public testing::Test {
 protected:
  GradientFlowOf() : alone_({}, torch::kCPU) { begin(sums); }

  void begin(const std::function<BatchLosses(const BatchPass&)>& losses) {
    graph::Program program = two_blocks();
    const Weights first = graph::initial_weights(program, {}, 3);
    Trainee trainee{{std::move(program)}, losses};
    trainer_ = std::make_unique<Trainer>(std::move(trainee), first, Recipe{}, torch::kCPU, alone_);
  }

  GradientFlow flow(int64_t batches, const std::string& loss = "plain_loss", int64_t by = 1) const {
    int64_t number = 0;
    return gradient_flow(*trainer_, {batches, [&] { return batch_of(number += by); }, loss});
  }
  torch::Tensor weight(const std::string& name) const {
    const auto& all = trainer_->parameters().parameters;
    const auto found = std::ranges::find(all, name + ".weight", &graph::Parameter::name);
    return trainer_->state().parameters.views.at(static_cast<size_t>(found - all.begin())).detach().flatten(1);
  }
  static const PartFlow& part(const GradientFlow& flow, const std::string& name) {
    return *std::ranges::find(flow.parts, name, &PartFlow::name);
  }

  Communicator alone_;
  std::unique_ptr<Trainer> trainer_;
};

TEST(PartOf, IsWhatTheNamesOfItsOperationsBeginWith) {
  EXPECT_EQ(part_of("stem.conv1"), "stem");
  EXPECT_EQ(part_of("blocks.3.0.bn2"), "blocks.3");
  EXPECT_EQ(part_of("blocks.12.fuse"), "blocks.12");
  EXPECT_EQ(part_of("resample.3.0.squeeze_bn"), "resample.3.0");
  EXPECT_EQ(part_of("stages.c4.5.act"), "stages.c4.5");
  EXPECT_EQ(part_of("endpoints.p6.bn"), "endpoints.p6");
  EXPECT_EQ(part_of("head.class.conv0.p3"), "head.class");
  EXPECT_EQ(part_of("alone"), "alone");
}

TEST_F(GradientFlowOf, PartsIsWhatTheirWeightsGive) {
  const GradientFlow found = flow(3);
  const torch::Tensor first = weight("blocks.0.conv").sum(0), second = weight("resample.1.0.expand").sum(0);
  const double each = std::sqrt(kPixels * kChannels);  // of a gradient of ones
  const auto times_pixels = [](const torch::Tensor& of_pixel) {
    return std::sqrt(kPixels) * of_pixel.norm().item<double>();
  };
  EXPECT_NEAR(part(found, "blocks.1").of_output, each, 1e-4);
  EXPECT_NEAR(part(found, "blocks.1").of_input, std::sqrt(2.0) * each, 1e-4);
  EXPECT_NEAR(part(found, "blocks.0").of_output, each, 1e-4);
  EXPECT_NEAR(part(found, "blocks.0").of_input, times_pixels(first), 1e-4);
  EXPECT_NEAR(part(found, "resample.1.0").of_input, times_pixels(second), 1e-4);
  EXPECT_NEAR(part(found, "stem").of_output, times_pixels(first + second), 1e-4);
  EXPECT_EQ(part(found, "stem").of_input, 0);  // the image needs none
  EXPECT_EQ(part(found, "resample.1.0").reads, std::vector<std::string>{"stem"});
  EXPECT_EQ(part(found, "blocks.1").reads, (std::vector<std::string>{"blocks.0", "resample.1.0"}));
  EXPECT_EQ(part(found, "blocks.0").parameter_count, kChannels * kChannels);
  EXPECT_NEAR(part(found, "blocks.0").parameters, weight("blocks.0.conv").norm().item<double>(), 1e-6);
  EXPECT_EQ(part(found, "blocks.1").parameter_count, 0);
  EXPECT_EQ(part(found, "stem").output, (graph::Shape{kChannels, kSide, kSide}));
}

TEST_F(GradientFlowOf, IsThatOfTheLossThatIsNamed) {
  const GradientFlow plain = flow(2), triple = flow(2, "triple_loss"), both = flow(2, "");
  for (size_t i = 0; i < plain.parts.size(); ++i) {
    EXPECT_NEAR(triple.parts[i].of_output, 3 * plain.parts[i].of_output, 1e-3);
    EXPECT_NEAR(both.parts[i].of_parameters, 4 * plain.parts[i].of_parameters, 1e-3);
  }
  ASSERT_EQ(plain.losses.size(), 2U);
  EXPECT_NEAR(plain.losses[1].second, 3 * plain.losses[0].second, 1e-4);
  EXPECT_THROW(flow(1, "no_loss"), Error);
}

TEST_F(GradientFlowOf, TellsHowFarBatchesAgree) {
  begin([](const BatchPass& pass) {
    const torch::Tensor y = pass.run(0, pass.pixels).front();
    return BatchLosses{{{"cubic_loss", y.pow(3).sum()}}, y};
  });
  EXPECT_NEAR(part(flow(3, "", 0), "blocks.0").agreement, 1, 1e-6);
  EXPECT_LT(part(flow(3, ""), "blocks.0").agreement, 0.99);
  EXPECT_GT(part(flow(3, ""), "blocks.0").agreement, 0);
  EXPECT_EQ(part(flow(3, ""), "blocks.1").agreement, 0);  // which has no parameters
}

TEST_F(GradientFlowOf, KnowsTheStatisticsOfEachBatch) {
  const GradientFlow found = flow(2);
  ASSERT_EQ(found.norms.size(), 1U);
  const NormFlow& norm = found.norms.front();
  EXPECT_EQ(norm.name, "stem.bn");
  EXPECT_EQ(norm.values, kPixels);
  std::vector<torch::Tensor> means, variances;
  for (const int64_t number : {1, 2}) {
    const data::Batch batch = batch_of(number);
    const torch::Tensor x = pixels_of(batch, torch::kCPU).to(torch::kFloat64);
    means.push_back(x.mean({0, 2, 3}));
    variances.push_back(x.var({0, 2, 3}, true));
  }
  const torch::Tensor mean = torch::stack(means), variance = torch::stack(variances);
  const double epsilon = graph::BatchNorm{}.epsilon;
  const double running = std::sqrt(1 + epsilon);  // of the first values, 0 and 1
  const torch::Tensor deviation = (variance + epsilon).sqrt(), of_both = (variance.mean(0) + epsilon).sqrt();
  EXPECT_NEAR(norm.mean_from_running, mean.abs().mean().item<double>() / running, 1e-5);
  EXPECT_NEAR(norm.std_from_running, (deviation / running - 1).abs().mean().item<double>(), 1e-5);
  EXPECT_NEAR(norm.mean_from_batches, ((mean - mean.mean(0)) / of_both).abs().mean().item<double>(), 1e-5);
  EXPECT_NEAR(norm.std_from_batches, (deviation / of_both - 1).abs().mean().item<double>(), 1e-5);
}

TEST_F(GradientFlowOf, LeavesTheTrainerAsItIs) {
  const torch::Tensor statistics = trainer_->measured().statistics.clone(),
                      values = trainer_->measured().values.clone();
  flow(2);
  mean_losses(*trainer_, trainer_->measured(), Normalisation::batch_statistics, {1, [] { return batch_of(1); }, ""});
  EXPECT_TRUE(torch::equal(trainer_->measured().statistics, statistics));
  EXPECT_TRUE(torch::equal(trainer_->measured().values, values));
  EXPECT_TRUE(torch::equal(trainer_->state().parameters.gradients, torch::zeros_like(values)));
}

TEST_F(GradientFlowOf, LossesAreMeansByEitherNormalisation) {
  const torch::Tensor by_pixel = (weight("blocks.0.conv") + weight("resample.1.0.expand")).sum(0);
  const torch::Tensor of_channel = at::matmul(by_pixel, weight("stem.conv"));
  const data::Batch batch = batch_of(2);
  const torch::Tensor x = pixels_of(batch, torch::kCPU);
  const double running = std::sqrt(1 + graph::BatchNorm{}.epsilon);
  const double expected = (x.sum({0, 2, 3}) / running * of_channel).sum().item<double>();
  const auto loss = [&](Normalisation normalisation) {
    return mean_losses(*trainer_, trainer_->measured(), normalisation, {2, [] { return batch_of(2); }, ""})
        .front()
        .second;
  };
  EXPECT_NEAR(loss(Normalisation::running_statistics), expected, 1e-3);
  EXPECT_NEAR(loss(Normalisation::batch_statistics), 0, 1e-3);  // of what is normalised by itself
}

}  // namespace
}  // namespace spinenet::train
