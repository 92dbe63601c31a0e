#include "nn/yolo_loss.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <set>

#include <gtest/gtest.h>

#include "base/random.h"
#include "detect/yolo_targets.h"
#include "nn/losses.h"

namespace spinenet::nn {
namespace {

constexpr detect::Extent kInput{32, 64};
constexpr int64_t kClasses = 3, kChannels = 5 + kClasses, kImages = 2;
const torch::TensorOptions kYoloDouble = torch::kFloat64;

std::vector<detect::YoloLevel> two_levels() {
  return {{{{6, 8}, {14, 10}}, 1.2F, 8}, {{{20, 20}, {30, 24}, {40, 31}}, 1.05F, 16}};
}

int64_t cell_count() {
  return 4 * 8 * 2 + 2 * 4 * 3;
}

using Corner = std::array<double, 4>;

struct Learned {
  int64_t place;  // image * anchor cells + anchor cell
  Corner box;
  int label;
};

// Objects and what learns them, as chance has it: some anchor cells learn two objects.
struct Scene {
  std::vector<Learned> learned;
  std::vector<int64_t> ignored;
  std::vector<std::vector<Corner>> objects{kImages};
  torch::Tensor outputs = torch::empty({kImages, cell_count(), kChannels}, kYoloDouble);
};

Scene random_scene(uint64_t seed) {
  Random random(seed);
  Scene scene;
  double* values = scene.outputs.data_ptr<double>();
  for (int64_t i = 0; i < scene.outputs.numel(); ++i) values[i] = random.normal();
  for (int i = 0; i < 9; ++i) {
    const double x = random.uniform(0, 44), y = random.uniform(0, 20);
    const Corner box{x, y, x + random.uniform(4, 20), y + random.uniform(4, 12)};
    const auto image = static_cast<int64_t>(random.below(kImages));
    scene.objects[static_cast<size_t>(image)].push_back(box);
    const int64_t place = image * cell_count() + static_cast<int64_t>(random.below(cell_count()));
    scene.learned.push_back({place, box, static_cast<int>(random.below(kClasses))});
    if (i == 4) {
      scene.learned.push_back({place, {x + 1, y + 1, x + 9, y + 8}, 1});
      scene.objects[static_cast<size_t>(image)].push_back(scene.learned.back().box);
    }
  }
  std::ranges::stable_sort(scene.learned, {}, &Learned::place);
  std::set<int64_t> taken;
  for (const Learned& one : scene.learned) taken.insert(one.place);
  for (int64_t place = 5; place < kImages * cell_count(); place += 17) {
    if (!taken.contains(place)) scene.ignored.push_back(place);
  }
  return scene;
}

YoloTargets targets_of(const Scene& scene) {
  std::vector<int64_t> positives, match_positive;
  for (const Learned& one : scene.learned) {
    if (positives.empty() || positives.back() != one.place) positives.push_back(one.place);
    match_positive.push_back(static_cast<int64_t>(positives.size()) - 1);
  }
  YoloTargets targets{torch::tensor(positives, torch::kInt64),
                      torch::zeros({static_cast<int64_t>(positives.size()), kClasses}, kYoloDouble),
                      torch::tensor(match_positive, torch::kInt64),
                      torch::zeros({static_cast<int64_t>(scene.learned.size()), 4}, kYoloDouble),
                      torch::tensor(scene.ignored, torch::kInt64),
                      {}};
  for (size_t m = 0; m < scene.learned.size(); ++m) {
    targets.classes[match_positive[m]][scene.learned[m].label] = 1;
    for (size_t i = 0; i < 4; ++i) {
      targets.match_boxes[static_cast<int64_t>(m)][static_cast<int64_t>(i)] = scene.learned[m].box[i];
    }
  }
  for (const std::vector<Corner>& objects : scene.objects) {
    torch::Tensor boxes = torch::zeros({static_cast<int64_t>(objects.size()), 4}, kYoloDouble);
    for (size_t b = 0; b < objects.size(); ++b) {
      for (size_t i = 0; i < 4; ++i) boxes[static_cast<int64_t>(b)][static_cast<int64_t>(i)] = objects[b][i];
    }
    targets.boxes.push_back(boxes);
  }
  return targets;
}

torch::Tensor cells_as_double() {
  return yolo_cells(two_levels(), kInput).to(torch::kFloat64);
}

double sigmoid(double x) {
  return 1 / (1 + std::exp(-x));
}

// The decoding of the anchor cell of this number, found by walking over the levels.
Corner decode_plainly(int64_t cell, const double* code) {
  for (const detect::YoloLevel& level : two_levels()) {
    const auto anchors = static_cast<int64_t>(level.anchors.size());
    const int64_t columns = kInput.width / level.stride, rows = kInput.height / level.stride;
    if (cell >= rows * columns * anchors) {
      cell -= rows * columns * anchors;
      continue;
    }
    const auto& [width, height] = level.anchors[static_cast<size_t>(cell % anchors)];
    const double s = level.scale_xy;
    const auto column = static_cast<double>(cell / anchors % columns),
               row = static_cast<double>(cell / anchors / columns);
    const double x = (column + s * sigmoid(code[0]) - (s - 1) / 2) * level.stride;
    const double y = (row + s * sigmoid(code[1]) - (s - 1) / 2) * level.stride;
    const double w = width * std::exp(code[2]), h = height * std::exp(code[3]);
    return {x - w / 2, y - h / 2, x + w / 2, y + h / 2};
  }
  return {};
}

double iou_plainly(const Corner& a, const Corner& b) {
  const double w = std::max(0.0, std::min(a[2], b[2]) - std::max(a[0], b[0]));
  const double h = std::max(0.0, std::min(a[3], b[3]) - std::max(a[1], b[1]));
  const double areas = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]);
  return w * h / (areas - w * h);
}

