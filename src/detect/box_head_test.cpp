#include "detect/box_head.h"

#include <limits>

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/json.h"

namespace spinenet {
namespace {

constexpr Extent kPicture{60, 77};

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
    const std::vector<Detection> found = box_head_detections({head.classes, head.boxes}, head.rois, kPicture, options);
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

TEST(BoxHead, CodesGoThereAndBack) {
  const Box roi{10, 20, 50, 90};
  const Box box{15, 18, 61, 77};
  const BoxCode code = encode_in_roi(box, roi);
  EXPECT_FLOAT_EQ(code[1], 10 * (38.0F - 30.0F) / 40.0F);
  const Box back = decode_in_roi(code, roi);
  EXPECT_NEAR(back.x1, box.x1, 1e-4);
  EXPECT_NEAR(back.y2, box.y2, 1e-4);
}

TEST(BoxHead, WhatIsNoNumberIsLeftOut) {
  Head head;
  const float nan = std::numeric_limits<float>::quiet_NaN();
  std::fill(head.boxes.begin() + 4 * (Head::kRows - 1), head.boxes.end(), nan);
  const auto found = box_head_detections({head.classes, head.boxes}, head.rois, kPicture, {});
  ASSERT_FALSE(found.empty());
  for (const Detection& detection : found) EXPECT_EQ(detection.box, detection.box);
  std::fill(head.classes.begin(), head.classes.end(), nan);
  EXPECT_TRUE(box_head_detections({head.classes, head.boxes}, head.rois, kPicture, {}).empty());
}

TEST(BoxHead, WithoutRoisNothingIsFound) {
  EXPECT_TRUE(box_head_detections({}, {}, kPicture, {}).empty());
}

TEST(BoxHead, OutputsOfOtherSizesAreRefused) {
  const Head head;
  try {
    box_head_detections({head.classes, head.boxes}, std::span(head.rois).first(39), kPicture, {});
    ADD_FAILURE() << "accepted";
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "160 logits and 480 offsets are no answer for 39 ROIs");
  }
}

}  // namespace
}  // namespace spinenet
