#include "train/segment_losses.h"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "arch/families.h"
#include "detect/anchors.h"
#include "detect/roi_sampler.h"
#include "graph/anchors.h"
#include "graph/lower_two_stage.h"

namespace spinenet::train {
namespace {

constexpr int kSize = 128;

arch::Architecture tiny_segmenter() {
  arch::Architecture a = arch::named_architecture("spinenet-49");
  a.scaling.filter_size_scale = 0.07;
  a.scaling.endpoints_num_filters = 8;
  a.scaling.stem_filters = 6;
  a.two_stage.rpn_filters = 8;
  a.two_stage.box_convs = a.two_stage.mask_convs = 1;
  a.two_stage.box_filters = a.two_stage.mask_filters = 8;
  a.two_stage.box_dense = 16;
  return a;
}

// A bright square on a dark ground; its mask is the square without its right half.
data::Prepared square_image(int64_t i, const std::vector<detect::Box>& anchors, bool objects) {
  data::Prepared p;
  p.image_id = i;
  p.image = image::make_image(kSize, kSize, 20);
  const int x = static_cast<int>(16 + 13 * (i % 5));
  const int y = static_cast<int>(10 + 17 * (i % 4));
  for (int row = y; row < y + 40; ++row) {
    for (int column = x; column < x + 40; ++column) std::fill_n(p.image.at(row, column), 3, uint8_t{220});
  }
  if (objects) {
    const double x1 = x;
    const double y1 = y;
    p.targets = {{detect::Box{static_cast<float>(x), static_cast<float>(y), static_cast<float>(x + 40),
                              static_cast<float>(y + 40)},
                  static_cast<int>(i % 2), false}};
    p.masks.resize(1);
    p.masks[0].shape.polygons = {{x1, y1, x1 + 20, y1, x1 + 20, y1 + 40, x1, y1 + 40}};
  }
  p.labels = data::label_anchors(anchors, p.targets, {.match = detect::kProposalMatch});
  return p;
}

struct Fixture {
  arch::Architecture architecture = tiny_segmenter();
  std::vector<detect::Box> anchors = detect::make_anchors(graph::proposal_anchors(architecture), kSize, kSize);
  Communicator alone{{}, torch::kCPU};
  Recipe recipe;

  Fixture() {
    recipe.batch = 2;
    recipe.optimizer.kind = OptimizerKind::adamw;
    recipe.optimizer.learning_rate = 0.005;
    recipe.schedule.warmup_steps = 2;
    recipe.init.predictor_deviation = 0.01;
    recipe.two_stage.proposals_before_nms = 60;
    recipe.two_stage.proposals = 30;
    recipe.two_stage.roi_samples = 12;
  }

  data::Batch batch(int64_t step, bool objects = true) const {
    std::vector<data::Prepared> prepared;
    for (int64_t i = 0; i < 2; ++i) prepared.push_back(square_image(i, anchors, objects));
    data::Batch made = data::make_batch(std::move(prepared), kSize, kSize);
    made.step = step;
    return made;
  }