double ciou_plainly(const Corner& p, const Corner& t) {
  const double dx = (p[0] + p[2]) / 2 - (t[0] + t[2]) / 2, dy = (p[1] + p[3]) / 2 - (t[1] + t[3]) / 2;
  const double cx = std::max(p[2], t[2]) - std::min(p[0], t[0]), cy = std::max(p[3], t[3]) - std::min(p[1], t[1]);
  const double turn = std::atan((t[2] - t[0]) / (t[3] - t[1])) - std::atan((p[2] - p[0]) / (p[3] - p[1]));
  const double v = 4 / (std::numbers::pi * std::numbers::pi) * turn * turn, iou = iou_plainly(p, t);
  const double alpha = v / (1 - iou + v + 1e-6);
  return iou - (dx * dx + dy * dy) / (cx * cx + cy * cy) - alpha * v;
}

struct PlainLosses {
  double objectness = 0, classification = 0, box = 0;
  int right = 0;  // background cells that are ignored for what they see
};

double background_loss(const Scene& scene, int64_t place, const double* out, PlainLosses& losses) {
  if (std::ranges::count(scene.ignored, place) > 0) return 0;
  const Corner box = decode_plainly(place % cell_count(), out);
  bool right = false, sure = false;
  for (const Corner& object : scene.objects[static_cast<size_t>(place / cell_count())]) {
    right = right || iou_plainly(box, object) > 0.7;
  }
  for (int64_t k = 0; k < kClasses; ++k) sure = sure || sigmoid(out[5 + k]) > 0.25;
  losses.right += right && sure ? 1 : 0;
  return right && sure ? 0 : -std::log(1 - sigmoid(out[4]));
}

// The rules anchor cell by anchor cell; sums, with weights 1.
PlainLosses losses_plainly(const Scene& scene) {
  PlainLosses losses;
  for (int64_t place = 0; place < kImages * cell_count(); ++place) {
    const double* out = scene.outputs.data_ptr<double>() + place * kChannels;
    std::vector<Learned> own;
    std::ranges::copy_if(scene.learned, std::back_inserter(own), [&](const Learned& l) { return l.place == place; });
    if (own.empty()) {
      losses.objectness += background_loss(scene, place, out, losses);
      continue;
    }
    losses.objectness -= std::log(sigmoid(out[4]));
    for (int64_t k = 0; k < kClasses; ++k) {
      const bool has = std::ranges::any_of(own, [&](const Learned& l) { return l.label == k; });
      losses.classification -= std::log(has ? sigmoid(out[5 + k]) : 1 - sigmoid(out[5 + k]));
    }
    for (const Learned& one : own) {
      losses.box +=
          (1 - ciou_plainly(decode_plainly(place % cell_count(), out), one.box)) / static_cast<double>(own.size());
    }
  }
  return losses;
}

