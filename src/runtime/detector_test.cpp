#include "runtime/detector.h"

#include <cmath>

#include <gtest/gtest.h>

#include "arch/families.h"
#include "base/error.h"
#include "base/random.h"
#include "detect/box_coder.h"
#include "graph/anchors.h"
#include "graph/lower.h"
#include "graph/reference.h"
#include "graph/weights.h"

namespace spinenet::runtime {
namespace {

constexpr int kDetectorClasses = 3;

DetectorOptions options_of_size(int image_size) {
  DetectorOptions options;
  options.image_size = image_size;
  options.classes = kDetectorClasses;
  return options;
}

// What the Forward of these tests finds: one box of one class in pixels of the input.
struct Planted {
  detect::Box box;
  int label = 0;
  float logit = 3;
};

// A network that answers with planted boxes, one list for each image of the batch, and keeps its input.
struct FakeDetector {
  int side = 0;
  detect::AnchorOptions anchors;
  std::vector<std::vector<Planted>> planted;
  HostTensor seen;

  std::vector<HostTensor> operator()(const HostTensor& input) {
    seen = input;
    const int64_t per_cell = detect::anchors_per_cell(anchors);
    std::vector<HostTensor> outputs;
    for (const int64_t values : {int64_t{kDetectorClasses}, int64_t{4}}) {
      for (int level = anchors.min_level; level <= anchors.max_level; ++level) {
        outputs.push_back(make_tensor({input.shape[0], per_cell * values, side >> level, side >> level},
                                      values == 4 ? 0.0F : -20.0F));
      }
    }
    for (size_t n = 0; n < planted.size(); ++n) {
      for (const Planted& p : planted[n]) plant(p, n, outputs);
    }
    return outputs;
  }

  // On the first anchor of the middle cell of level 3, whatever the box is.
  void plant(const Planted& p, size_t n, std::vector<HostTensor>& outputs) const {
    const auto all = detect::make_anchors(anchors, side, side);
    const size_t cells = static_cast<size_t>(side >> 3) * static_cast<size_t>(side >> 3);
    const size_t cell = cells / 2 + static_cast<size_t>(p.label);
    const auto per_cell = static_cast<size_t>(detect::anchors_per_cell(anchors));
    const detect::BoxCode code = detect::encode(p.box, all[cell * per_cell]);
    HostTensor& classes = outputs[0];
    HostTensor& boxes = outputs[outputs.size() / 2];
    classes.data[(n * per_cell * kDetectorClasses + static_cast<size_t>(p.label)) * cells + cell] = p.logit;
    for (size_t i = 0; i < 4; ++i) boxes.data[(n * per_cell * 4 + i) * cells + cell] = code[i];
  }
};

TEST(Detector, MapsBoxesBackToTheImage) {
  const DetectorOptions options = options_of_size(256);
  FakeDetector network{256, options.anchors, {{{{64, 32, 128, 96}, 1}, {{0, 0, 400, 300}, 2, 2}}}, {}};
  const Detector detector(std::ref(network), options);
  // 512 x 256 pixels: halved, so the lower half of the canvas is padding.
  const std::vector<detect::Detection> found = detector.detect(image::make_image(256, 512, 90));
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].label, 1);
  EXPECT_NEAR(found[0].score, 1 / (1 + std::exp(-3.0)), 1e-6);
  EXPECT_NEAR(found[0].box.x1, 128, 1e-3);
  EXPECT_NEAR(found[0].box.y1, 64, 1e-3);
  EXPECT_NEAR(found[0].box.x2, 256, 1e-3);
  EXPECT_NEAR(found[0].box.y2, 192, 1e-3);
  EXPECT_EQ(found[1].label, 2);
  EXPECT_EQ(found[1].box, (detect::Box{0, 0, 512, 256})) << "clipped to the image, not to the canvas";
}

TEST(Detector, ScalesToTheImageSizeAndPadsTheRest) {
  const DetectorOptions options = options_of_size(200);
  FakeDetector network{256, options.anchors, {{{{50, 50, 100, 100}, 0}}}, {}};
  const std::vector<detect::Detection> found =
      Detector(std::ref(network), options).detect(image::make_image(100, 100, 255));
  EXPECT_EQ(network.seen.shape, (std::vector<int64_t>{1, 3, 256, 256}));
  const auto value = [&](size_t y, size_t x) { return network.seen.data[y * 256 + x]; };
  EXPECT_NEAR(value(0, 0), (1 - 0.485) / 0.229, 1e-5);
  EXPECT_NEAR(value(199, 199), (1 - 0.485) / 0.229, 1e-5);
  EXPECT_NEAR(value(200, 0), 0, 0.02);
  EXPECT_NEAR(value(0, 200), 0, 0.02);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_NEAR(found[0].box.x1, 25, 1e-3);
  EXPECT_NEAR(found[0].box.y2, 50, 1e-3);
}

TEST(Detector, KeepsTheImagesOfABatchApart) {
  const DetectorOptions options = options_of_size(128);
  FakeDetector network{128, options.anchors, {{{{10, 10, 50, 50}, 0}}, {}, {{{20, 20, 60, 90}, 2}}}, {}};
  const std::vector<image::Image> images{image::make_image(128, 128), image::make_image(64, 32),
                                         image::make_image(256, 256)};
  const auto found = Detector(std::ref(network), options).detect(images);
  ASSERT_EQ(found.size(), 3U);
  ASSERT_EQ(found[0].size(), 1U);
  EXPECT_TRUE(found[1].empty());
  ASSERT_EQ(found[2].size(), 1U);
  EXPECT_NEAR(found[0][0].box.x2, 50, 1e-3);
  EXPECT_NEAR(found[2][0].box.y2, 180, 1e-3);
}

