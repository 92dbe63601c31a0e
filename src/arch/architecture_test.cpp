#include "arch/architecture.h"

#include <functional>
#include <type_traits>

#include <gtest/gtest.h>

#include "arch/architecture_fields.h"
#include "arch/families.h"
#include "arch/text.h"
#include "base/error.h"
#include "base/format.h"

namespace spinenet::arch {
namespace {

// A rule, broken by an edit of SpineNet-49, and the words that the message must have.
struct BrokenRule {
  const char* name;
  std::function<void(Architecture&)> edit;
  std::vector<std::string> words;
};

std::vector<BlockSpec>& blocks(Architecture& a) {
  return std::get<ScalePermuted>(a.backbone).blocks;
}

std::vector<BrokenRule> broken_blocks() {
  return {
      {"LevelTooCoarse", [](Architecture& a) { blocks(a)[1].level = 8; }, {"block 3", "level 8", "2 to 7"}},
      {"LevelTooFine", [](Architecture& a) { blocks(a)[1].level = 1; }, {"block 3", "level 1"}},
      {"ParentIsItself",
       [](Architecture& a) {
         blocks(a)[3].parents = {5, 2};
       },
       {"block 5", "parent 5", "0 to 4"}},
      {"ParentIsLater",
       [](Architecture& a) {
         blocks(a)[3].parents = {2, 9};
       },
       {"block 5", "parent 9"}},
      {"ParentIsNegative",
       [](Architecture& a) {
         blocks(a)[3].parents = {-1, 2};
       },
       {"block 5", "parent -1"}},
      {"ParentTwice",
       [](Architecture& a) {
         blocks(a)[4].parents = {3, 3};
       },
       {"block 6", "block 3 twice"}},
      {"OneParent", [](Architecture& a) { blocks(a)[4].parents = {3}; }, {"block 6 has 1 parents", "2 to 8"}},
      {"LastParentTwice",
       [](Architecture& a) {
         blocks(a)[4].parents = {3, 1, 2, 1};
       },
       {"block 6", "block 1 twice"}},
      {"NoWidth", [](Architecture& a) { blocks(a)[4].width = 0; }, {"block 6 has width 0"}},
      {"TooNarrow", [](Architecture& a) { blocks(a)[4].width = 0.001; }, {"width 0.001", "no filters in block 6"}},
      {"OutputOutsideLevels", [](Architecture& a) { blocks(a)[0].output = true; }, {"output block 2", "level 2"}},
      {"SecondOutput", [](Architecture& a) { blocks(a)[3].output = true; }, {"block 12", "second output of level 4"}},
      {"OutputMissing", [](Architecture& a) { blocks(a)[14].output = false; }, {"no output block of level 6"}},
      {"NoBlocks", [](Architecture& a) { blocks(a).clear(); }, {"no blocks"}},
  };
}

std::vector<BrokenRule> broken_numbers() {
  return {
      {"MinLevelTooFine", [](Architecture& a) { a.min_level = 2; }, {"levels 2 to 7"}},
      {"MaxLevelTooCoarse", [](Architecture& a) { a.max_level = 8; }, {"levels 3 to 8"}},
      {"LevelsCrossed", [](Architecture& a) { a.min_level = 6, a.max_level = 5; }, {"levels 6 to 5"}},
      {"NoEndpoints", [](Architecture& a) { a.scaling.endpoints_num_filters = 0; }, {"endpoints_num_filters"}},
      {"HugeStem", [](Architecture& a) { a.scaling.stem_filters = 5000; }, {"stem_filters", "1 to 4096"}},
      {"NoFilters", [](Architecture& a) { a.scaling.filter_size_scale = 0.01; }, {"filter_size_scale 0.01"}},
      {"HugeScale",
       [](Architecture& a) { a.scaling.filter_size_scale = 17; },
       {"filter_size_scale 17", "above 0, at most 16"}},
      {"SqueezedToNothing", [](Architecture& a) { a.scaling.resample_alpha = 0.01; }, {"resample_alpha 0.01"}},
      {"HugeAlpha", [](Architecture& a) { a.scaling.resample_alpha = 5; }, {"resample_alpha 5"}},
      {"NoRepeats", [](Architecture& a) { a.scaling.block_repeats = 0; }, {"block_repeats"}},
      {"NegativeConvs", [](Architecture& a) { a.head.convs = -1; }, {"convs"}},
      {"NoHeadFilters", [](Architecture& a) { a.head.filters = 0; }, {"filters"}},
      {"NoLevelFilters", [](Architecture& a) { a.scaling.level_filters[3] = 0; }, {"level_filters", "1 to 4096"}},
      {"NoExpansion", [](Architecture& a) { a.inverted.expand_ratio = 0; }, {"inverted_bottleneck", "1 to 64"}},
      {"NoProposalFilters", [](Architecture& a) { a.two_stage.rpn_filters = 0; }, {"two_stage's rpn convs or filters"}},
      {"NoDenseLayer", [](Architecture& a) { a.two_stage.box_dense = 0; }, {"two_stage's box_dense", "1 to 65536"}},
      {"NoBoxHead", [](Architecture& a) { a.two_stage.box_thresholds.clear(); }, {"0 box_thresholds", "1 to 8"}},
      {"NineBoxHeads", [](Architecture& a) { a.two_stage.box_thresholds.assign(9, 0.5); }, {"9 box_thresholds"}},
      {"ThresholdOne",
       [](Architecture& a) {
         a.two_stage.box_thresholds = {0.5, 1};
       },
       {"box_threshold 1", "0 and 1"}},
      {"NoProposalAnchors", [](Architecture& a) { a.two_stage.scales = 0; }, {"anchors"}},
      {"NoScales", [](Architecture& a) { a.head.scales = 0; }, {"anchors"}},
      {"NoRatios", [](Architecture& a) { a.head.aspect_ratios.clear(); }, {"anchors"}},
      {"NegativeRatio",
       [](Architecture& a) {
         a.head.aspect_ratios = {1, -2};
       },
       {"aspect ratio -2"}},
      {"NoAnchorSize", [](Architecture& a) { a.head.anchor_size = 0; }, {"anchor_size"}},
      {"NegativeEpsilon", [](Architecture& a) { a.batch_norm.epsilon = -1e-5; }, {"batch_norm"}},
      {"MomentumOne", [](Architecture& a) { a.batch_norm.momentum = 1; }, {"batch_norm"}},
      {"EmptyStage",
       [](Architecture& a) {
         a.backbone = ResNetFpn{{3, 0, 6, 3}};
       },
       {"stage has 0 blocks"}},
      {"StagesBeyondTheLast", [](Architecture& a) { a.backbone = ResNet{}, a.max_level = 6; }, {"ends at level 5"}},
      {"SearchedPyramidOfFourLevels",
       [](Architecture& a) { a.backbone = ResNetNasFpn{}, a.max_level = 6; },
       {"levels 3 to 7"}},
      {"PyramidOfFourLevels", [](Architecture& a) { a.backbone = ResNetFpn{}, a.max_level = 6; }, {"levels 3 to 7"}},
  };
}

// A fault put into a backbone that has no pyramid.
template <class Kind>
BrokenRule broken(const char* name, std::function<void(Kind&)> edit, std::vector<std::string> words) {
  return {name,
          [edit](Architecture& a) {
            Kind backbone;
            edit(backbone);
            a.backbone = backbone;
            a.max_level = std::is_same_v<Kind, DetNet> ? kDetNetLevel : 5;
          },
          std::move(words)};
}

std::vector<BrokenRule> broken_backbones() {
  using Lite = EfficientNetLite;
  return {
      broken<Vgg>("EmptyVggStage", [](Vgg& b) { b.stages[4] = 0; }, {"stage has 0 convolutions"}),
      broken<Vgg>("NoDenseWidth", [](Vgg& b) { b.dense = 0; }, {"dense is out of range"}),
      broken<Vgg>("VggPyramidOfThreeLevels", [](Vgg& b) { b.pyramid = true; }, {"levels 3 to 7"}),
      broken<CspDarknet>("LongSplitStage", [](CspDarknet& b) { b.stages[0] = 101; }, {"stage has 101 blocks"}),
      broken<Lite>("EvenKernel", [](Lite& b) { b.stages[2].kernel = 4; }, {"stage 2", "odd kernel"}),
      broken<Lite>("NoMobileFilters", [](Lite& b) { b.stages[1].filters = 0; }, {"0 filters in stage 1"}),
      broken<Lite>("MobileStride", [](Lite& b) { b.stages[1].stride = 3; }, {"stage 1", "stride of 1 or 2"}),
      broken<Lite>("EndsTooEarly", [](Lite& b) { b.stages[1].stride = 1; }, {"last stage has level 4", "4 stages"}),
      broken<Lite>("NoLastFilters", [](Lite& b) { b.last_filters = 0; }, {"last_filters"}),
      broken<HrNet>("NoBranchWidth", [](HrNet& b) { b.width = 0; }, {"0 filters in the finest branch"}),
      broken<HrNet>("NoModules", [](HrNet& b) { b.modules[2] = 0; }, {"stage has 0 modules"}),
      broken<HrNet>("HrfpnOfThreeLevels", [](HrNet& b) { b.pyramid = true; }, {"3 to 7, or 2 to 6"}),
      broken<DetNet>("EmptyDilatedStage", [](DetNet& b) { b.stages[4] = 0; }, {"stage has 0 blocks"}),
      {"DetNetOfLevel7", [](Architecture& a) { a.backbone = DetNet{}; }, {"ends at level 6"}},
      {"VggOfLevel7", [](Architecture& a) { a.backbone = Vgg{}; }, {"ends at level 5"}},
      {"ThinHrNet",
       [](Architecture& a) {
         a.backbone = HrNet{.width = 4};
         a.max_level = 5;
         a.scaling.filter_size_scale = 0.2;
       },
       {"filter_size_scale 0.2", "finest branch"}},
  };
}

// A fault put into the cell of NAS-FPN.
BrokenRule broken_cell(const char* name, std::function<void(ResNetNasFpn&)> edit, std::vector<std::string> words) {
  return {name,
          [edit](Architecture& a) {
            ResNetNasFpn backbone;
            edit(backbone);
            a.backbone = backbone;
          },
          std::move(words)};
}

std::vector<BrokenRule> broken_cells() {
  using Cell = ResNetNasFpn;
  return {
      broken_cell("EmptyStageUnderCells", [](Cell& c) { c.stages[1] = 0; }, {"stage has 0 blocks"}),
      broken_cell("NoCells", [](Cell& c) { c.repeats = 0; }, {"repeated 0 times", "1 to 64"}),
      broken_cell("EmptyCell", [](Cell& c) { c.cell.clear(); }, {"no merge is the output of level 3"}),
      broken_cell("MergeOfLevelTwo", [](Cell& c) { c.cell[1].level = 2; }, {"merge 1 has level 2"}),
      broken_cell("MergeOfItself",
                  [](Cell& c) {
                    c.cell[2].inputs = {0, 7};
                  },
                  {"merge 2 has input 7", "0 to 6"}),
      broken_cell("NegativeInput",
                  [](Cell& c) {
                    c.cell[2].inputs = {-1, 0};
                  },
                  {"merge 2 has input -1"}),
      broken_cell("OneInputTwice",
                  [](Cell& c) {
                    c.cell[0].inputs = {3, 3};
                  },
                  {"merge 0 has input 3 twice"}),
      broken_cell("TwoOutputs", [](Cell& c) { c.cell[4].level = 4; }, {"merge 4 is a second output of level 4"}),
      broken_cell("NoOutput", [](Cell& c) { c.cell[6].output = false; }, {"no merge is the output of level 6"}),
      broken_cell("UnreadMerge",
                  [](Cell& c) {
                    c.cell.push_back({6, MergeKind::sum, {3, 4}, false});
                  },
                  {"nothing reads merge 7", "later merge"}),
  };
}

class Rule : public testing::TestWithParam<BrokenRule> {};

TEST_P(Rule, IsNamedWhenBroken) {
  Architecture a = named_architecture("spinenet-49");
  GetParam().edit(a);
  try {
    validate(a);
    FAIL() << "was accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::bad_data);
    EXPECT_NE(std::string(error.what()).find("architecture spinenet-49"), std::string::npos) << error.what();
    for (const std::string& word : GetParam().words) {
      EXPECT_NE(std::string(error.what()).find(word), std::string::npos) << error.what();
    }
  }
}

std::string rule_name(const testing::TestParamInfo<BrokenRule>& info) {
  return info.param.name;
}
INSTANTIATE_TEST_SUITE_P(Blocks, Rule, testing::ValuesIn(broken_blocks()), rule_name);
INSTANTIATE_TEST_SUITE_P(Backbones, Rule, testing::ValuesIn(broken_backbones()), rule_name);
INSTANTIATE_TEST_SUITE_P(Cells, Rule, testing::ValuesIn(broken_cells()), rule_name);
INSTANTIATE_TEST_SUITE_P(Numbers, Rule, testing::ValuesIn(broken_numbers()), rule_name);

TEST(JoinedUnusedInputs, AreTheLevelsThatTheCellOfNasFpnDoesNotRead) {
  // P5 joins its output, merge 4, and P7 its own, merge 5; all else is read.
  const std::vector<std::vector<int>> expected{{}, {}, {}, {}, {2}, {4}, {}};
  EXPECT_EQ(joined_unused_inputs(nas_fpn_cell()), expected);
}

TEST(JoinedUnusedInputs, JoinOnceAndOnlyOutputs) {
  const std::vector<MergeSpec> cell{{4, MergeKind::sum, {0, 2}, false},  // 5: reads neither 1 nor 3
                                    {4, MergeKind::sum, {0, 4}, true},   // 6: 1 and 5 join
                                    {4, MergeKind::sum, {0, 6}, true}};  // nothing is left
  EXPECT_EQ(joined_unused_inputs(cell), (std::vector<std::vector<int>>{{}, {1, 5}, {}}));
}

TEST(Validate, AcceptsEveryKnownArchitecture) {
  for (const std::string& name : architecture_names()) EXPECT_NO_THROW(validate(named_architecture(name))) << name;
}

TEST(Validate, RefusesIdentityPathsOfAPyramid) {
  Architecture a = named_architecture("resnet-50-fpn");
  a.identity_paths = IdentityPaths::equal_channels;
  EXPECT_THROW(validate(a), Error);
}

std::vector<std::vector<int>> parents_of(const char* name, Edges edges) {
  std::vector<std::vector<int>> parents;
  const Architecture a = named_architecture(name);
  for (const BlockSpec& block : connected_blocks(std::get<ScalePermuted>(a.backbone), edges)) {
    parents.push_back(block.parents);
  }
  return parents;
}

using Parents = std::vector<std::vector<int>>;
const Parents kSequential{{1}, {2}, {3}, {4}, {5}, {6}, {7}, {8}, {9}, {10}, {11}, {12}, {13}, {14}, {15}};

TEST(ConnectedBlocks, AreThoseOfSpineNet49WithEachValue) {
  EXPECT_EQ(parents_of("spinenet-49", Edges::without_short),
            (Parents{{0}, {0}, {2}, {2}, {3}, {3}, {6}, {6}, {8}, {8}, {5}, {4}, {7}, {5}, {12}}));
  EXPECT_EQ(parents_of("spinenet-49", Edges::without_long),
            (Parents{{1}, {1}, {3}, {4}, {5}, {5}, {7}, {8}, {9}, {10}, {10}, {10}, {12}, {14}, {14}}));
  EXPECT_EQ(parents_of("spinenet-49", Edges::sequential), kSequential);
}

TEST(ConnectedBlocks, AreThoseOfR0Sp53WithEachValue) {
  EXPECT_EQ(parents_of("r0-sp53", Edges::without_short),
            (Parents{{0}, {0}, {2}, {2}, {3}, {5}, {4}, {4}, {8}, {8}, {4}, {6}, {8}, {6}, {7}}));
  EXPECT_EQ(parents_of("r0-sp53", Edges::without_long),
            (Parents{{1}, {1}, {3}, {4}, {5}, {6}, {7}, {8}, {9}, {10}, {10}, {7}, {13}, {9}, {9}}));
  EXPECT_EQ(parents_of("r0-sp53", Edges::sequential), kSequential);
}

TEST(ConnectedBlocks, KeepAllElseAndAllParentsOfThePublishedNetworks) {
  for (const char* name : {"spinenet-49", "r0-sp53", "spinenet-mobile-49"}) {
    const auto backbone = std::get<ScalePermuted>(named_architecture(name).backbone);
    EXPECT_EQ(connected_blocks(backbone, Edges::all), backbone.blocks) << name;
    for (const Edges edges : {Edges::without_short, Edges::without_long, Edges::sequential}) {
      std::vector<BlockSpec> blocks = connected_blocks(backbone, edges);
      for (size_t k = 0; k < blocks.size(); ++k) {
        ASSERT_EQ(blocks[k].parents.size(), 1U);
        EXPECT_LT(blocks[k].parents[0], static_cast<int>(k) + kStemBlocks);
        blocks[k].parents = backbone.blocks[k].parents;
      }
      EXPECT_EQ(blocks, backbone.blocks) << name << " " << name_of(edges);
    }
  }
}

// In whatever order they are named.
TEST(ConnectedBlocks, LoseOneOfSeveralParents) {
  const ScalePermuted backbone{{{4, BlockKind::residual, {1, 0}, false}, {4, BlockKind::residual, {0, 2, 1}, false}}};
  EXPECT_EQ(connected_blocks(backbone, Edges::without_short)[1].parents, (std::vector<int>{0, 1}));
  EXPECT_EQ(connected_blocks(backbone, Edges::without_long)[1].parents, (std::vector<int>{2, 1}));
  EXPECT_EQ(connected_blocks(backbone, Edges::without_long)[0].parents, (std::vector<int>{1}));
}

TEST(Validate, RefusesEdgesOfAPyramid) {
  Architecture a = named_architecture("resnet-50-fpn");
  a.edges = Edges::sequential;
  try {
    validate(a);
    FAIL() << "accepted";
  } catch (const Error& error) {
    const std::string what = error.what();
    EXPECT_NE(what.find("edges sequential without scale-permuted blocks"), std::string::npos) << what;
  }
}

TEST(Validate, RefusesASqueezeThatRoundsToNothing) {
  Architecture a = named_architecture("spinenet-49");
  a.scaling.filter_size_scale = 1.5 / 64;  // one filter at level 2
  a.scaling.resample_alpha = 0.7;          // int(1 * 0.7) == 0
  EXPECT_THROW(validate(a), Error);
}

// What a recipe may set is what validate accepts: the documents tell the ranges of recipes.
TEST(ArchitectureFields, EndWhereValidateEnds) {
  const std::vector<std::pair<std::string, int>> most{{"scaling.endpoints_num_filters", 4096},
                                                      {"scaling.filter_size_scale", 16},
                                                      {"scaling.resample_alpha", 4},
                                                      {"scaling.block_repeats", 64},
                                                      {"scaling.stem_filters", 4096},
                                                      {"head.convs", 64},
                                                      {"head.filters", 4096},
                                                      {"head.scales", 16},
                                                      {"head.anchor_size", 100},
                                                      {"two_stage.rpn_filters", 4096},
                                                      {"two_stage.box_convs", 64},
                                                      {"two_stage.box_dense", 65536},
                                                      {"two_stage.mask_filters", 4096},
                                                      {"two_stage.scales", 16},
                                                      {"two_stage.anchor_size", 100}};
  for (const auto& [key, value] : most) {
    SCOPED_TRACE(key);
    Architecture a = named_architecture("spinenet-49");
    FieldList list;
    settings(list, a);
    EXPECT_THROW(assign_setting(list, fmt::format("{}={}", key, value + 1)), Error);
    assign_setting(list, fmt::format("{}={}", key, value));
    EXPECT_NO_THROW(validate(a));
    Json json = to_json(a);
    const size_t dot = key.find('.');
    json[key.substr(0, dot)][key.substr(dot + 1)] = value + 1;
    EXPECT_THROW(architecture_from_json(json, key), Error);
  }
}

TEST(Filters, AreRoundedDown) {
  EXPECT_EQ(scaled_filters(2, {.filter_size_scale = 0.65}), 41);
  EXPECT_EQ(scaled_filters(3, {.filter_size_scale = 0.65}), 83);
  for (int level = 4; level <= 7; ++level) EXPECT_EQ(scaled_filters(level, {.filter_size_scale = 0.65}), 166);
  EXPECT_EQ(scaled_filters(2, {.filter_size_scale = 1.3}), 83);
  EXPECT_EQ(scaled_filters(7, {.filter_size_scale = 1.3}), 332);
}

TEST(Filters, FourTimesAsManyLeaveABottleneck) {
  EXPECT_EQ(output_channels({3, BlockKind::bottleneck, {0, 1}, false}, {}), 512);
  EXPECT_EQ(output_channels({3, BlockKind::residual, {0, 1}, false}, {}), 128);
}

}  // namespace
}  // namespace spinenet::arch