// Makes a few background cells see an object just right.
void see_objects(Scene& scene) {
  const std::vector<detect::YoloLevel> levels = two_levels();
  std::set<int64_t> taken;
  for (const Learned& one : scene.learned) taken.insert(one.place);
  for (int64_t image = 0; image < kImages; ++image) {
    for (const int64_t cell : {9, 30, 66, 80}) {
      double* out = scene.outputs.data_ptr<double>() + (image * cell_count() + cell) * kChannels;
      if (!taken.contains(image * cell_count() + cell)) {
        scene.objects[static_cast<size_t>(image)].push_back(decode_plainly(cell, out));
      }
      if (cell == 30) std::fill(out + 5, out + kChannels, -3.0);  // right, but not sure of a class
    }
  }
}

TEST(YoloLoss, IsThatOfTheRulesAnchorCellByAnchorCell) {
  for (uint64_t seed = 1; seed <= 10; ++seed) {
    Scene scene = random_scene(seed);
    see_objects(scene);
    YoloLossOptions options{.objectness_weight = 0.5, .class_weight = 2, .box_weight = 3};
    const YoloLosses losses = yolo_losses(scene.outputs, cells_as_double(), targets_of(scene), 7, options);
    const PlainLosses plain = losses_plainly(scene);
    EXPECT_GE(plain.right, 4);
    EXPECT_NEAR(losses.objectness.item<double>(), 0.5 * plain.objectness / 7, 1e-9 * plain.objectness) << seed;
    EXPECT_NEAR(losses.classification.item<double>(), 2 * plain.classification / 7, 1e-9) << seed;
    EXPECT_NEAR(losses.box.item<double>(), 3 * plain.box / 7, 1e-5 * plain.box) << seed;
  }
}

TEST(YoloLoss, HasTheGradientOfFiniteDifferences) {
  Scene scene = random_scene(3);
  const YoloTargets targets = targets_of(scene);
  const torch::Tensor cells = cells_as_double();
  const auto total = [&](const torch::Tensor& outputs) {
    const YoloLosses losses = yolo_losses(outputs, cells, targets, 2, {});
    return losses.objectness + losses.classification + losses.box;
  };
  const torch::Tensor outputs = scene.outputs.clone().set_requires_grad(true);
  total(outputs).backward();
  const torch::Tensor gradient = outputs.grad().reshape({-1});
  constexpr double kStep = 1e-6;
  for (const Learned& one : scene.learned) {
    for (const int64_t place : {one.place, (one.place + 7) % (kImages * cell_count())}) {
      for (int64_t channel = 0; channel < kChannels; ++channel) {
        torch::Tensor moved = scene.outputs.clone();
        double& x = moved.data_ptr<double>()[place * kChannels + channel];
        x += kStep;
        const double above = total(moved).item<double>();
        x -= 2 * kStep;
        const double below = total(moved).item<double>();
        EXPECT_NEAR(gradient[place * kChannels + channel].item<double>(), (above - below) / (2 * kStep), 1e-6)
            << place << " " << channel;
      }
    }
  }
}

TEST(YoloLoss, BoxesAreThoseOfTheDetector) {
  const std::vector<detect::YoloLevel> levels = two_levels();
  std::vector<torch::Tensor> maps;
  torch::manual_seed(2);
  for (const detect::YoloLevel& level : levels) {
    maps.push_back(torch::randn({1, static_cast<int64_t>(level.anchors.size()) * kChannels,
                                 kInput.height / level.stride, kInput.width / level.stride}));
  }
  const torch::Tensor boxes =
      yolo_boxes(flatten_levels(maps, kChannels).narrow(2, 0, 4), yolo_cells(levels, kInput))[0];
  ASSERT_EQ(boxes.size(0), cell_count());
  int64_t number = 0;
  for (size_t l = 0; l < levels.size(); ++l) {
    for (int row = 0; row < maps[l].size(2); ++row) {
      for (int column = 0; column < maps[l].size(3); ++column) {
        for (int anchor = 0; anchor < static_cast<int>(levels[l].anchors.size()); ++anchor, ++number) {
          std::array<float, 4> code{};
          for (int i = 0; i < 4; ++i) {
            code[static_cast<size_t>(i)] = maps[l][0][anchor * kChannels + i][row][column].item<float>();
          }
          const detect::Box box = detect::decode_yolo(code, levels[l], {row, column, anchor});
          const std::array<float, 4> expected{box.x1, box.y1, box.x2, box.y2};
          for (int i = 0; i < 4; ++i) {
            EXPECT_NEAR(boxes[number][i].item<float>(), expected[static_cast<size_t>(i)], 1e-4) << number;
          }
        }
      }
    }
  }
}