TEST(Detector, AnswersNoImagesWithNothing) {
  const DetectorOptions options = options_of_size(128);
  FakeDetector network{128, options.anchors, {}, {}};
  EXPECT_TRUE(Detector(std::ref(network), options).detect(std::span<const image::Image>()).empty());
}

TEST(Detector, RefusesOutputsOfAnotherNetwork) {
  const image::Image image = image::make_image(8, 8);
  const DetectorOptions options = options_of_size(128);
  const Detector none([](const HostTensor&) { return std::vector<HostTensor>{}; }, options);
  EXPECT_THROW(none.detect(image), Error);
  FakeDetector smaller{256, options.anchors, {}, {}};
  EXPECT_THROW(Detector(std::ref(smaller), options).detect(image), Error);
}

TEST(Detector, RefusesBadOptions) {
  EXPECT_THROW(Detector({}, options_of_size(0)), Error);
  EXPECT_THROW(Detector({}, options_of_size(1 << 20)), Error);
  DetectorOptions none = options_of_size(128);
  none.classes = 0;
  EXPECT_THROW(Detector({}, none), Error);
}

// One box of class 1 in the cell of row 1, column 2 of the coarser of two levels.
std::vector<HostTensor> planted_yolo(const HostTensor& input, const std::vector<detect::YoloLevel>& levels) {
  constexpr int64_t kChannels = detect::kYoloBoxChannels + kDetectorClasses;
  std::vector<HostTensor> outputs;
  for (const detect::YoloLevel& level : levels) {
    const int64_t side = input.shape[2] / level.stride;
    outputs.push_back(
        make_tensor({input.shape[0], static_cast<int64_t>(level.anchors.size()) * kChannels, side, side}, -20));
  }
  const auto side = static_cast<size_t>(outputs[1].shape[2]);
  const auto at = [&](size_t channel) -> float& {
    return outputs[1].data[((kChannels + channel) * side + 1) * side + 2];  // of the second anchor
  };
  for (size_t channel = 0; channel < 4; ++channel) at(channel) = 0;
  at(4) = 3;
  at(6) = 2;
  return outputs;
}

TEST(Detector, ReadsAYoloHeadOnAStretchedImage) {
  DetectorOptions options = options_of_size(128);
  options.fit = detect::ImageFit::stretch;
  options.anchors.min_level = 4;
  options.anchors.max_level = 5;
  options.yolo = {{{{10, 10}}, 1.05F, 16}, {{{30, 30}, {20, 40}}, 1.05F, 32}};
  HostTensor seen;
  const Detector detector(
      [&](const HostTensor& input) {
        seen = input;
        return planted_yolo(input, options.yolo);
      },
      options);
  // 256 x 512 pixels: the height is halved, the width a quarter.
  const auto found = detector.detect(image::make_image(256, 512, 255));
  EXPECT_EQ(seen.shape, (std::vector<int64_t>{1, 3, 128, 128}));
  EXPECT_NEAR(seen.data[128 * 128 - 1], (1 - 0.485) / 0.229, 1e-5) << "nothing is padded";
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].label, 1);
  EXPECT_NEAR(found[0].box.x1, (80 - 10) * 4, 1e-2);
  EXPECT_NEAR(found[0].box.x2, (80 + 10) * 4, 1e-2);
  EXPECT_NEAR(found[0].box.y1, (48 - 20) * 2, 1e-2);
  EXPECT_NEAR(found[0].box.y2, (48 + 20) * 2, 1e-2);
  DetectorOptions other = options;
  other.yolo.pop_back();
  const auto outputs = [&](const HostTensor& input) { return planted_yolo(input, options.yolo); };
  EXPECT_THROW(Detector(outputs, other).detect(image::make_image(8, 8)), Error);
}

// The whole way with the reference interpreter: alone and in a batch the same, boxes in order and inside the image.
TEST(Detector, RunsARealNetwork) {
  arch::Architecture a = arch::named_architecture("spinenet-49s");
  a.scaling.filter_size_scale = 0.1;
  a.scaling.endpoints_num_filters = 8;
  a.head.filters = 8;
  a.head.convs = 1;
  const graph::Program program = graph::lower_detector(a, {.height = 128, .width = 128, .classes = kDetectorClasses});
  const Weights weights = graph::initial_weights(program, {.predictor_deviation = 0.3}, 4);
  DetectorOptions options = options_of_size(128);
  options.anchors = graph::anchor_options(a);
  options.post.score_threshold = 0.01F;
  const Detector detector([&](const HostTensor& x) { return graph::run_reference(program, weights, x); }, options);
  std::vector<image::Image> images{image::make_image(60, 90), image::make_image(200, 40)};
  Random random(1);
  for (image::Image& image : images) {
    for (uint8_t& pixel : image.pixels) pixel = static_cast<uint8_t>(random.below(256));
  }
  const auto batch = detector.detect(images);
  for (size_t i = 0; i < images.size(); ++i) {
    const std::vector<detect::Detection> alone = detector.detect(images[i]);
    ASSERT_EQ(alone.size(), batch[i].size());
    EXPECT_FALSE(alone.empty());
    for (size_t k = 0; k < alone.size(); ++k) {
      EXPECT_EQ(alone[k].box, batch[i][k].box);
      EXPECT_EQ(alone[k].score, batch[i][k].score);
      EXPECT_TRUE(k == 0 || alone[k].score <= alone[k - 1].score);
      EXPECT_EQ(alone[k].box,
                detect::clip(alone[k].box, static_cast<float>(images[i].width), static_cast<float>(images[i].height)));
    }
  }
}

}  // namespace
}  // namespace spinenet::runtime
