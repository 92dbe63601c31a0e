#include "runtime/segmenter.h"

#include <algorithm>
#include <cmath>

#include <gtest/gtest.h>

#include "base/error.h"
#include "detect/box_head.h"
#include "runtime/detector.h"

namespace spinenet::runtime {
namespace {

constexpr int kSegmenterClasses = 2;
constexpr int kSize = 128;

// A network that finds one box of one class in pixels of the input, with a mask of its left half.
struct FakeTwoStages {
  detect::Box planted;
  int label = 0;
  detect::AnchorOptions anchors{.scales = 1};
  int rois_seen = 0;
  int images_at_once = 1;

  std::vector<HostTensor> trunk(const HostTensor& input) const {
    const int64_t images = input.shape[0];
    std::vector<HostTensor> outputs;
    for (const int64_t channels : {3, 12}) {
      for (int level = 3; level <= 7; ++level) {
        outputs.push_back(
            make_tensor({images, channels, kSize >> level, kSize >> level}, channels == 3 ? -20.0F : 0.0F));
      }
    }
    // The first anchor of the middle cell of level 3 becomes the box, in every image.
    const int64_t cells = 16 * 16;
    const int64_t cell = 8 * 16 + 8;
    const detect::BoxCode code =
        detect::encode(planted, detect::make_anchors(anchors, kSize, kSize)[static_cast<size_t>(cell * 3)]);
    for (int64_t n = 0; n < images; ++n) {
      outputs[0].data[static_cast<size_t>(n * 3 * cells + cell)] = 5;
      for (int64_t i = 0; i < 4; ++i) {
        outputs[5].data[static_cast<size_t>((n * 12 + i) * cells + cell)] = code[static_cast<size_t>(i)];
      }
    }
    return outputs;
  }

  // Sure of ROIs that are the planted box, and of the background elsewhere.
  std::vector<HostTensor> box_head(std::span<const std::vector<detect::Box>> rois) {
    HostTensor classes = make_tensor({0, kSegmenterClasses + 1, 1, 1});
    for (const std::vector<detect::Box>& of_one : rois) {
      for (const detect::Box& roi : of_one) {
        ++rois_seen;
        std::vector<float> logits(kSegmenterClasses + 1, -5.0F);
        logits[detect::iou(roi, planted) > 0.9F ? static_cast<size_t>(label) + 1 : 0] = 5;
        classes.data.insert(classes.data.end(), logits.begin(), logits.end());
        ++classes.shape[0];
      }
    }
    return {classes, make_tensor({classes.shape[0], 4 * kSegmenterClasses, 1, 1})};
  }

  HostTensor mask_head(std::span<const std::vector<detect::Detection>> found) const {
    int64_t count = 0;
    for (const std::vector<detect::Detection>& of_one : found) count += static_cast<int64_t>(of_one.size());
    HostTensor masks = make_tensor({count, 28, 28}, -9.0F);
    for (int64_t r = 0; r < count; ++r) {
      for (int64_t y = 0; y < 28; ++y) {
        for (int64_t x = 0; x < 14; ++x) masks.data[static_cast<size_t>((r * 28 + y) * 28 + x)] = 9;
      }
    }
    return masks;
  }

