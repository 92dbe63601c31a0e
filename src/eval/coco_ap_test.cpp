#include "eval/coco_ap.h"

#include <cmath>
#include <functional>
#include <string>

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/random.h"
#include "eval/metrics_json.h"

namespace spinenet::eval {
namespace {

struct Scene {
  detect::Annotations annotations;
  std::vector<detect::Result> results;
};

detect::Annotation box_annotation(int64_t id, int64_t image_id, int64_t category_id, std::array<double, 4> bbox) {
  detect::Annotation annotation;
  annotation.id = id;
  annotation.image_id = image_id;
  annotation.category_id = category_id;
  annotation.bbox = bbox;
  annotation.area = bbox[2] * bbox[3];
  return annotation;
}

detect::Result box_result(int64_t image_id, int64_t category_id, std::array<double, 4> bbox, double score) {
  detect::Result result;
  result.image_id = image_id;
  result.category_id = category_id;
  result.bbox = bbox;
  result.score = score;
  return result;
}

// Images of a few objects each; results near them, with different scores.
Scene random_scene(uint64_t seed) {
  Random rng(seed);
  Scene scene;
  for (int64_t c = 0; c < 3; ++c) scene.annotations.categories.push_back({2 * c + 1, std::to_string(c), ""});
  int64_t next_id = 1;
  for (int64_t i = 0; i < 8; ++i) {
    scene.annotations.images.push_back({10 * i + 3, "", 100, 100});
    for (int64_t n = rng.below(5); n > 0; --n) {
      const std::array<double, 4> box{rng.uniform(0, 60), rng.uniform(0, 60), rng.uniform(5, 40), rng.uniform(5, 40)};
      const int64_t category = 2 * rng.below(3) + 1;
      scene.annotations.annotations.push_back(box_annotation(next_id++, 10 * i + 3, category, box));
      scene.annotations.annotations.back().crowd = rng.chance(0.1);
      for (int64_t d = rng.below(3); d > 0; --d) {
        std::array<double, 4> near = box;
        for (double& value : near) value += rng.uniform(-4, 4);
        scene.results.push_back(box_result(10 * i + 3, category, near, rng.uniform()));
      }
    }
  }
  return scene;
}

std::string metrics_text(const Scene& scene, const CocoEvalOptions& options = {}) {
  return to_text(to_json(evaluate_coco(scene.annotations, scene.results, options), scene.annotations));
}

std::string error_of(const std::function<void()>& call, ErrorKind kind) {
  try {
    call();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), kind) << error.what();
    return error.what();
  }
  ADD_FAILURE() << "accepted";
  return "";
}

TEST(CocoAp, PerfectDetectionsHaveApOne) {
  Scene scene = random_scene(1);
  scene.results.clear();
  for (const detect::Annotation& a : scene.annotations.annotations) {
    if (!a.crowd) scene.results.push_back(box_result(a.image_id, a.category_id, a.bbox, 0.5));
  }
  const CocoMetrics metrics = evaluate_coco(scene.annotations, scene.results).metrics;
  EXPECT_NEAR(metrics.ap, 1.0, 1e-12);
  EXPECT_NEAR(metrics.ar100, 1.0, 1e-12);
}

TEST(CocoAp, OneHitAndOneMissByHand) {
  Scene scene;
  scene.annotations.categories = {{1, "thing", ""}};
  scene.annotations.images = {{1, "", 100, 100}};
  scene.annotations.annotations = {box_annotation(1, 1, 1, {0, 0, 10, 10}), box_annotation(2, 1, 1, {50, 50, 10, 10})};
  scene.results = {box_result(1, 1, {0, 0, 10, 8}, 0.9), box_result(1, 1, {20, 20, 10, 10}, 0.8)};  // IoU 0.8
  const CocoMetrics metrics = evaluate_coco(scene.annotations, scene.results).metrics;
  const double reached = 51.0 / 101.0;  // recall 0 to 0.5
  EXPECT_NEAR(metrics.ap50, reached, 1e-12);
  EXPECT_NEAR(metrics.ap, reached * 0.7, 1e-12);  // found at 0.5 to 0.8
  EXPECT_NEAR(metrics.ar100, 0.5 * 0.7, 1e-12);
  EXPECT_NEAR(metrics.ap_small, reached * 0.7, 1e-12);
  EXPECT_EQ(metrics.ap_medium, -1);
  EXPECT_EQ(metrics.ar_large, -1);
}

