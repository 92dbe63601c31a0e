#include "train/yolo_losses.h"

#include <cmath>

#include <gtest/gtest.h>

#include "arch/families.h"
#include "data/loading/yolo_labels.h"
#include "graph/anchors.h"
#include "graph/lower.h"
#include "train/square_image_fixture.h"
#include "train/validate.h"

namespace spinenet::train {
namespace {

constexpr int kYoloSize = 128;

arch::Architecture tiny_yolo(std::string_view base) {
  arch::Architecture a = arch::named_architecture(base);
  a.head_kind = arch::HeadKind::yolo;
  a.scaling.filter_size_scale = 0.07;
  a.scaling.endpoints_num_filters = 8;
  a.scaling.stem_filters = 6;
  return a;
}

data::Prepared square_of(int64_t i, const detect::YoloAnchors& anchors, bool crowd) {
  data::Prepared p = fixture::square_image(i, kYoloSize, crowd);
  p.yolo_labels = data::label_yolo(anchors, {kYoloSize, kYoloSize}, p.targets);
  return p;
}

struct YoloFixture {
  arch::Architecture architecture;
  std::vector<detect::YoloLevel> levels = graph::yolo_levels(architecture);
  graph::Program program;
  Communicator alone{{}, torch::kCPU};
  Recipe recipe;

  explicit YoloFixture(arch::Architecture a, int classes = 2)
      : architecture(std::move(a)), program(graph::lower_detector(architecture, {kYoloSize, kYoloSize, classes})) {
    recipe.batch = 4;
    recipe.optimizer.kind = OptimizerKind::adamw;
    recipe.optimizer.learning_rate = 0.005;
    recipe.schedule.warmup_steps = 2;
  }

  data::Batch batch(int64_t step, bool crowd = false) const {
    std::vector<data::Prepared> prepared;
    for (int64_t i = 0; i < 4; ++i) prepared.push_back(square_of(i, graph::yolo_anchors(architecture), crowd));
    data::Batch made = data::make_batch(std::move(prepared), kYoloSize, kYoloSize);
    made.step = step;
    return made;
  }

  Trainer trainer() {
    const Weights first = graph::initial_weights(program, recipe.init, 1);
    Trainee trainee{{program},
                    [this](const BatchPass& pass) { return yolo_batch_losses(pass, levels, recipe.yolo_loss); }};
    Trainer made(std::move(trainee), first, recipe, torch::kCPU, alone);
    made.state().progression.total_steps = 100;
    return made;
  }
};

void expect_learning(const arch::Architecture& architecture) {
  YoloFixture fixture(architecture);
  Trainer trainer = fixture.trainer();
  const StepReport first = trainer.step(fixture.batch(0));
  StepReport last;
  for (int64_t step = 1; step < 60; ++step) {
    last = trainer.step(fixture.batch(step));
    ASSERT_TRUE(last.finite) << step;
  }
  for (const std::string name : {"objectness_loss", "classification_loss", "box_loss"}) {
    EXPECT_LT(last.loss(name), 0.6 * first.loss(name)) << name;
  }
}

TEST(YoloLosses, FallOnAFewImages) {
  expect_learning(tiny_yolo("spinenet-49"));
}

TEST(YoloLosses, FallWithTheNetworkOfYoloV4Tiny) {
  arch::Architecture a = tiny_yolo("yolov4-tiny");
  a.scaling.filter_size_scale = 0.125;
  expect_learning(a);
}

// Whatever the number of classes, and with many anchor cells or few.
TEST(YoloLosses, BeginWithAFewUnits) {
  for (const int classes : {1, 2, 80}) {
    for (const double anchor : {20.0, 40.0, 90.0}) {
      arch::Architecture a = tiny_yolo("spinenet-49");
      a.yolo.anchors.assign(10, {anchor, anchor});
      YoloFixture fixture(a, std::max(2, classes));
      const StepReport first = fixture.trainer().step(fixture.batch(0));
      ASSERT_TRUE(first.finite);
      EXPECT_LT(first.loss("objectness_loss"), 8) << classes;
      EXPECT_LT(first.loss("classification_loss"), 8) << classes;
      EXPECT_LT(first.loss("box_loss"), 10) << classes;
      EXPECT_GT(first.loss("box_loss"), 0) << classes;
    }
  }
}

TEST(YoloLosses, OfACrowdAreThoseOfBackgroundAroundIt) {
  YoloFixture fixture(tiny_yolo("spinenet-49"));
  data::Batch crowd = fixture.batch(0, true), empty = fixture.batch(0, true);
  ASSERT_FALSE(crowd.yolo_labels.front().ignored.empty());
  for (data::YoloLabels& labels : empty.yolo_labels) labels = {};
  for (std::vector<data::Target>& targets : empty.targets) targets.clear();
  const StepReport with_crowd = fixture.trainer().step(crowd), without = fixture.trainer().step(empty);
  EXPECT_EQ(with_crowd.loss("classification_loss"), 0);
  EXPECT_EQ(with_crowd.loss("box_loss"), 0);
  EXPECT_LT(with_crowd.loss("objectness_loss"), without.loss("objectness_loss"));
  // At first every anchor cell costs the same, so the ignored ones are left out in proportion.
  const double cells = 4.0 * static_cast<double>(detect::anchor_cells(graph::yolo_anchors(fixture.architecture),
                                                                      {kYoloSize, kYoloSize}));
  double ignored = 0;
  for (const data::YoloLabels& labels : crowd.yolo_labels) ignored += static_cast<double>(labels.ignored.size());
  EXPECT_NEAR(with_crowd.loss("objectness_loss") / without.loss("objectness_loss"), 1 - ignored / cells, 1e-3);
}

TEST(YoloLosses, EqualRunsHaveEqualBits) {
  YoloFixture a(tiny_yolo("spinenet-49")), b(tiny_yolo("spinenet-49"));
  Trainer one = a.trainer(), other = b.trainer();
  for (int64_t step = 0; step < 4; ++step) EXPECT_EQ(one.step(a.batch(step)).loss(), other.step(b.batch(step)).loss());
  EXPECT_TRUE(torch::equal(one.state().parameters.values, other.state().parameters.values));
}

}  // namespace
}  // namespace spinenet::train