  Trainer trainer() {
    Trainee trainee{graph::programs_of(graph::lower_two_stage(architecture, {kSize, kSize, 2})),
                    [this](const BatchPass& pass) {
                      return segment_batch_losses(pass, {anchors, 3, detect::kAnyStride, recipe.seed, recipe.two_stage,
                                                         architecture.two_stage.box_thresholds});
                    }};
    const Weights first = graph::initial_weights(graph::parameters_of_all(trainee.programs), recipe.init, 1);
    Trainer made(std::move(trainee), first, recipe, torch::kCPU, alone);
    made.state().progression.total_steps = 100;
    return made;
  }
};

TEST(SegmentLosses, FallOnAFewImages) {
  Fixture fixture;
  Trainer trainer = fixture.trainer();
  const StepReport first = trainer.step(fixture.batch(0));
  StepReport last;
  for (int64_t step = 1; step < 40; ++step) last = trainer.step(fixture.batch(step));
  ASSERT_TRUE(last.finite);
  for (const std::string name : {"objectness_loss", "proposal_loss", "class_loss", "mask_loss"}) {
    EXPECT_LT(last.loss(name), 0.7 * first.loss(name)) << name;
  }
  EXPECT_NEAR(first.loss("objectness_loss"), std::log(2), 0.2);
  EXPECT_NEAR(first.loss("mask_loss"), std::log(2), 0.2);
}

TEST(SegmentLosses, EachHeadOfACascadeLearns) {
  Fixture fixture;
  fixture.architecture.two_stage.box_thresholds = {0.5, 0.6, 0.7};
  Trainer trainer = fixture.trainer();
  const StepReport first = trainer.step(fixture.batch(0));
  ASSERT_EQ(first.losses.size(), 9U);
  EXPECT_EQ(first.losses[4].first, "class_loss2");
  EXPECT_EQ(first.losses[8].first, "mask_loss");
  StepReport last;
  for (int64_t step = 1; step < 40; ++step) last = trainer.step(fixture.batch(step));
  ASSERT_TRUE(last.finite);
  for (const std::string name : {"class_loss", "class_loss2", "class_loss3", "mask_loss"}) {
    EXPECT_LT(last.loss(name), 0.7 * first.loss(name)) << name;
  }
  for (const std::string name : {"class_loss", "class_loss2", "class_loss3"}) {
    EXPECT_NEAR(first.loss(name), std::log(3) / 3, 0.1) << name << ", a third of a head's";
  }
  for (const std::string name : {"box_loss", "box_loss2", "box_loss3"}) EXPECT_GT(last.loss(name), 0) << name;
}

// Without boxes to look at, each head still says what is background.
TEST(SegmentLosses, ImagesWithoutObjectsTeachEachHeadOfACascadeBackground) {
  Fixture fixture;
  fixture.architecture.two_stage.box_thresholds = {0.5, 0.7};
  Trainer trainer = fixture.trainer();
  const StepReport report = trainer.step(fixture.batch(0, false));
  EXPECT_TRUE(report.finite);
  EXPECT_EQ(report.loss("mask_loss"), 0);
  EXPECT_EQ(report.loss("box_loss2"), 0);
  EXPECT_GT(report.loss("class_loss2"), 0);
}

TEST(SegmentLosses, EqualRunsHaveEqualBits) {
  Fixture fixture;
  fixture.architecture.two_stage.box_thresholds = {0.5, 0.6};
  Trainer a = fixture.trainer();
  Trainer b = fixture.trainer();
  for (int64_t step = 0; step < 3; ++step) {
    EXPECT_EQ(a.step(fixture.batch(step)).loss(), b.step(fixture.batch(step)).loss());
  }
  EXPECT_TRUE(torch::equal(a.state().parameters.values, b.state().parameters.values));
}

TEST(SegmentLosses, ImagesWithoutObjectsTeachBackground) {
  Fixture fixture;
  Trainer trainer = fixture.trainer();
  const StepReport report = trainer.step(fixture.batch(0, false));
  EXPECT_TRUE(report.finite);
  EXPECT_EQ(report.loss("mask_loss"), 0);
  EXPECT_EQ(report.loss("box_loss"), 0);
  EXPECT_EQ(report.loss("proposal_loss"), 0);
  EXPECT_GT(report.loss("class_loss"), 0);
}

TEST(SegmentLosses, AnObjectWithoutAMaskTeachesItsBoxOnly) {
  Fixture fixture;
  Trainer trainer = fixture.trainer();
  data::Batch batch = fixture.batch(0);
  for (auto& masks : batch.masks) masks[0].shape = {};
  const StepReport report = trainer.step(batch);
  EXPECT_TRUE(report.finite);
  EXPECT_EQ(report.loss("mask_loss"), 0);
  EXPECT_GT(report.loss("proposal_loss"), 0);
}

TEST(SegmentLosses, OutputsThatAreNoNumbersAreANonFiniteStep) {
  Fixture fixture;
  fixture.architecture.two_stage.box_thresholds = {0.5, 0.6};
  Trainer trainer = fixture.trainer();
  data::Batch batch = fixture.batch(0);
  batch.pixels[5] = std::numeric_limits<float>::quiet_NaN();
  const torch::Tensor before = trainer.state().parameters.values.clone();
  EXPECT_FALSE(trainer.step(batch).finite);
  EXPECT_TRUE(torch::equal(before, trainer.state().parameters.values));
}

}  // namespace
}  // namespace spinenet::train