  Segmenter segmenter(int image_size = kSize) {
    SegmenterOptions options;
    options.image_size = image_size;
    options.classes = kSegmenterClasses;
    options.anchors = anchors;
    return {{[this](const HostTensor& input) { return trunk(input); },
             {[this](std::span<const std::vector<detect::Box>> rois) { return box_head(rois); }},
             [this](std::span<const std::vector<detect::Detection>> found) { return mask_head(found); },
             images_at_once},
            options};
  }
};

TEST(Segmenter, GivesBoxesAndMasksInPixelsOfTheImage) {
  FakeTwoStages network{{32, 16, 96, 48}, 1};
  // The image is twice as large as its place in the input.
  const std::vector<image::Image> images{image::make_image(160, 256, 90), image::make_image(256, 256, 90)};
  const auto found = network.segmenter().segment(images);
  network.images_at_once = 2;
  const auto together = network.segmenter().segment(images);
  ASSERT_EQ(found.size(), 2U);
  ASSERT_EQ(together.size(), 2U);
  for (size_t i = 0; i < 2; ++i) EXPECT_EQ(together[i].front().mask, found[i].front().mask);
  for (size_t i = 0; i < 2; ++i) {
    ASSERT_EQ(found[i].size(), 1U);
    const detect::Detection& detection = found[i][0];
    EXPECT_EQ(detection.label, 1);
    EXPECT_GT(detection.score, 0.99F);
    EXPECT_NEAR(detection.box.x1, 64, 1e-2);
    EXPECT_NEAR(detection.box.y2, 96, 1e-2);
    EXPECT_EQ(detection.mask.height, images[i].height);
    EXPECT_EQ(detection.mask.width, images[i].width);
    EXPECT_EQ(detect::bounding_box(detection.mask), (std::vector<double>{64, 32, 64, 64}));
    EXPECT_NEAR(static_cast<double>(detect::area(detection.mask)), 64 * 64, 4) << "the corners fade on both sides";
  }
}

TEST(Segmenter, BoxesEndAtTheImage) {
  FakeTwoStages network{{32, 16, 96, 100}, 0};
  const auto found = network.segmenter().segment(std::vector<image::Image>{image::make_image(80, 128, 90)});
  ASSERT_EQ(found[0].size(), 0U) << "the fake box head knows the whole box only";
  network.planted = {32, 16, 96, 80};
  const auto cut = network.segmenter().segment(std::vector<image::Image>{image::make_image(80, 128, 90)});
  ASSERT_EQ(cut[0].size(), 1U);
  EXPECT_LE(cut[0][0].box.y2, 80);
}

TEST(Segmenter, FindsNothingWhereThereIsNothing) {
  FakeTwoStages network{{32, 16, 96, 48}, 0};
  Segmenter segmenter = network.segmenter();
  EXPECT_TRUE(segmenter.segment(std::vector<image::Image>{}).empty());
  network.label = -1;  // everything is background
  EXPECT_TRUE(segmenter.segment(std::vector<image::Image>{image::make_image(90, 90, 90)})[0].empty());
}

// The first head moves every ROI by a quarter of its side; what the second one is given is what it moved them to. The
// second one's boxes are its ROIs, and its logits and the first one's are averaged.
TEST(Segmenter, TheBoxesOfOneHeadOfACascadeAreTheRoisOfTheNext) {
  FakeTwoStages network{{32, 16, 96, 48}, 1};
  std::vector<std::vector<detect::Box>> given;
  const auto answer = [&](std::span<const std::vector<detect::Box>> rois, const std::vector<float>& logits,
                          const detect::BoxCode& code) {
    given.push_back(rois.front());
    HostTensor classes = make_tensor({0, kSegmenterClasses + 1, 1, 1}), boxes = make_tensor({0, 4, 1, 1});
    for (size_t r = 0; r < rois.front().size(); ++r) {
      classes.data.insert(classes.data.end(), logits.begin(), logits.end());
      boxes.data.insert(boxes.data.end(), code.begin(), code.end());
    }
    classes.shape[0] = boxes.shape[0] = static_cast<int64_t>(rois.front().size());
    return std::vector<HostTensor>{classes, boxes};
  };
  SegmenterOptions options;
  options.image_size = kSize;
  options.classes = kSegmenterClasses;
  options.anchors = network.anchors;
  options.proposals.post_nms = 1;
  const Segmenter segmenter(
      {[&](const HostTensor& input) { return network.trunk(input); },
       {[&](std::span<const std::vector<detect::Box>> rois) {
          return answer(rois, {0, 2, 0}, {0, 2.5F, 0, 0});
        },
        [&](std::span<const std::vector<detect::Box>> rois) {
          return answer(rois, {0, 0, 4}, {0, 0, 0, 0});
        }},
       [&](std::span<const std::vector<detect::Detection>> found) { return network.mask_head(found); },
       1},
      options);
  const auto found = segmenter.segment(std::vector<image::Image>{image::make_image(kSize, kSize, 90)}).front();
  ASSERT_EQ(given.size(), 2U);
  ASSERT_EQ(given[0].size(), 1U);
  EXPECT_NEAR(given[0][0].x1, 32, 1e-3);
  EXPECT_NEAR(given[1][0].x1, 32 + 16, 1e-3);
  EXPECT_NEAR(given[1][0].x2, 96 + 16, 1e-3);
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].label, 1);
  const double sum = 1 + std::exp(1.0) + std::exp(2.0);  // of the means 0, 1 and 2
  EXPECT_NEAR(found[0].score, std::exp(2.0) / sum, 1e-5);
  EXPECT_NEAR(found[1].score, std::exp(1.0) / sum, 1e-5);
  EXPECT_EQ(found[0].box, given[1][0]);
}

TEST(Segmenter, ANetworkOfAnotherKindIsRefused) {
  FakeTwoStages network{{32, 16, 96, 48}, 0};
  network.anchors.scales = 3;
  try {
    network.segmenter().segment(std::vector<image::Image>{image::make_image(90, 90, 90)});
    ADD_FAILURE() << "accepted";
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "the network gave an output [1, 3, 16, 16] where [1, 9, 16, 16] is needed");
  }
}

}  // namespace
}  // namespace spinenet::runtime
