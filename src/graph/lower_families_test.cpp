// VGG, CSPDarknet-53, YOLOv4, EfficientNet-Lite0, HRNet and DetNet: the parameters and multiply-adds of their published
// layer tables, and how they are wired.

#include <gtest/gtest.h>

#include "arch/families.h"
#include "base/format.h"
#include "graph/cost.h"
#include "graph/lower.h"
#include "graph/lower_two_stage.h"
#include "graph/test_programs.h"
#include "graph/verify.h"

namespace spinenet::graph {
namespace {

// Multiply-adds in billions, to the digits that are given.
struct Row {
  const char* name;
  int size;
  int64_t parameters;
  double multiply_adds;
};

void PrintTo(const Row& row, std::ostream* out) {
  *out << row.name << " at " << row.size;
}

void expect_cost(const Cost& found, int64_t parameters, double multiply_adds) {
  EXPECT_EQ(found.parameters, parameters);
  EXPECT_NEAR(static_cast<double>(found.multiply_adds) / 1e9, multiply_adds, 2e-4 * multiply_adds);
}

LowerOptions square(int size, int classes) {
  return {.height = size, .width = size, .classes = classes};
}

class ClassifierOfFamily : public testing::TestWithParam<Row> {};

TEST_P(ClassifierOfFamily, CostsWhatItsTableSays) {
  const Row& row = GetParam();
  expect_cost(cost(lower_classifier(arch::named_architecture(row.name), square(row.size, 1000))), row.parameters,
              row.multiply_adds);
}

INSTANTIATE_TEST_SUITE_P(
    ImageNet, ClassifierOfFamily,
    testing::Values(Row{"hrnet-w18-small-v1", 224, 13'187'464, 1.6015},
                    Row{"hrnet-w18-small-v2", 224, 15'597'464, 2.5957}, Row{"hrnet-w18", 224, 21'299'004, 4.2835},
                    Row{"hrnet-w30", 224, 37'712'220, 8.1058}, Row{"hrnet-w32", 224, 41'232'680, 8.9211},
                    Row{"hrnet-w40", 224, 57'557'160, 12.692}, Row{"hrnet-w48", 224, 77'469'864, 17.278},
                    Row{"hrnet-w64", 224, 128'059'944, 28.895}, Row{"detnet-59", 224, 18'372'648, 5.000},
                    Row{"cspdarknet-53", 256, 27'642'184, 6.5337}, Row{"vgg-16", 224, 138'357'544, 15.4703},
                    Row{"vgg-16-bn", 224, 138'365'992, 15.4703}, Row{"efficientnet-lite0", 224, 4'652'008, 0.38519}));

// RetinaNet with batch norms for each level and the 91 classes of COCO.
class DetectorOfFamily : public testing::TestWithParam<Row> {};

TEST_P(DetectorOfFamily, CostsWhatItsTableSays) {
  const Row& row = GetParam();
  expect_cost(cost(lower_detector(arch::named_architecture(row.name), square(row.size, 91))), row.parameters,
              row.multiply_adds);
}

INSTANTIATE_TEST_SUITE_P(
    Coco, DetectorOfFamily,
    testing::Values(Row{"hrnet-w18-fpn", 640, 19'293'931, 90.609}, Row{"hrnet-w32-fpn", 640, 39'090'967, 129.614},
                    Row{"hrnet-w40-fpn", 640, 55'337'367, 161.052}, Row{"hrnet-w48-fpn", 640, 75'171'991, 199.144},
                    Row{"detnet-59-fpn", 640, 27'334'295, 124.424}, Row{"vgg-16-fpn", 640, 25'295'255, 188.067}));

class DetectorWithoutNorms : public testing::TestWithParam<Row> {};

TEST_P(DetectorWithoutNorms, CostsWhatItsTableSays) {
  const Row& row = GetParam();
  arch::Architecture a = arch::named_architecture(row.name);
  a.head.batch_norm = false;
  expect_cost(cost(lower_detector(a, square(row.size, 80))), row.parameters, row.multiply_adds);
}

INSTANTIATE_TEST_SUITE_P(Coco, DetectorWithoutNorms,
                         testing::Values(Row{"hrnet-w18-fpn", 640, 19'045'256, 88.664},
                                         Row{"hrnet-w32-fpn", 640, 38'842'292, 127.669},
                                         Row{"hrnet-w40-fpn", 640, 55'088'692, 159.107},
                                         Row{"hrnet-w48-fpn", 640, 74'923'316, 197.199},
                                         Row{"vgg-16-fpn", 640, 25'046'580, 186.122}));

class Yolo : public testing::TestWithParam<Row> {};

TEST_P(Yolo, CostsWhatItsTableSays) {
  const Row& row = GetParam();
  expect_cost(cost(lower_detector(arch::named_architecture(row.name), square(row.size, 80))), row.parameters,
              row.multiply_adds);
}

INSTANTIATE_TEST_SUITE_P(
    Coco, Yolo,
    testing::Values(Row{"yolov4", 608, 64'363'101, 64.1947}, Row{"yolov4", 512, 64'363'101, 45.5231},
                    Row{"yolov4", 416, 64'363'101, 30.0524}, Row{"yolov4", 320, 64'363'101, 17.7825},
                    Row{"yolov4", 640, 64'363'101, 71.1299}, Row{"yolov4-tiny", 416, 6'056'606, 3.4539}));

// All numbers that Darknet's files have: running statistics, too.
TEST(YoloPrograms, HaveTheNumbersOfDarknetsFiles) {
  for (const auto& [name, floats] : {std::pair("yolov4", 64'429'405), {"yolov4-tiny", 6'062'814}}) {
    int64_t count = 0;
    for (const Parameter& p : lower_detector(arch::named_architecture(name), square(64, 80)).parameters) {
      count += element_count(p.shape);
    }
    EXPECT_EQ(count, floats) << name;
  }
}

// Without the pyramid.
Cost cost_of_backbone(const Program& program) {
  const Cost stem = cost_of(program, "stem."), stages = cost_of(program, "stages.");
  return {stem.parameters + stages.parameters, stem.multiply_adds + stages.multiply_adds};
}

struct HrNetRow {
  const char* name;
  int64_t parameters, with_pyramid;
  double multiply_adds, with_finest, with_usual;  // of HRFPN from level 2, and from level 3
};

TEST(HrNetBackbone, CostsWhatItsTableSays) {
  for (const HrNetRow& row : {HrNetRow{"hrnet-w18-fpn", 9'562'260, 12'582'036, 26.792, 48.674, 33.589},
                              HrNetRow{"hrnet-w32-fpn", 29'305'536, 32'379'072, 64.420, 87.679, 72.594},
                              HrNetRow{"hrnet-w40-fpn", 45'521'216, 48'625'472, 95.072, 119.117, 104.032},
                              HrNetRow{"hrnet-w48-fpn", 65'325'120, 68'460'096, 132.377, 157.209, 142.124}}) {
    SCOPED_TRACE(row.name);
    arch::Architecture a = arch::named_architecture(row.name);
    const Program usual = lower_backbone(a, square(640, 91));
    expect_cost(cost_of_backbone(usual), row.parameters, row.multiply_adds);
    expect_cost(cost(usual), row.with_pyramid, row.with_usual);
    a.min_level = 2;
    a.max_level = 6;
    const Program finest = lower_backbone(a, square(640, 91));
    expect_cost(cost(finest), row.with_pyramid, row.with_finest);
    EXPECT_EQ(finest.outputs.front().name, "p2");
    EXPECT_EQ(finest.values[static_cast<size_t>(finest.outputs.front().value)], (Shape{256, 160, 160}));
  }
}

TEST(DetNetBackbone, CostsWhatItsTableSays) {
  arch::Architecture a = arch::named_architecture("detnet-59-fpn");
  a.min_level = 2;
  const Program program = lower_backbone(a, square(640, 91));
  expect_cost(cost_of_backbone(program), 17'347'648, 40.809);
  expect_cost(cost(program), 21'282'368, 66.290);
}

TEST(DetNet, HasThePublishedPriceWithTheStrideInTheFirstConvolution) {
  arch::Architecture a = arch::named_architecture("detnet-59");
  std::get<arch::DetNet>(a.backbone).stride_place = arch::StridePlace::conv1x1;
  expect_cost(cost(lower_classifier(a, square(224, 1000))), 18'372'648, 4.846);
}

TEST(OtherBackbones, CostWhatTheirTablesSay) {
  expect_cost(cost(lower_backbone(arch::named_architecture("cspdarknet-53"), square(608, 1))), 26'617'184, 36.848);
  expect_cost(cost(lower_backbone(arch::named_architecture("vgg-16"), square(224, 1))), 14'714'688, 15.3466);
}

const Shape& shape_of(const Program& program, std::string_view name) {
  return program.values[static_cast<size_t>(op_named(program, name).output)];
}

TEST(DetNet, KeepsItsStrideAndSumsEqualMapsAsTheyAre) {
  const Program program = lower_detector(arch::named_architecture("detnet-59-fpn"), {.height = 64, .width = 96});
  EXPECT_EQ(shape_of(program, "stages.c6.2.act"), (Shape{1024, 4, 6}));
  EXPECT_EQ(std::get<Conv>(op_named(program, "stages.c5.0.conv2").kind).dilation, 2);
  EXPECT_EQ(std::get<Conv>(op_named(program, "stages.c4.0.conv2").kind).dilation, 1);
  EXPECT_EQ(op_named(program, "fpn.add.p5").inputs[1], op_named(program, "fpn.lateral.c6").output);
  EXPECT_EQ(op_named(program, "fpn.add.p3").inputs[1], op_named(program, "fpn.up.p3").output);
  EXPECT_EQ(program.outputs.size(), 8U);
  EXPECT_EQ(shape_of(program, "stages.c6.0.shortcut"), (Shape{1024, 4, 6}));
  EXPECT_THROW(lower_detector(arch::named_architecture("detnet-59-fpn"), {.height = 72, .width = 64}), std::exception);
}

TEST(DetNet, HasTwoStages) {
  const TwoStageProgram network = lower_two_stage(arch::named_architecture("detnet-59-fpn"), square(64, 3));
  verify(network.trunk);
  EXPECT_EQ(network.trunk.outputs.size(), 12U);
}

// Sums are in the order of the branches; finer maps come down by strided convolutions, coarser ones up by copies.
TEST(HrNet, ExchangesTheMapsOfItsBranches) {
  const Program program = lower_backbone(arch::named_architecture("hrnet-w18"), square(224, 1000));
  const Op& sum = op_named(program, "stages.4.2.fuse.2.add");
  ASSERT_EQ(sum.inputs.size(), 4U);
  EXPECT_EQ(sum.inputs[0], op_named(program, "stages.4.2.fuse.2.0.bn1").output);
  EXPECT_EQ(sum.inputs[1], op_named(program, "stages.4.2.fuse.2.1.bn0").output);
  EXPECT_EQ(sum.inputs[2], op_named(program, "stages.4.2.branches.2.3.act").output);
  EXPECT_EQ(sum.inputs[3], op_named(program, "stages.4.2.fuse.2.3.up").output);
  EXPECT_EQ(shape_of(program, "stages.4.2.fuse.2.0.conv0"), (Shape{18, 28, 28}));
  EXPECT_EQ(shape_of(program, "stages.4.2.fuse.2.0.conv1"), (Shape{72, 14, 14}));
  EXPECT_EQ(op_named(program, "stages.3.transition.2.conv").inputs[0],
            op_named(program, "stages.2.0.fuse.1.act").output);
  EXPECT_EQ(op_named(program, "head.down.2.add").inputs[0], op_named(program, "head.widen.3.0.act").output);
  EXPECT_EQ(program.outputs.size(), 1U);
}

TEST(HrNet, TakesAnySize) {
  for (const int size : {1, 33, 100, 225}) {
    EXPECT_NO_THROW(lower_classifier(arch::named_architecture("hrnet-w18"), square(size, 10))) << size;
  }
}

TEST(CspDarknet, JoinsBothWaysOfAStage) {
  const Program program = lower_backbone(arch::named_architecture("cspdarknet-53"), square(64, 1));
  const Op& join = op_named(program, "stages.c3.concat");
  EXPECT_EQ(join.inputs[0], op_named(program, "stages.c3.after.act").output);
  EXPECT_EQ(join.inputs[1], op_named(program, "stages.c3.aside.act").output);
  EXPECT_EQ(op_named(program, "stages.c3.aside.conv").inputs[0], op_named(program, "stages.c3.down.act").output);
  EXPECT_EQ(op_named(program, "stages.c3.main.conv").inputs[0], op_named(program, "stages.c3.down.act").output);
  EXPECT_EQ(shape_of(program, "stages.c1.concat").channels, 128);
  EXPECT_EQ(shape_of(program, "stages.c1.blocks.0.conv1").channels, 32);
  EXPECT_EQ(std::get<Activate>(op_named(program, "stem.act").kind).kind, arch::Activation::mish);
}

TEST(YoloPrograms, JoinTheLevelsAsPublished) {
  const Program program = lower_detector(arch::named_architecture("yolov4"), square(608, 80));
  const auto output = [&](std::string_view name) { return op_named(program, name).output; };
  const Op& pools = op_named(program, "neck.spp.concat");
  ASSERT_EQ(pools.inputs.size(), 4U);
  EXPECT_EQ(pools.inputs[0], output("neck.spp.pool13"));
  EXPECT_EQ(pools.inputs[2], output("neck.spp.pool5"));
  EXPECT_EQ(pools.inputs[3], output("neck.spp.before.act2"));
  EXPECT_EQ(std::get<MaxPool>(op_named(program, "neck.spp.pool13").kind).pad_before, 6);
  EXPECT_EQ(op_named(program, "neck.up.p4.concat").inputs[0], output("neck.up.p4.lateral.act"));
  EXPECT_EQ(op_named(program, "neck.up.p4.lateral.conv").inputs[0], output("stages.c4.join.act"));
  EXPECT_EQ(op_named(program, "neck.down.p5.concat").inputs[0], output("neck.down.p5.finer.act"));
  EXPECT_EQ(op_named(program, "neck.down.p5.concat").inputs[1], output("neck.spp.after.act2"));
  EXPECT_EQ(op_named(program, "neck.down.p4.finer.conv").inputs[0], output("neck.up.p3.convs.act4"));
  EXPECT_EQ(op_named(program, "head.p3.conv0").inputs[0], output("neck.up.p3.convs.act4"));
  EXPECT_EQ(shape_of(program, "head.p3.conv0").channels, 256);
  EXPECT_EQ(std::get<Activate>(op_named(program, "neck.spp.before.act0").kind).kind, arch::Activation::leaky_relu);
  ASSERT_EQ(program.outputs.size(), 3U);
  for (const auto& [index, name, side] : {std::tuple(0, "yolo.p3", 76), {1, "yolo.p4", 38}, {2, "yolo.p5", 19}}) {
    const Output& found = program.outputs[static_cast<size_t>(index)];
    EXPECT_EQ(found.name, name);
    EXPECT_EQ(program.values[static_cast<size_t>(found.value)], (Shape{255, side, side}));
  }
  EXPECT_NO_THROW(lower_detector(arch::named_architecture("yolov4"), {.height = 96, .width = 160}));
  EXPECT_THROW(lower_detector(arch::named_architecture("yolov4"), {.height = 100, .width = 160}), std::exception);
}

TEST(YoloPrograms, OfTheTinyOneWorkOnTheSecondHalf) {
  const Program program = lower_detector(arch::named_architecture("yolov4-tiny"), square(416, 80));
  const auto& half = std::get<Slice>(op_named(program, "stages.c4.first.half").kind);
  EXPECT_EQ(half.first, 64);
  EXPECT_EQ(half.count, 64);
  const auto output = [&](std::string_view name) { return op_named(program, name).output; };
  EXPECT_EQ(op_named(program, "stages.c4.inner_concat").inputs[0], output("stages.c4.second.act"));
  EXPECT_EQ(op_named(program, "stages.c4.concat").inputs[0], output("stages.c4.main.act"));
  EXPECT_EQ(op_named(program, "neck.up.p4.concat").inputs[1], output("stages.c5.join.act"));
  EXPECT_EQ(shape_of(program, "stages.c5.pool"), (Shape{512, 13, 13}));
  ASSERT_EQ(program.outputs.size(), 2U);
  EXPECT_EQ(shape_of(program, "head.p4.predict"), (Shape{255, 26, 26}));
  EXPECT_EQ(shape_of(program, "head.p5.predict"), (Shape{255, 13, 13}));
}

// Any pyramid carries the head, and a classifier takes levels of different widths.
TEST(YoloHead, StandsOnEveryPyramid) {
  for (const std::string& name : arch::architecture_names()) {
    arch::Architecture a = arch::named_architecture(name);
    if (!arch::has_pyramid(a)) continue;
    a.head_kind = arch::HeadKind::yolo;
    const Program program = lower_detector(a, square(128, 3));
    ASSERT_EQ(static_cast<int>(program.outputs.size()), a.max_level - a.min_level + 1) << name;
    EXPECT_EQ(program.values[static_cast<size_t>(program.outputs[0].value)].channels, 3 * 8) << name;
  }
  const Program program = lower_classifier(arch::named_architecture("yolov4"), square(100, 7));
  EXPECT_EQ(shape_of(program, "head.concat").channels, 128 + 256 + 512);
}

TEST(EfficientNetLite, HasThePublishedBlocks) {
  const Program program = lower_classifier(arch::named_architecture("efficientnet-lite0"), square(224, 1000));
  EXPECT_EQ(shape_of(program, "stages.4.2.conv2"), (Shape{672, 14, 14}));
  EXPECT_EQ(std::get<Conv>(op_named(program, "stages.4.2.conv2").kind).kernel, 5);
  EXPECT_EQ(shape_of(program, "head.act"), (Shape{1280, 7, 7}));
  const auto& first = std::get<Conv>(op_named(program, "stem.conv").kind);
  EXPECT_EQ(first.pad_before, 0);
  EXPECT_EQ(first.pad_after, 1);
  EXPECT_TRUE(std::none_of(program.ops.begin(), program.ops.end(), [](const Op& op) {
    return op.name == "stages.0.0.conv1" || op.name.find(".se.") != std::string::npos;
  }));
}

TEST(Vgg, AveragesTheWindowsOfALargeMapAndSurroundsASmallOne) {
  const arch::Architecture a = arch::named_architecture("vgg-16");
  const Program usual = lower_classifier(a, square(224, 5));
  EXPECT_EQ(usual.outputs[0].value, op_named(usual, "head.dense").output);
  EXPECT_EQ(std::get<Conv>(op_named(usual, "head.dense0").kind).pad_before, 0);
  const Program large = lower_classifier(a, square(288, 5));
  EXPECT_EQ(shape_of(large, "head.dense"), (Shape{5, 3, 3}));
  EXPECT_EQ(shape_of(large, "head.pool"), (Shape{5, 1, 1}));
  const Program small = lower_classifier(a, {.height = 64, .width = 288, .classes = 5});
  EXPECT_EQ(std::get<Conv>(op_named(small, "head.dense0").kind).pad_before, 3);
  EXPECT_EQ(shape_of(small, "head.dense"), (Shape{5, 2, 9}));
  EXPECT_EQ(cost(usual).parameters, cost(large).parameters);
  EXPECT_EQ(cost(usual).parameters, cost(small).parameters);
}

// As PyTorch pads: the same on both sides where windows overlap, else not at all.
TEST(Padding, OfPoolsMayBeSymmetric) {
  const auto pool_of = [](arch::Padding padding, int kernel, int stride) {
    Builder b({3, 16, 16}, {arch::Activation::relu, padding, {}});
    b.output("y", b.max_pool(b.input(), kernel, stride, "pool"));
    return std::get<MaxPool>(b.finish().ops.front().kind);
  };
  const MaxPool pool = pool_of(arch::Padding::symmetric_pools, 3, 2);
  EXPECT_EQ(pool.pad_before, 1);
  EXPECT_EQ(pool.pad_after, 1);
  EXPECT_EQ(pool_of(arch::Padding::symmetric, 3, 2).pad_before, 0);
  EXPECT_EQ(pool_of(arch::Padding::symmetric_pools, 2, 2).pad_after, 0);
  EXPECT_EQ(pool_of(arch::Padding::symmetric_pools, 5, 1).pad_before, 2);
}

// The rule of every width: rounded down.
TEST(Widths, FollowTheirFactor) {
  const auto channels_at = [](const char* name, const char* op) {
    arch::Architecture a = arch::named_architecture(name);
    a.scaling.filter_size_scale = 0.37;
    return shape_of(lower_backbone(a, square(128, 1)), op).channels;
  };
  EXPECT_EQ(channels_at("vgg-16", "stages.c3.conv0"), 94);               // 256 * 0.37 = 94.72
  EXPECT_EQ(channels_at("cspdarknet-53", "stages.c3.aside.conv"), 47);   // 128 * 0.37 = 47.36
  EXPECT_EQ(channels_at("efficientnet-lite0", "stages.3.1.conv3"), 29);  // 80 * 0.37 = 29.6
  EXPECT_EQ(channels_at("efficientnet-lite0", "stages.3.1.conv2"), 6 * 29);
  EXPECT_EQ(channels_at("hrnet-w18", "stages.4.0.fuse.3.2.conv0"), 53);  // 144 * 0.37 = 53.28
  EXPECT_EQ(channels_at("detnet-59", "stages.c6.1.conv3"), 4 * 94);
  EXPECT_EQ(channels_at("hrnet-w18", "stem.conv1"), 64);
  EXPECT_EQ(channels_at("yolov4", "neck.up.p3.convs.conv1"), 2 * 47);
  EXPECT_EQ(channels_at("yolov4-tiny", "stages.c3.first.half"), 12);  // of 64 * 0.37 = 23.68 channels
}

}  // namespace
}  // namespace spinenet::graph
