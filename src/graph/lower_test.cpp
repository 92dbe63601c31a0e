#include "graph/lower.h"

#include <algorithm>
#include <map>

#include <gtest/gtest.h>

#include "arch/families.h"
#include "arch/search_space.h"
#include "arch/task.h"
#include "base/error.h"
#include "base/format.h"
#include "graph/cost.h"
#include "graph/test_programs.h"
#include "graph/verify.h"

namespace spinenet::graph {
namespace {

// The value that leaves block `index`.
ValueId block_output(const Program& program, int index, int repeats = 1) {
  return op_named(program, fmt::format("blocks.{}.{}.act", index, repeats - 1)).output;
}

// Inputs of fusions that are blocks as they are, without resampling: (target block, merged block).
std::vector<std::pair<int, int>> unused_block_additions(const arch::Architecture& a) {
  const Program program = lower_backbone(a, {.height = 128, .width = 128});
  const int blocks = static_cast<int>(std::get<arch::ScalePermuted>(a.backbone).blocks.size()) + arch::kStemBlocks;
  std::vector<std::pair<int, int>> found;
  for (int target = arch::kStemBlocks; target < blocks; ++target) {
    const auto fuse = std::ranges::find(program.ops, fmt::format("blocks.{}.fuse", target), &Op::name);
    if (fuse == program.ops.end()) continue;  // one parent alone
    for (int source = 0; source < target; ++source) {
      const ValueId value = block_output(program, source, a.scaling.block_repeats);
      if (std::count(fuse->inputs.begin(), fuse->inputs.end(), value) > 0) found.emplace_back(target, source);
    }
  }
  return found;
}

TEST(LowerSpineNet, AddsTheOneUnusedBlock) {
  EXPECT_EQ(unused_block_additions(arch::named_architecture("spinenet-49")),
            (std::vector<std::pair<int, int>>{{14, 11}}));
  EXPECT_EQ(unused_block_additions(arch::named_architecture("spinenet-190")),
            (std::vector<std::pair<int, int>>{{14, 11}}));
  EXPECT_EQ(unused_block_additions(arch::named_architecture("r0-sp53")), (std::vector<std::pair<int, int>>{{13, 11}}));
}

TEST(LowerSpineNet, AddsAnUnusedBlockOfOtherChannelsToNothing) {
  arch::Architecture a = arch::named_architecture("spinenet-49");
  auto& blocks = std::get<arch::ScalePermuted>(a.backbone).blocks;
  blocks[11 - arch::kStemBlocks].kind = arch::BlockKind::residual;  // 256 channels, block 14 has 1024
  EXPECT_TRUE(unused_block_additions(a).empty());
}

TEST(LowerSpineNet, GivesEachLevelItsSize) {
  for (const std::string& name : arch::architecture_names()) {
    const arch::Architecture a = arch::named_architecture(name);
    if (!arch::can_do(a, arch::Task::detect)) continue;
    const Program program = lower_backbone(a, {.height = 256, .width = 384});
    ASSERT_EQ(static_cast<int>(program.outputs.size()), a.max_level - a.min_level + 1) << name;
    for (int level = a.min_level; level <= a.max_level; ++level) {
      const Output& output = program.outputs[static_cast<size_t>(level - a.min_level)];
      const int stride = arch::level_stride(a, level);
      EXPECT_EQ(output.name, fmt::format("p{}", level));
      const Shape& found = program.values[static_cast<size_t>(output.value)];
      // YOLOv4's necks have widths of their own.
      const int64_t channels = name.starts_with("yolo") ? found.channels : a.scaling.endpoints_num_filters;
      EXPECT_EQ(found, (Shape{channels, 256 / stride, 384 / stride})) << name;
    }
  }
}

// What lies beyond the paper: up to four parents and three widths in one network.
TEST(LowerSpineNet, TakesFurtherParentsAndWidths) {
  arch::SearchSpace space;
  space.max_parents = 4;
  space.widths = {0.5, 1, 1.5};
  Random random(3);
  for (int i = 0; i < 20; ++i) {
    arch::Architecture a = arch::named_architecture("spinenet-49");
    a.backbone = arch::random_sample(space, random).backbone;
    const Program program = lower_backbone(a, {.height = 256, .width = 256});
    verify(program);
    int index = arch::kStemBlocks;
    size_t connections = 0;
    for (const arch::BlockSpec& block : std::get<arch::ScalePermuted>(a.backbone).blocks) {
      connections += block.parents.size();
      const ValueId value = block_output(program, index++, 1);
      EXPECT_EQ(program.values[static_cast<size_t>(value)],
                (Shape{arch::output_channels(block, a.scaling), 256 >> block.level, 256 >> block.level}));
    }
    const auto expands = [](const Op& op) { return op.name.starts_with("resample.") && op.name.ends_with(".expand"); };
    EXPECT_EQ(static_cast<size_t>(std::ranges::count_if(program.ops, expands)), connections);
  }
}

// Shapes of every block follow from its level, kind and scaling.
TEST(LowerSpineNet, GivesEachBlockItsShape) {
  for (const char* name : {"spinenet-49s", "spinenet-190", "r0-sp53"}) {
    const arch::Architecture a = arch::named_architecture(name);
    const Program program = lower_backbone(a, {.height = 256, .width = 256});
    int index = arch::kStemBlocks;
    for (const arch::BlockSpec& block : std::get<arch::ScalePermuted>(a.backbone).blocks) {
      const ValueId value = block_output(program, index++, a.scaling.block_repeats);
      EXPECT_EQ(program.values[static_cast<size_t>(value)],
                (Shape{arch::output_channels(block, a.scaling), 256 >> block.level, 256 >> block.level}))
          << name << " block " << index - 1;
    }
  }
}

// Of a program of SpineNet-49.
int identity_path_count(const Program& program) {
  int paths = 0;
  const arch::Architecture a = arch::named_architecture("spinenet-49");
  const auto& blocks = std::get<arch::ScalePermuted>(a.backbone).blocks;
  for (size_t k = 0; k < blocks.size(); ++k) {
    const size_t index = k + arch::kStemBlocks;
    // Block 14 also takes block 11, which has no child of its own.
    const size_t usual = blocks[k].parents.size() + (index == 14 ? 1 : 0);
    paths += static_cast<int>(op_named(program, fmt::format("blocks.{}.fuse", index)).inputs.size() - usual);
  }
  return paths;
}

TEST(LowerSpineNet, IdentityPathsCostNoParameterAndNoMultiplyAdd) {
  arch::Architecture a = arch::named_architecture("spinenet-49");
  const LowerOptions options{.height = 256, .width = 256};
  const Program published = lower_backbone(a, options);
  EXPECT_EQ(identity_path_count(published), 0);
  a.identity_paths = arch::IdentityPaths::equal_channels;
  const Program equal = lower_backbone(a, options);
  EXPECT_EQ(identity_path_count(equal), 10);
  a.identity_paths = arch::IdentityPaths::every_block;
  const Program every = lower_backbone(a, options);
  EXPECT_EQ(identity_path_count(every), 15);
  a.identity_paths = arch::IdentityPaths::every_parent;
  const Program parents = lower_backbone(a, options);
  EXPECT_EQ(identity_path_count(parents), 30);
  for (const Program* program : {&equal, &every, &parents}) {
    EXPECT_EQ(cost_of(*program, "").parameters, cost_of(published, "").parameters);
    EXPECT_EQ(cost_of(*program, "").multiply_adds, cost_of(published, "").multiply_adds);
  }
}

class LowerIdentityPaths : public testing::TestWithParam<arch::IdentityPaths> {};

TEST_P(LowerIdentityPaths, HaveTheLevelAndTheChannelsOfTheirBlock) {
  arch::Architecture a = arch::named_architecture("spinenet-49");
  a.identity_paths = GetParam();
  auto& blocks = std::get<arch::ScalePermuted>(a.backbone).blocks;
  blocks[16 - arch::kStemBlocks].kind = arch::BlockKind::residual;  // a quarter of its parents' channels
  const Program program = lower_backbone(a, {.height = 256, .width = 256});
  int pooled = 0, enlarged = 0, cut = 0, repeated = 0;
  for (const Op& op : program.ops) {
    if (op.name.find(".identity.") == std::string::npos) continue;
    pooled += std::holds_alternative<MaxPool>(op.kind) ? 1 : 0;
    enlarged += std::holds_alternative<Upsample>(op.kind) ? 1 : 0;
    cut += std::holds_alternative<Slice>(op.kind) ? 1 : 0;
    repeated += std::holds_alternative<Concat>(op.kind) ? 1 : 0;
    EXPECT_TRUE(op.parameters.empty()) << op.name;
  }
  EXPECT_GT(pooled, 0);
  EXPECT_GT(enlarged, 0);
  EXPECT_GT(cut, 0);
  EXPECT_GT(repeated, 0);
  for (size_t k = 0; k < blocks.size(); ++k) {
    const Op& fuse = op_named(program, fmt::format("blocks.{}.fuse", k + arch::kStemBlocks));
    for (const ValueId input : fuse.inputs) {
      EXPECT_EQ(program.values[static_cast<size_t>(input)],
                (Shape{arch::output_channels(blocks[k], a.scaling), 256 >> blocks[k].level, 256 >> blocks[k].level}));
    }
  }
}

TEST_P(LowerIdentityPaths, FitWhereLevelsDoNotMeet) {
  arch::Architecture a = arch::named_architecture("spinenet-49");
  a.identity_paths = GetParam();
  for (const arch::Padding padding : {arch::Padding::same, arch::Padding::symmetric, arch::Padding::symmetric_pools}) {
    a.padding = padding;
    verify(lower_classifier(a, {.height = 224, .width = 224, .classes = 5}));
  }
}

INSTANTIATE_TEST_SUITE_P(Kinds, LowerIdentityPaths,
                         testing::Values(arch::IdentityPaths::every_block, arch::IdentityPaths::every_parent),
                         [](const auto& kind) { return std::string(name_of(kind.param)); });

// Whether the values from which `to` is computed go back to the image.
bool comes_from_image(const Program& program, ValueId to) {
  std::vector<bool> reached(program.values.size(), false);
  reached.front() = true;  // values[0] is the image
  for (const Op& op : program.ops) {
    reached[static_cast<size_t>(op.output)] =
        std::ranges::all_of(op.inputs, [&](ValueId input) { return reached[static_cast<size_t>(input)]; });
  }
  return reached[static_cast<size_t>(to)];
}

TEST(LowerSpineNet, KeepsEveryBlockAndEveryOutputWithFewerEdges) {
  for (const char* name : {"spinenet-49", "r0-sp53", "spinenet-mobile-49"}) {
    arch::Architecture a = arch::named_architecture(name);
    const LowerOptions options{.height = 256, .width = 256, .classes = 3};
    const Program all = lower_detector(a, options);
    const auto& backbone = std::get<arch::ScalePermuted>(a.backbone);
    const int blocks = static_cast<int>(backbone.blocks.size()) + arch::kStemBlocks;
    for (const arch::Edges edges : {arch::Edges::without_short, arch::Edges::without_long, arch::Edges::sequential}) {
      SCOPED_TRACE(fmt::format("{} {}", name, name_of(edges)));
      a.edges = edges;
      const Program program = lower_detector(a, options);
      verify(program);
      EXPECT_LT(cost(program).multiply_adds, cost(all).multiply_adds);
      EXPECT_LT(cost(program).parameters, cost(all).parameters);
      ASSERT_EQ(program.outputs.size(), all.outputs.size());
      for (size_t i = 0; i < all.outputs.size(); ++i) {
        EXPECT_EQ(program.outputs[i].name, all.outputs[i].name);
        EXPECT_TRUE(comes_from_image(program, program.outputs[i].value));
      }
      for (int index = arch::kStemBlocks; index < blocks; ++index) {
        const std::string block = fmt::format("blocks.{}.", index);
        const auto last = std::find_if(program.ops.rbegin(), program.ops.rend(),
                                       [&](const Op& op) { return op.name.starts_with(block); });
        ASSERT_NE(last, program.ops.rend()) << index;
        EXPECT_TRUE(comes_from_image(program, last->output)) << index;
        // The one connection that is left has the number 0.
        EXPECT_GT(cost_of(program, fmt::format("resample.{}.0.", index)).multiply_adds, 0) << index;
        EXPECT_EQ(cost_of(program, fmt::format("resample.{}.1.", index)).multiply_adds, 0) << index;
      }
    }
  }
}

// What is removed costs exactly its resampling connection.
TEST(LowerSpineNet, ARemovedEdgeCostsItsConnection) {
  arch::Architecture a = arch::named_architecture("spinenet-49");
  const LowerOptions options{.height = 256, .width = 256};
  const Program all = lower_backbone(a, options);
  int64_t removed = 0;
  // The farther parents are the first ones of SpineNet-49's list.
  for (int index = 2; index < 17; ++index) removed += cost_of(all, fmt::format("resample.{}.0.", index)).multiply_adds;
  a.edges = arch::Edges::without_long;
  EXPECT_EQ(cost(lower_backbone(a, options)).multiply_adds, cost(all).multiply_adds - removed);
}

TEST(LowerSpineNet, UnusedBlocksFollowFromTheEdgesThatAreLeft) {
  arch::Architecture a = arch::named_architecture("spinenet-49");
  a.edges = arch::Edges::without_short;
  EXPECT_EQ(unused_block_additions(a), (std::vector<std::pair<int, int>>{{12, 7}, {14, 10}, {14, 11}}));
  a.edges = arch::Edges::without_long;
  EXPECT_EQ(unused_block_additions(a), (std::vector<std::pair<int, int>>{{14, 11}}));
  a.edges = arch::Edges::sequential;
  EXPECT_TRUE(unused_block_additions(a).empty());
  a.identity_paths = arch::IdentityPaths::every_block;
  verify(lower_detector(a, {.height = 256, .width = 256, .classes = 3}));
}

TEST(LowerDetector, HasClassesAndBoxesOfEachLevel) {
  const Program program =
      lower_detector(arch::named_architecture("spinenet-49s"), {.height = 128, .width = 256, .classes = 7});
  ASSERT_EQ(program.outputs.size(), 10U);
  for (int level = 3; level <= 7; ++level) {
    const Output& classes = program.outputs[static_cast<size_t>(level - 3)];
    const Output& boxes = program.outputs[static_cast<size_t>(level) + 2];
    EXPECT_EQ(classes.name, fmt::format("class.p{}", level));
    EXPECT_EQ(boxes.name, fmt::format("box.p{}", level));
    EXPECT_EQ(program.values[static_cast<size_t>(classes.value)], (Shape{9 * 7, 128 >> level, 256 >> level}));
    EXPECT_EQ(program.values[static_cast<size_t>(boxes.value)], (Shape{9 * 4, 128 >> level, 256 >> level}));
  }
}

TEST(LowerDetector, SharesConvolutionsAndSeparatesBatchNormsOverLevels) {
  const Program program = lower_detector(arch::named_architecture("spinenet-49"), {.height = 128, .width = 128});
  std::map<std::string, int> uses;
  for (const Op& op : program.ops) {
    for (const ParameterId id : op.parameters) ++uses[program.parameters[static_cast<size_t>(id)].name];
  }
  for (const char* tower : {"class", "box"}) {
    const std::string head = fmt::format("head.{}", tower);
    EXPECT_EQ(uses[head + ".conv0.weight"], 5);
    EXPECT_EQ(uses[head + ".predict.bias"], 5);
    for (int level = 3; level <= 7; ++level) EXPECT_EQ(uses[fmt::format("{}.bn0.p{}.weight", head, level)], 1);
  }
}

TEST(LowerDetector, DropsPathsMoreAndMoreWithDepth) {
  const Program program =
      lower_backbone(arch::named_architecture("spinenet-49"), {.height = 128, .width = 128, .stochastic_depth = 0.3});
  std::vector<double> rates;
  for (const Op& op : program.ops) {
    if (const auto* drop = std::get_if<DropPath>(&op.kind)) rates.push_back(drop->rate);
  }
  ASSERT_EQ(rates.size(), 15U);  // none in the stem
  for (size_t i = 0; i < rates.size(); ++i) EXPECT_NEAR(rates[i], 0.3 * static_cast<double>(i + 1) / 15, 1e-12);
}

TEST(LowerDetector, HasNoDropPathAtRateZero) {
  const Program program = lower_backbone(arch::named_architecture("spinenet-49"), {.height = 128, .width = 128});
  for (const Op& op : program.ops) {
    EXPECT_FALSE(std::holds_alternative<DropPath>(op.kind)) << op.name;
  }
}

TEST(LowerDetector, RefusesWhatCannotBeBuilt) {
  const arch::Architecture a = arch::named_architecture("spinenet-49");
  for (const auto& [height, width] : {std::pair{640, 600}, {0, 128}, {-128, 128}, {64, 128}}) {
    try {
      lower_detector(a, {.height = height, .width = width});
      FAIL() << height << "x" << width;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::usage);
      EXPECT_NE(std::string(error.what()).find("multiples of 128"), std::string::npos) << error.what();
    }
  }
  EXPECT_THROW(lower_detector(a, {.height = 128, .width = 128, .classes = 0}), Error);
}

TEST(LowerDetector, NeedsSmallerMultiplesForFewerLevels) {
  arch::Architecture a = arch::named_architecture("spinenet-49");
  auto& blocks = std::get<arch::ScalePermuted>(a.backbone).blocks;
  blocks[13].output = false;  // P7
  blocks[14].output = false;  // P6
  a.max_level = 5;
  for (arch::BlockSpec& block : blocks) block.level = std::min(block.level, 5);
  EXPECT_EQ(lower_detector(a, {.height = 96, .width = 32}).outputs.size(), 6U);
}

TEST(LowerClassifier, AveragesTheLevelsUnderOneDenseLayer) {
  const Program program =
      lower_classifier(arch::named_architecture("spinenet-49"), {.height = 128, .width = 256, .classes = 7});
  ASSERT_EQ(program.outputs.size(), 1U);
  EXPECT_EQ(program.outputs[0].name, "class");
  EXPECT_EQ(program.values[static_cast<size_t>(program.outputs[0].value)], (Shape{7, 1, 1}));
  EXPECT_EQ(op_named(program, "head.mean").inputs.size(), 5U);
  EXPECT_EQ(op_named(program, "head.dense").parameters.size(), 2U);
}

// The maps of 224 px: 56, 28, 14, 7, and rounded up 4 and 2.
TEST(LowerClassifier, RoundsLevelsUpWhereTheyDoNotMeet) {
  arch::Architecture a = arch::named_architecture("spinenet-49");
  for (const arch::Padding padding : {arch::Padding::symmetric, arch::Padding::same}) {
    for (const arch::LargeDownsample large :
         {arch::LargeDownsample::single_pool, arch::LargeDownsample::repeated_pools}) {
      a.padding = padding;
      a.large_downsample = large;
      const Program program = lower_classifier(a, {.height = 224, .width = 224});
      const auto size_of = [&](const char* op) {
        return program.values[static_cast<size_t>(op_named(program, op).output)].height;
      };
      EXPECT_EQ(size_of("endpoints.p5.act"), 7);
      EXPECT_EQ(size_of("endpoints.p6.act"), 4);
      EXPECT_EQ(size_of("endpoints.p7.act"), 2);
      const auto& up = std::get<Upsample>(op_named(program, "resample.8.0.up").kind);  // level 6 to 5
      EXPECT_EQ(up.drop_rows, 1);
      EXPECT_EQ(up.drop_columns, 1);
    }
  }
  EXPECT_THROW(lower_classifier(a, {.height = 224, .width = 256}), Error);  // padded as TensorFlow does
  a.padding = arch::Padding::symmetric;
  a.large_downsample = arch::LargeDownsample::single_pool;
  for (const int size : {1, 33, 100, 225})
    EXPECT_NO_THROW(lower_classifier(a, {.height = size, .width = size})) << size;
}

TEST(LowerClassifier, TakesTheLastStageOfAResNet) {
  const Program program =
      lower_classifier(arch::named_architecture("resnet-50"), {.height = 224, .width = 32, .classes = 7});
  EXPECT_EQ(program.values[static_cast<size_t>(op_named(program, "head.pool.p5").inputs[0])], (Shape{2048, 7, 1}));
  EXPECT_EQ(program.parameters.back().name, "head.dense.bias");
  EXPECT_THROW(lower_classifier(arch::named_architecture("resnet-50"), {.height = 224, .width = 224, .classes = 0}),
               Error);
}

TEST(LowerDetector, RefusesABackboneWithoutAPyramid) {
  EXPECT_THROW(lower_detector(arch::named_architecture("resnet-50"), {.height = 128, .width = 128}), Error);
}

// The stride-2 convolution and one 3x3 pool in both ways up to ratio 4; at ratio 8 they differ in the pools alone.
TEST(LargeDownsampling, IsOneOperationUpToRatio4) {
  arch::Architecture a = arch::named_architecture("spinenet-49");
  const Program single = lower_backbone(a, {.height = 128, .width = 128});
  a.large_downsample = arch::LargeDownsample::repeated_pools;
  const Program repeated = lower_backbone(a, {.height = 128, .width = 128});
  const auto pools = [](const Program& program) {
    std::map<std::string, int> kernels;  // by connection
    for (const Op& op : program.ops) {
      const auto* pool = std::get_if<MaxPool>(&op.kind);
      if (pool == nullptr || op.name == "stem.pool") continue;
      kernels[op.name.substr(0, op.name.find(".pool"))] += pool->kernel * 100 + pool->stride;
    }
    return kernels;
  };
  auto a_pools = pools(single);
  auto b_pools = pools(repeated);
  EXPECT_EQ(a_pools.at("resample.15.0"), 504);      // 5 (L4) to 15 (L7): one 5x5 pool of stride 4
  EXPECT_EQ(b_pools.at("resample.15.0"), 2 * 302);  // two 3x3 pools of stride 2
  a_pools.erase("resample.15.0");
  b_pools.erase("resample.15.0");
  EXPECT_FALSE(a_pools.empty());
  EXPECT_EQ(a_pools, b_pools);
  EXPECT_EQ(cost(single).parameters, cost(repeated).parameters);
}

TEST(LowerResNetFpn, HasAsManyConvolutionsAsItsName) {
  for (const auto& [name, layers] : {std::pair{"resnet-50-fpn", 50},
                                     {"resnet-101-fpn", 101},
                                     {"resnet-152-fpn", 152},
                                     {"resnet-50-nas-fpn", 50},
                                     {"resnet-50", 50},
                                     {"resnet-101", 101},
                                     {"resnet-152", 152}}) {
    const Program program = lower_backbone(arch::named_architecture(name), {.height = 128, .width = 128});
    int convs = 1;  // the classifier, which a backbone has not
    for (const Op& op : program.ops) {
      const bool counts = !op.name.starts_with("fpn.") && op.name.find("shortcut") == std::string::npos;
      if (counts && std::holds_alternative<Conv>(op.kind)) ++convs;
    }
    EXPECT_EQ(convs, layers) << name;
  }
}

// The cell as the paper draws it, by the names of the operations whose results each merge adds.
TEST(LowerNasFpn, WiresTheCellAsPublished) {
  const Program program = lower_backbone(arch::named_architecture("resnet-50-nas-fpn"), {.height = 128, .width = 256});
  std::map<ValueId, std::string> writer;
  for (const Op& op : program.ops) writer[op.output] = op.name;
  const auto terms = [&](const std::string& merge) {
    std::vector<std::string> names;
    for (const ValueId input : op_named(program, "fpn." + merge + ".fuse").inputs) names.push_back(writer.at(input));
    return names;
  };
  using Names = std::vector<std::string>;
  EXPECT_EQ(terms("cell0.merge0"), (Names{"fpn.cell0.merge0.1.up", "fpn.cell0.merge0.scale"}));
  EXPECT_EQ(writer.at(op_named(program, "fpn.cell0.merge0.scale").inputs[0]), "fpn.lateral_bn.c4");
  EXPECT_EQ(writer.at(op_named(program, "fpn.cell0.merge0.gate_pool").inputs[0]), "fpn.cell0.merge0.1.up");
  EXPECT_EQ(terms("cell0.merge1"), (Names{"fpn.lateral_bn.c4", "fpn.cell0.merge0.bn"}));
  EXPECT_EQ(terms("cell0.merge2"), (Names{"fpn.lateral_bn.c3", "fpn.cell0.merge2.1.up"}));
  EXPECT_EQ(terms("cell0.merge3"), (Names{"fpn.cell0.merge1.bn", "fpn.cell0.merge3.1.pool"}));
  EXPECT_EQ(terms("cell0.merge4"), (Names{"fpn.cell0.merge4.1.pool", "fpn.cell0.merge4.scale", "fpn.lateral_bn.c5"}));
  EXPECT_EQ(terms("cell0.merge5"), (Names{"fpn.cell0.merge5.1.pool", "fpn.cell0.merge5.scale", "fpn.pool.p7"}));
  EXPECT_EQ(terms("cell0.merge6"), (Names{"fpn.cell0.merge6.1.up", "fpn.cell0.merge6.scale"}));
  // The next cell starts from this one's outputs.
  EXPECT_EQ(writer.at(op_named(program, "fpn.cell1.merge2.fuse").inputs[0]), "fpn.cell0.merge2.bn");
  EXPECT_EQ(terms("cell6.merge5").back(), "fpn.cell5.merge5.bn");
  ASSERT_EQ(program.outputs.size(), 5U);
  EXPECT_EQ(writer.at(program.outputs[4].value), "fpn.cell6.merge5.bn");
}

TEST(LowerNasFpn, TakesAnotherCell) {
  arch::Architecture a = arch::named_architecture("resnet-50-nas-fpn");
  arch::ResNetNasFpn backbone;
  backbone.repeats = 1;
  backbone.cell = {{7, arch::MergeKind::sum, {0, 4}, true},
                   {6, arch::MergeKind::attention, {3, 5}, true},
                   {5, arch::MergeKind::sum, {2, 6}, true},
                   {4, arch::MergeKind::sum, {1, 7}, true},
                   {3, arch::MergeKind::attention, {8, 0}, true}};
  a.backbone = backbone;
  const Program program = lower_backbone(a, {.height = 256, .width = 128});
  for (int level = 3; level <= 7; ++level) {
    const Output& output = program.outputs[static_cast<size_t>(level - 3)];
    EXPECT_EQ(program.values[static_cast<size_t>(output.value)], (Shape{256, 256 >> level, 128 >> level}));
  }
}

TEST(Padding, DiffersInStridedConvolutionsAlone) {
  arch::Architecture a = arch::named_architecture("spinenet-49");
  const Program symmetric = lower_backbone(a, {.height = 128, .width = 128});
  a.padding = arch::Padding::same;
  const Program same = lower_backbone(a, {.height = 128, .width = 128});
  ASSERT_EQ(symmetric.ops.size(), same.ops.size());
  for (size_t i = 0; i < same.ops.size(); ++i) {
    const auto* x = std::get_if<Conv>(&symmetric.ops[i].kind);
    const auto* y = std::get_if<Conv>(&same.ops[i].kind);
    if (x == nullptr) continue;
    EXPECT_EQ(x->pad_before != y->pad_before, x->stride > 1 && x->kernel > 1) << same.ops[i].name;
  }
  const auto& stem = std::get<Conv>(op_named(same, "stem.conv").kind);
  EXPECT_EQ(stem.pad_before, 2);
  EXPECT_EQ(stem.pad_after, 3);
  const auto& symmetric_stem = std::get<Conv>(op_named(symmetric, "stem.conv").kind);
  EXPECT_EQ(symmetric_stem.pad_before, 3);
  EXPECT_EQ(symmetric_stem.pad_after, 3);
}

}  // namespace
}  // namespace spinenet::graph
