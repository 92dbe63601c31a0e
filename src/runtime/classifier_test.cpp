#include "runtime/classifier.h"

#include <cmath>

#include <gtest/gtest.h>

#include "base/error.h"

namespace spinenet::runtime {
namespace {

// Gives the mean red of each image as the first logit, 0 as the second.
std::vector<HostTensor> mean_red(const HostTensor& input) {
  HostTensor output = make_tensor({input.shape[0], 2, 1, 1});
  const int64_t area = input.shape[2] * input.shape[3];
  for (int64_t n = 0; n < input.shape[0]; ++n) {
    float sum = 0;
    for (int64_t i = 0; i < area; ++i) sum += input.data[static_cast<size_t>(n * 3 * area + i)];
    output.data[static_cast<size_t>(2 * n)] = sum / static_cast<float>(area);
  }
  return {output};
}

ClassifierOptions options() {
  ClassifierOptions o;
  o.image_size = 8;
  o.classes = 2;
  o.normalization = {{0, 0, 0}, {0.25F, 1, 1}};  // logits up to 4
  o.center_crop = 0.5;
  return o;
}

TEST(Classifier, LooksAtTheMiddleAndGivesProbabilities) {
  const Classifier classifier(mean_red, options());
  image::Image image = image::make_image(16, 24, 255);
  for (int y = 4; y < 12; ++y) {
    for (int x = 8; x < 16; ++x) image.at(y, x)[0] = 0;  // the middle has no red
  }
  const std::vector<float> scores = classifier.classify(image);
  EXPECT_NEAR(scores[0], 0.5, 1e-6);
  const std::vector<image::Image> both{image, image::make_image(16, 16, 255)};
  const auto found = classifier.classify(both);
  EXPECT_EQ(found[0], scores);
  EXPECT_NEAR(found[1][0], std::exp(4) / (std::exp(4) + 1), 1e-6);
  EXPECT_NEAR(found[1][0] + found[1][1], 1, 1e-6);
}

TEST(Classifier, HugeLogitsStayFinite) {
  const auto huge = [](const HostTensor& input) {
    HostTensor output = make_tensor({input.shape[0], 2, 1, 1});
    output.data = {1e6F, -1e6F};
    return std::vector<HostTensor>{output};
  };
  EXPECT_EQ(Classifier(huge, options()).classify(image::make_image(8, 8)), (std::vector<float>{1, 0}));
}

TEST(Classifier, RefusesOptionsAndOutputsThatDoNotFit) {
  ClassifierOptions wrong = options();
  wrong.center_crop = 0;
  EXPECT_THROW(Classifier(mean_red, wrong), Error);
  wrong = options();
  wrong.classes = 3;
  EXPECT_THROW(Classifier(mean_red, wrong).classify(image::make_image(8, 8)), Error);
}

}  // namespace
}  // namespace spinenet::runtime
