#include "detect/box_head.h"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/json.h"

namespace spinenet::detect {
namespace {

constexpr Extent kHeadImage{60, 77};

// The ROIs and raw outputs of tests/parity/make_roi_oracle.py.
struct Head {
  static constexpr int kRois = 40;
  static constexpr int kRows = 4;
  std::vector<Box> rois;
  std::vector<float> classes, boxes;

  static double spread(int i, int prime) {
    return static_cast<double>((static_cast<int64_t>(i) * prime + 104729) % 10007) / 10007 * 2 - 1;
  }
  Head() {
    for (int r = 0; r < kRois; ++r) {
      const double x = (spread(r, 3571) + 1) * 30;
      const double y = (spread(r, 4409) + 1) * 22;
      rois.push_back({static_cast<float>(x), static_cast<float>(y),
                      static_cast<float>(x + (spread(r, 5279) + 1.2) * 20),
                      static_cast<float>(y + (spread(r, 6133) + 1.2) * 20)});
      for (int k = 0; k < kRows; ++k) {
        const int i = r * kRows + k;
        classes.push_back(static_cast<float>(3 * spread(i, 7919)));
        for (const int prime : {2503, 3049, 4001, 5003}) {
          if (k > 0) boxes.push_back(static_cast<float>(3 * spread(i, prime)));
        }
      }
    }
  }
};

TEST(BoxHead, DetectionsAreTorchvisions) {
  const Json answers = read_json(std::string(SPINENET_SOURCE_DIR) + "/tests/parity/roi_oracle.json");
  const Head head;
  for (const Json& answer : answers["box_head"]) {
    PostprocessOptions options;
    options.score_threshold = answer["score_threshold"].get<float>();
    options.iou = answer["iou"].get<float>();
    options.max_detections = answer["max_detections"].get<int>();
    const std::vector<Detection> found =
        box_head_detections({head.classes, head.boxes}, head.rois, kHeadImage, options);
    const auto boxes = answer["boxes"].get<std::vector<float>>();
    const auto scores = answer["scores"].get<std::vector<float>>();
    ASSERT_EQ(found.size(), scores.size());
    for (size_t i = 0; i < found.size(); ++i) {
      EXPECT_NEAR(found[i].score, scores[i], 1e-6);
      EXPECT_EQ(found[i].label, answer["labels"][i]);
      EXPECT_NEAR(found[i].box.x1, boxes[4 * i], 1e-4);
      EXPECT_NEAR(found[i].box.y1, boxes[4 * i + 1], 1e-4);
      EXPECT_NEAR(found[i].box.x2, boxes[4 * i + 2], 1e-4);
      EXPECT_NEAR(found[i].box.y2, boxes[4 * i + 3], 1e-4);
    }
  }
}

TEST(BoxHead, ClassesThatAreNotAskedForTakeNoPart) {
  const Head head;
  const auto found = [&](const PostprocessOptions& options) {
    return box_head_detections({head.classes, head.boxes}, head.rois, kHeadImage, options);
  };
  std::vector<Detection> of_two;
  for (const Detection& d : found({.max_detections = 1000})) {
    if (d.label != 1) of_two.push_back(d);
  }
  const std::vector<Detection> asked = found({.max_detections = 1000, .labels = {0, 2}});
  ASSERT_EQ(asked.size(), of_two.size());
  for (size_t i = 0; i < asked.size(); ++i) EXPECT_EQ(asked[i].box, of_two[i].box);
  // Across classes no two of the boxes overlap, and each that is gone is covered by a better one.
  const std::vector<Detection> agnostic = found({.max_detections = 1000, .class_agnostic = true});
  for (const Detection& d : found({.max_detections = 1000})) {
    int covering = 0;
    bool kept = false;
    for (const Detection& other : agnostic) {
      kept = kept || (other.box == d.box && other.label == d.label);
      if (iou(other.box, d.box) > 0.5F && other.score >= d.score && !(other.box == d.box && other.label == d.label)) {
        ++covering;
      }
    }
    EXPECT_EQ(kept, covering == 0);
  }
}

TEST(BoxHead, CodesGoThereAndBack) {
  const Box roi{10, 20, 50, 90};
  const Box box{15, 18, 61, 77};
  for (size_t stage = 0; stage < 3; ++stage) {
    const BoxCode code = encode_in_roi(box, roi, stage);
    const auto head = static_cast<float>(stage + 1);
    EXPECT_FLOAT_EQ(code[1], head * 10 * (38.0F - 30.0F) / 40.0F);
    EXPECT_FLOAT_EQ(code[2], head * 5 * std::log(59.0F / 70.0F));
    const Box back = decode_in_roi(code, roi, stage);
    EXPECT_NEAR(back.x1, box.x1, 1e-4);
    EXPECT_NEAR(back.y2, box.y2, 1e-4);
  }
}

TEST(BoxHead, OneBoxForAllClassesIsThatOfEachOfThem) {
  const Head head;
  constexpr size_t kClasses = Head::kRows - 1;
  std::vector<float> shared, repeated;
  for (size_t r = 0; r < head.rois.size(); ++r) {
    const std::span<const float> code = std::span(head.boxes).subspan(r * kClasses * 4, 4);
    shared.insert(shared.end(), code.begin(), code.end());
    for (size_t k = 0; k < kClasses; ++k) repeated.insert(repeated.end(), code.begin(), code.end());
  }
  const auto expected = box_head_detections({head.classes, repeated, 1}, head.rois, kHeadImage, {});
  const auto found = box_head_detections({head.classes, shared, 1}, head.rois, kHeadImage, {});
  ASSERT_GT(found.size(), 10U);
  ASSERT_EQ(found.size(), expected.size());
  for (size_t i = 0; i < found.size(); ++i) {
    EXPECT_EQ(found[i].box, expected[i].box);
    EXPECT_EQ(found[i].label, expected[i].label);
  }
  EXPECT_NE(box_head_detections({head.classes, shared, 0}, head.rois, kHeadImage, {})[0].box, found[0].box);
}

TEST(RefineRois, AreTheBoxesWithinTheImage) {
  const std::vector<Box> rois{{10, 20, 30, 40}, {60, 50, 70, 58}, {5, 5, 9, 9}, {1, 2, 3, 4}};
  const Box inside{14, 22, 36, 48}, outside{74, 50, 84, 58}, beyond{100, 50, 110, 58};
  std::vector<float> codes;
  for (const BoxCode& code :
       {encode_in_roi(inside, rois[0], 1), encode_in_roi(outside, rois[1], 1), encode_in_roi(beyond, rois[2], 1)}) {
    codes.insert(codes.end(), code.begin(), code.end());
  }
  codes.insert(codes.end(), {0, std::numeric_limits<float>::infinity(), 0, 0});
  const std::vector<Box> refined = refine_rois(codes, rois, kHeadImage, 1);
  ASSERT_EQ(refined.size(), 4U);
  EXPECT_NEAR(refined[0].x1, inside.x1, 1e-4);
  EXPECT_NEAR(refined[0].y2, inside.y2, 1e-4);
  EXPECT_NEAR(refined[1].x1, 74, 1e-4);
  EXPECT_EQ(refined[1].x2, 77) << "cut to the image";
  EXPECT_EQ(refined[2], rois[2]) << "nothing is left of it";
  EXPECT_EQ(refined[3], rois[3]) << "not finite";
  EXPECT_THROW(refine_rois(codes, std::span(rois).first(3), kHeadImage, 1), Error);
}

TEST(BoxHead, WhatIsNoNumberIsLeftOut) {
  Head head;
  const float nan = std::numeric_limits<float>::quiet_NaN();
  std::fill(head.boxes.begin() + 4 * (Head::kRows - 1), head.boxes.end(), nan);
  const auto found = box_head_detections({head.classes, head.boxes}, head.rois, kHeadImage, {});
  ASSERT_FALSE(found.empty());
  for (const Detection& detection : found) EXPECT_EQ(detection.box, detection.box);
  std::fill(head.classes.begin(), head.classes.end(), nan);
  EXPECT_TRUE(box_head_detections({head.classes, head.boxes}, head.rois, kHeadImage, {}).empty());
}

TEST(BoxHead, WithoutRoisNothingIsFound) {
  EXPECT_TRUE(box_head_detections({}, {}, kHeadImage, {}).empty());
}

TEST(BoxHead, OutputsOfOtherSizesAreRefused) {
  const Head head;
  try {
    box_head_detections({head.classes, head.boxes}, std::span(head.rois).first(39), kHeadImage, {});
    ADD_FAILURE() << "accepted";
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "160 logits and 480 offsets are no answer for 39 ROIs");
  }
}

}  // namespace
}  // namespace spinenet::detect