// The order of anchor cells is also that of the matching.
TEST(YoloLoss, AnchorCellsAreNumberedAsTheMatchesAre) {
  detect::YoloAnchors anchors{{}, {}, {}, 0.213F};
  for (const detect::YoloLevel& level : two_levels()) {
    anchors.strides.push_back(level.stride);
    anchors.of_level.emplace_back();
    for (const auto& anchor : level.anchors) {
      anchors.of_level.back().push_back(static_cast<int>(anchors.sizes.size()));
      anchors.sizes.push_back(anchor);
    }
  }
  const torch::Tensor middles =
      yolo_boxes(torch::zeros({1, cell_count(), 4}), yolo_cells(two_levels(), kInput).unsqueeze(0))[0];
  EXPECT_EQ(middles.size(0), detect::anchor_cells(anchors, kInput));
  for (int64_t cell = 0; cell < middles.size(0); ++cell) {
    const torch::Tensor m = middles[cell];
    const detect::Box box{m[0].item<float>(), m[1].item<float>(), m[2].item<float>(), m[3].item<float>()};
    const std::vector<detect::YoloMatch> matches = detect::match_yolo(anchors, kInput, std::span(&box, 1));
    EXPECT_EQ(std::ranges::count(matches, cell, &detect::YoloMatch::cell), 1) << cell;
  }
}

TEST(YoloLoss, IsFiniteForHugeOutputs) {
  for (const double size : {1e4, -1e4}) {
    const Scene scene = random_scene(5);
    YoloTargets targets = targets_of(scene);
    for (torch::Tensor* t : {&targets.classes, &targets.match_boxes}) *t = t->to(torch::kFloat32);
    for (torch::Tensor& boxes : targets.boxes) boxes = boxes.to(torch::kFloat32);
    const torch::Tensor outputs = torch::full({kImages, cell_count(), kChannels}, size).set_requires_grad(true);
    const YoloLosses losses = yolo_losses(outputs, yolo_cells(two_levels(), kInput), targets, 1, {});
    (losses.objectness + losses.classification + losses.box).backward();
    for (const torch::Tensor& loss : {losses.objectness, losses.classification, losses.box}) {
      EXPECT_TRUE(std::isfinite(loss.item<double>())) << size;
    }
    EXPECT_TRUE(outputs.grad().isfinite().all().item<bool>()) << size;
  }
}

TEST(YoloLoss, WithoutObjectsTeachesBackgroundAlone) {
  Scene scene = random_scene(6);
  scene.learned.clear();
  scene.ignored.clear();
  scene.objects.assign(kImages, {});
  const torch::Tensor outputs = scene.outputs.clone().set_requires_grad(true);
  const YoloLosses losses = yolo_losses(outputs, cells_as_double(), targets_of(scene), 2, {});
  EXPECT_EQ(losses.classification.item<double>(), 0);
  EXPECT_EQ(losses.box.item<double>(), 0);
  EXPECT_NEAR(losses.objectness.item<double>(), losses_plainly(scene).objectness / 2, 1e-9);
  (losses.objectness + losses.classification + losses.box).backward();
  const torch::Tensor gradient = outputs.grad();
  EXPECT_GT(gradient.select(2, 4).min().item<double>(), 0);
  EXPECT_EQ(
      gradient.narrow(2, 0, 4).abs().sum().item<double>() + gradient.narrow(2, 5, kClasses).abs().sum().item<double>(),
      0);
}

TEST(CompleteIou, IsOneForEqualBoxesAndFallsWithDistanceAndRatio) {
  const auto of = [](const Corner& a, const Corner& b) {
    return complete_iou(torch::tensor({{a[0], a[1], a[2], a[3]}}, kYoloDouble),
                        torch::tensor({{b[0], b[1], b[2], b[3]}}, kYoloDouble))
        .item<double>();
  };
  EXPECT_NEAR(of({2, 3, 12, 9}, {2, 3, 12, 9}), 1, 1e-12);
  // Squares side by side: no overlap, 10^2 / (20^2 + 10^2).
  EXPECT_NEAR(of({0, 0, 10, 10}, {10, 0, 20, 10}), -0.2, 1e-12);
  // One centre, 4 x 1 in 4 x 4: IoU 1/4, v = 4 / pi^2 * (atan 4 - atan 1)^2.
  const double v = 4 / (std::numbers::pi * std::numbers::pi) * std::pow(std::atan(4.0) - std::atan(1.0), 2);
  EXPECT_NEAR(of({0, 1.5, 4, 2.5}, {0, 0, 4, 4}), 0.25 - v * v / (0.75 + v + 1e-6), 1e-9);
}

}  // namespace
}  // namespace spinenet::nn