TEST(CocoAp, NothingFoundIsZeroAndNothingToFindIsUndefined) {
  Scene scene = random_scene(2);
  scene.results.clear();
  EXPECT_EQ(evaluate_coco(scene.annotations, scene.results).metrics.ap, 0.0);
  scene.annotations.annotations.clear();
  for (const auto& [name, value] : named_numbers(evaluate_coco(scene.annotations, scene.results).metrics)) {
    EXPECT_EQ(value, -1) << name;
  }
  EXPECT_EQ(evaluate_coco({}, {}).metrics.ap, -1);
}

TEST(CocoAp, NewImageIdsInTheSameOrderChangeNothing) {
  for (uint64_t seed = 0; seed < 20; ++seed) {
    const Scene scene = random_scene(seed);
    Scene renamed = scene;
    const auto rename = [](int64_t& id) { id = id * 1000003 + 7; };  // far apart: no table of ids
    for (detect::ImageInfo& image : renamed.annotations.images) rename(image.id);
    for (detect::Annotation& annotation : renamed.annotations.annotations) rename(annotation.image_id);
    for (detect::Result& result : renamed.results) rename(result.image_id);
    EXPECT_EQ(metrics_text(scene), metrics_text(renamed));
  }
}

TEST(CocoAp, MonotoneChangeOfScoresAndThreadsChangeNothing) {
  for (uint64_t seed = 0; seed < 20; ++seed) {
    const Scene scene = random_scene(seed);
    Scene other = scene;
    for (detect::Result& result : other.results) result.score = result.score * 4 - 1;
    CocoEvalOptions options;
    options.threads = 3;
    EXPECT_EQ(metrics_text(scene), metrics_text(other, options));
  }
}

TEST(CocoAp, ALowerScoredFalseAlarmNeverRaisesAp) {
  for (uint64_t seed = 0; seed < 20; ++seed) {
    Scene scene = random_scene(seed);
    double before = evaluate_coco(scene.annotations, scene.results).metrics.ap;
    Random rng(seed + 100);
    for (int i = 0; i < 5; ++i) {
      const int64_t image = scene.annotations.images[static_cast<size_t>(rng.below(8))].id;
      scene.results.push_back(box_result(image, 2 * rng.below(3) + 1, {200, 200, 5, 5}, -1.0 - i));
      const double after = evaluate_coco(scene.annotations, scene.results).metrics.ap;
      EXPECT_LE(after, before);
      before = after;
    }
  }
}

TEST(CocoAp, TheLimitOfDetectionsIsPerImageAndCategory) {
  Scene scene;
  scene.annotations.categories = {{1, "thing", ""}};
  scene.annotations.images = {{1, "", 100, 100}};
  for (int64_t i = 0; i < 20; ++i) {
    const std::array<double, 4> box{5.0 * static_cast<double>(i), 0, 4, 4};
    scene.annotations.annotations.push_back(box_annotation(i + 1, 1, 1, box));
    scene.results.push_back(box_result(1, 1, box, 0.5));
  }
  const CocoMetrics metrics = evaluate_coco(scene.annotations, scene.results).metrics;
  EXPECT_NEAR(metrics.ar1, 0.05, 1e-12);
  EXPECT_NEAR(metrics.ar10, 0.5, 1e-12);
  EXPECT_NEAR(metrics.ar100, 1.0, 1e-12);
}

