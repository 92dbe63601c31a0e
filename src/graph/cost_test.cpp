#include "graph/cost.h"

#include <gtest/gtest.h>

#include "arch/families.h"
#include "graph/builder.h"
#include "graph/lower.h"
#include "graph/network_cost.h"

namespace spinenet::graph {
namespace {

// Parameters in millions and multiply-adds in billions: the paper's tables, recounted from its description.
struct Published {
  const char* name;
  int size;
  double parameters, multiply_adds;
};

void PrintTo(const Published& row, std::ostream* out) {
  *out << row.name << " at " << row.size;
}

class PublishedCost : public testing::TestWithParam<Published> {};

TEST_P(PublishedCost, IsReached) {
  const Published& row = GetParam();
  const Cost found = cost(lower_detector(arch::named_architecture(row.name), {.height = row.size, .width = row.size}));
  EXPECT_NEAR(static_cast<double>(found.parameters) / 1e6, row.parameters, 0.003 * row.parameters);
  EXPECT_NEAR(static_cast<double>(found.multiply_adds) / 1e9, row.multiply_adds, 0.003 * row.multiply_adds);
}

INSTANTIATE_TEST_SUITE_P(
    Detectors, PublishedCost,
    testing::Values(Published{"spinenet-49s", 640, 11.94, 33.7}, Published{"spinenet-49s-e128", 640, 11.27, 30.8},
                    Published{"spinenet-49", 640, 28.54, 85.3}, Published{"spinenet-49", 896, 28.54, 167.2},
                    Published{"spinenet-96", 1024, 42.97, 265.0}, Published{"spinenet-143", 1280, 66.96, 523.3},
                    Published{"spinenet-190", 1280, 163.64, 1881.7}, Published{"r0-sp53", 640, 26.06, 94.8},
                    Published{"resnet-50-fpn", 640, 34.0, 97.0}));

// The parameters are 0.37 % below the published figure.
class PublishedSearchedPyramidCost : public testing::TestWithParam<Published> {};

TEST_P(PublishedSearchedPyramidCost, IsReached) {
  const Published& row = GetParam();
  const Cost found = cost(lower_detector(arch::named_architecture(row.name), {.height = row.size, .width = row.size}));
  EXPECT_NEAR(static_cast<double>(found.parameters) / 1e6, row.parameters, 0.005 * row.parameters);
  EXPECT_NEAR(static_cast<double>(found.multiply_adds) / 1e9, row.multiply_adds, 0.005 * row.multiply_adds);
}

INSTANTIATE_TEST_SUITE_P(NasFpn, PublishedSearchedPyramidCost,
                         testing::Values(Published{"resnet-50-nas-fpn", 640, 60.3, 140.6}));

// The mobile family, recounted from its description, which gives two digits.
class PublishedMobileCost : public testing::TestWithParam<Published> {};

TEST_P(PublishedMobileCost, IsReached) {
  const Published& row = GetParam();
  const Cost found = cost(lower_detector(arch::named_architecture(row.name), {.height = row.size, .width = row.size}));
  EXPECT_NEAR(static_cast<double>(found.parameters) / 1e6, row.parameters, 0.005 * row.parameters + 0.005);
  EXPECT_NEAR(static_cast<double>(found.multiply_adds) / 1e9, row.multiply_adds, 0.005 * row.multiply_adds + 0.005);
}

INSTANTIATE_TEST_SUITE_P(Mobile, PublishedMobileCost,
                         testing::Values(Published{"spinenet-mobile-49", 384, 2.34, 0.98},
                                         Published{"spinenet-mobile-49s", 384, 1.03, 0.50},
                                         Published{"spinenet-mobile-49xs", 256, 0.87, 0.17}));

class PublishedBackboneCost : public testing::TestWithParam<Published> {};

TEST_P(PublishedBackboneCost, IsReached) {
  const Published& row = GetParam();
  const Cost found = cost(lower_backbone(arch::named_architecture(row.name), {.height = row.size, .width = row.size}));
  EXPECT_NEAR(static_cast<double>(found.parameters) / 1e6, row.parameters, 0.003 * row.parameters);
  EXPECT_NEAR(static_cast<double>(found.multiply_adds) / 1e9, row.multiply_adds, 0.003 * row.multiply_adds);
}

INSTANTIATE_TEST_SUITE_P(Backbones, PublishedBackboneCost,
                         testing::Values(Published{"spinenet-49", 640, 21.83, 28.3},
                                         Published{"spinenet-96", 1024, 36.26, 119.1},
                                         Published{"spinenet-143", 1280, 60.25, 295.3},
                                         Published{"spinenet-190", 1280, 126.59, 621.0},
                                         Published{"spinenet-49s-e128", 640, 9.09, 12.3}));

class PublishedClassifierCost : public testing::TestWithParam<std::tuple<Published, int>> {};

TEST_P(PublishedClassifierCost, IsReached) {
  const auto& [row, classes] = GetParam();
  const Cost found = cost(lower_classifier(arch::named_architecture(row.name),
                                           {.height = row.size, .width = row.size, .classes = classes}));
  EXPECT_NEAR(static_cast<double>(found.parameters) / 1e6, row.parameters, 0.005 * row.parameters);
  EXPECT_NEAR(static_cast<double>(found.multiply_adds) / 1e9, row.multiply_adds, 0.005 * row.multiply_adds);
}

using Classifier = std::tuple<Published, int>;
INSTANTIATE_TEST_SUITE_P(ImageNet, PublishedClassifierCost,
                         testing::Values(Classifier{{"spinenet-49", 224, 22.09, 3.48}, 1001},
                                         Classifier{{"spinenet-96", 224, 36.52, 5.72}, 1001},
                                         Classifier{{"spinenet-143", 224, 60.50, 9.09}, 1001},
                                         Classifier{{"spinenet-190", 224, 127.10, 19.11}, 1001},
                                         Classifier{{"resnet-50", 224, 25.56, 4.09}, 1000},
                                         Classifier{{"resnet-101", 224, 44.55, 7.80}, 1000},
                                         Classifier{{"resnet-152", 224, 60.19, 11.51}, 1000}));
INSTANTIATE_TEST_SUITE_P(INaturalist, PublishedClassifierCost,
                         testing::Values(Classifier{{"spinenet-49", 224, 23.14, 3.48}, 5090},
                                         Classifier{{"spinenet-96", 224, 37.57, 5.72}, 5090},
                                         Classifier{{"spinenet-143", 224, 61.56, 9.09}, 5090},
                                         Classifier{{"spinenet-190", 224, 129.20, 19.11}, 5090}));

// The published 49S (13.9 M) has endpoints of 128 here; its 60.2 G are 0.85 % above what its description gives.
class PublishedMaskRcnnCost : public testing::TestWithParam<Published> {};

TEST_P(PublishedMaskRcnnCost, IsReached) {
  const Published& row = GetParam();
  const Cost found = network_cost(arch::named_architecture(row.name), arch::Task::segment,
                                  {.height = row.size, .width = row.size, .classes = 90});
  EXPECT_NEAR(static_cast<double>(found.parameters) / 1e6, row.parameters, 0.005 * row.parameters);
  EXPECT_NEAR(static_cast<double>(found.multiply_adds) / 1e9, row.multiply_adds, 0.005 * row.multiply_adds);
}

INSTANTIATE_TEST_SUITE_P(
    Coco, PublishedMaskRcnnCost,
    testing::Values(Published{"spinenet-49s-e128", 640, 13.9, 59.7}, Published{"spinenet-49", 640, 40.8, 216.1},
                    Published{"spinenet-96", 1024, 55.2, 315.0}, Published{"spinenet-143", 1280, 79.2, 498.8},
                    Published{"spinenet-190", 1536, 168.2, 1685.7}, Published{"resnet-50-fpn", 640, 46.3, 227.7}));

// Cascade R-CNN as it was published with SpineNet: two box heads, two convolutions before the proposals, three anchor
// scales. Multiply-adds were not stated.
TEST(Cost, OfACascadeHasThePublishedParameters) {
  for (const auto& [name, published] :
       {std::pair("spinenet-49", 56.4), {"spinenet-96", 70.8}, {"spinenet-143", 94.9}}) {
    arch::Architecture a = arch::named_architecture(name);
    a.two_stage.rpn_convs = 2;
    a.two_stage.scales = 3;
    a.two_stage.box_thresholds = {0.6, 0.7};
    const Cost found = network_cost(a, arch::Task::segment, {.height = 640, .width = 640, .classes = 90});
    EXPECT_NEAR(static_cast<double>(found.parameters) / 1e6, published, 0.005 * published) << name;
  }
}

TEST(Cost, OfPartsSumsToTheWhole) {
  const Program program = lower_detector(arch::named_architecture("spinenet-49"), {.height = 256, .width = 256});
  Cost sum;
  for (const char* part : {"stem.", "blocks.", "resample.", "endpoints.", "head."}) {
    const Cost c = cost_of(program, part);
    EXPECT_GT(c.parameters, 0) << part;
    sum.parameters += c.parameters;
    sum.multiply_adds += c.multiply_adds;
  }
  EXPECT_EQ(sum.parameters, cost(program).parameters);
  EXPECT_EQ(sum.multiply_adds, cost(program).multiply_adds);
}

TEST(Cost, CountsSharedParametersOnce) {
  Builder b({2, 4, 4}, {});
  const ValueId once = b.conv(b.input(), {.filters = 2, .kernel = 3, .bias = true}, "first", "shared");
  const ValueId twice = b.conv(once, {.filters = 2, .kernel = 3, .bias = true}, "second", "shared");
  b.output("y", b.batch_norm(twice, "norm"));
  const Cost found = cost(b.finish());
  EXPECT_EQ(found.parameters, 2 * 2 * 9 + 2 + 2 * 2);  // running mean and variance are not trained
  EXPECT_EQ(found.multiply_adds, 2 * (2 * 2 * 9 * 16));
}

TEST(Cost, OfDepthwiseTransposedAndDenseLayers) {
  Builder b({4, 6, 6}, {});
  ValueId x = b.conv(b.input(), {.filters = 4, .kernel = 3, .groups = 4}, "depthwise");
  x = b.deconv(x, 3, true, "up");
  b.output("y", b.conv(x, {.filters = 5, .kernel = 12, .bias = true, .padded = false}, "dense"));
  const Program program = b.finish();
  EXPECT_EQ(cost_of(program, "depthwise").parameters, 4 * 9);
  EXPECT_EQ(cost_of(program, "depthwise").multiply_adds, 4 * 9 * 36);
  EXPECT_EQ(cost_of(program, "up").parameters, 4 * 3 * 4 + 3);
  EXPECT_EQ(cost_of(program, "up").multiply_adds, 4 * 3 * 4 * 36);
  EXPECT_EQ(cost_of(program, "dense").parameters, 5 * 3 * 144 + 5);
  EXPECT_EQ(cost_of(program, "dense").multiply_adds, 5 * 3 * 144);
}

TEST(Cost, GrowsWithTheAreaAlone) {
  const arch::Architecture a = arch::named_architecture("r0-sp53");
  const Cost small = cost(lower_detector(a, {.height = 128, .width = 256}));
  const Cost large = cost(lower_detector(a, {.height = 256, .width = 512}));
  EXPECT_EQ(small.parameters, large.parameters);
  EXPECT_EQ(small.multiply_adds * 4, large.multiply_adds);
}

TEST(Cost, OfADilatedConvolutionIsThatOfItsTaps) {
  Builder b({3, 8, 8}, {});
  b.output("y", b.conv(b.input(), {.filters = 2, .kernel = 3, .dilation = 2}, "conv"));
  EXPECT_EQ(cost(b.finish()).multiply_adds, 8 * 8 * 2 * 3 * 3 * 3);
}

TEST(Cost, OfAConcatenationIsNothing) {
  Builder b({3, 8, 8}, {});
  const ValueId conv = b.conv(b.input(), {.filters = 2, .kernel = 3}, "conv");
  b.output("y", b.concat({b.input(), conv}, "join"));
  const Program program = b.finish();
  EXPECT_EQ(multiply_adds(program, program.ops.back()), 0);
  EXPECT_EQ(cost(program).multiply_adds, 8 * 8 * 2 * 3 * 3 * 3);
  EXPECT_EQ(cost(program).parameters, 2 * 3 * 3 * 3);
}

}  // namespace
}  // namespace spinenet::graph