TEST(CocoAp, ResultsInACrowdCountForNothing) {
  Scene scene;
  scene.annotations.categories = {{1, "thing", ""}};
  scene.annotations.images = {{1, "", 100, 100}};
  scene.annotations.annotations = {box_annotation(1, 1, 1, {0, 0, 10, 10}), box_annotation(2, 1, 1, {40, 40, 60, 60})};
  scene.annotations.annotations[1].crowd = true;
  scene.results = {box_result(1, 1, {50, 50, 5, 5}, 0.9), box_result(1, 1, {60, 60, 5, 5}, 0.8),
                   box_result(1, 1, {0, 0, 10, 10}, 0.7)};
  EXPECT_NEAR(evaluate_coco(scene.annotations, scene.results).metrics.ap, 1.0, 1e-12);
}

TEST(CocoAp, CategoriesCanBeLeftOutOfAccount) {
  Scene scene = random_scene(5);
  for (detect::Result& result : scene.results) result.category_id = result.category_id % 6 + 1;
  CocoEvalOptions options;
  options.use_categories = false;
  const CocoEvaluation together = evaluate_coco(scene.annotations, scene.results, options);
  EXPECT_EQ(together.category_count, 1);
  EXPECT_EQ(together.metrics.per_class.size(), 1U);
  EXPECT_EQ(together.metrics.per_class[0].ap, together.metrics.ap);
}

TEST(CocoAp, MasksOfBoxesGiveTheNumbersOfTheBoxes) {
  Scene scene = random_scene(6);
  const auto whole = [](std::array<double, 4>& box) {
    for (double& value : box) value = std::floor(value);
  };
  for (detect::Annotation& a : scene.annotations.annotations) {
    whole(a.bbox);
    a.area = a.bbox[2] * a.bbox[3];
    a.segmentation.rle = detect::rle_from_box(a.bbox, 120, 120);
  }
  for (detect::ImageInfo& image : scene.annotations.images) image.height = image.width = 120;
  for (detect::Result& r : scene.results) {
    for (double& value : r.bbox) value = std::max(value, 1.0);
    whole(r.bbox);
    r.mask = detect::rle_from_box(r.bbox, 120, 120);
  }
  CocoEvalOptions masks;
  masks.iou = IouType::segm;
  EXPECT_EQ(metrics_text(scene), metrics_text(scene, masks));
}

TEST(CocoAp, UnknownImagesAreNamedAndCounted) {
  Scene scene = random_scene(7);
  for (int64_t i = 0; i < 9; ++i) scene.results.push_back(box_result(7000 + i / 2, 1, {0, 0, 1, 1}, 0.5));
  const std::string message = error_of([&] { evaluate_coco(scene.annotations, scene.results); }, ErrorKind::bad_data);
  EXPECT_NE(message.find("9 results"), std::string::npos) << message;
  EXPECT_NE(message.find("7000, 7001, 7002, 7003, 7004"), std::string::npos) << message;
}

TEST(CocoAp, UnknownCategoriesCountForNothing) {
  Scene scene = random_scene(8);
  const std::string before = metrics_text(scene);
  scene.results.push_back(box_result(3, 99, {0, 0, 9, 9}, 2.0));
  EXPECT_EQ(metrics_text(scene), before);
}

TEST(CocoAp, WhatCannotBeEvaluatedIsRefused) {
  const Scene good = random_scene(9);
  Scene scene = good;
  scene.annotations.annotations[1].id = scene.annotations.annotations[0].id;
  error_of([&] { evaluate_coco(scene.annotations, scene.results); }, ErrorKind::bad_data);
  scene = good;
  scene.results[0].score = std::nan("");
  error_of([&] { evaluate_coco(scene.annotations, scene.results); }, ErrorKind::bad_data);
  CocoEvalOptions options;
  options.iou = IouType::segm;
  error_of([&] { evaluate_coco(good.annotations, good.results, options); }, ErrorKind::bad_data);
  options = {};
  options.max_detections = {0, 1, 2};
  error_of([&] { evaluate_coco(good.annotations, good.results, options); }, ErrorKind::usage);
  options.max_detections = {100};
  error_of([&] { evaluate_coco(good.annotations, good.results, options); }, ErrorKind::usage);
}

}  // namespace
}  // namespace spinenet::eval
