#include "arch/text.h"

#include <gtest/gtest.h>

#include "arch/families.h"
#include "base/error.h"
#include "base/random.h"

namespace spinenet::arch {
namespace {

TEST(ArchitectureText, KeepsEveryFamily) {
  for (const std::string& name : architecture_names()) {
    const Architecture a = named_architecture(name);
    EXPECT_EQ(architecture_from_json(parse_json(spinenet::to_text(to_json(a)), name), name), a) << name;
  }
}

TEST(ArchitectureText, KeepsEveryChoice) {
  Architecture a = named_architecture("spinenet-49");
  a.activation = Activation::swish;
  a.padding = Padding::same;
  a.large_downsample = LargeDownsample::repeated_pools;
  a.batch_norm = {0.9, 1e-5};
  a.head = {2, 48, 2, {1.0, 3.0}, 4.5};
  a.two_stage = {2, 24, 3, {0.7, 1.5}, 2.5, 3, 40, 96, 5, 72, {0.5, 0.65}};
  a.scaling = {96, 0.123456789012345, 0.3, 5, 32, {40, 45, 72, 88, 90, 91, 92}};
  a.head.separable = true;
  a.head.anchor_grid = AnchorGrid::whole_pixels;
  a.two_stage.roi_sampling = RoiSampling::single_point;
  a.stem = StemKind::inverted_bottlenecks;
  a.resampling = Resampling::depthwise;
  a.inverted = {4, 0.25, true};
  a.identity_paths = IdentityPaths::every_block;
  a.edges = Edges::without_short;
  EXPECT_EQ(architecture_from_json(to_json(a), "a"), a);
  EXPECT_EQ(spinenet::to_text(to_json(architecture_from_json(to_json(a), "a"))), spinenet::to_text(to_json(a)));
}

// So that the texts of published networks, and the hashes made of them, are as they were.
TEST(ArchitectureText, NamesEdgesOnlyWhereSomeAreMissing) {
  Architecture a = named_architecture("r0-sp53");
  EXPECT_FALSE(to_json(a).contains("edges"));
  const Json blocks = to_json(a)["backbone"];
  a.edges = Edges::without_long;
  EXPECT_EQ(to_json(a)["edges"], "without_long");
  EXPECT_EQ(to_json(a)["backbone"], blocks) << "the list of blocks stays as it is";
  Json wrong = to_json(a);
  wrong["edges"] = "without_longs";
  EXPECT_THROW(architecture_from_json(wrong, "a"), Error);
}

// 15 blocks with random parents, kinds, levels and scaling; the last five are P3..P7 in random order.
Architecture random_architecture(Random& random) {
  Architecture a = named_architecture("spinenet-49");
  a.name = "random";
  std::array<int, 5> outputs{3, 4, 5, 6, 7};
  random.shuffle(std::span<int>(outputs));
  ScalePermuted backbone;
  for (int k = 0; k < 15; ++k) {
    BlockSpec block;
    block.level = k < 10 ? static_cast<int>(2 + random.below(6)) : outputs[static_cast<size_t>(k - 10)];
    block.kind = random.chance(0.5) ? BlockKind::residual : BlockKind::bottleneck;
    const auto first = static_cast<int>(random.below(k + kStemBlocks));
    block.parents = {first, static_cast<int>((first + 1 + random.below(k + 1)) % (k + kStemBlocks))};
    for (int more = 0; more < k + kStemBlocks && random.chance(0.2); ++more) {
      if (std::ranges::count(block.parents, more) == 0) block.parents.push_back(more);
    }
    if (random.chance(0.3)) block.width = random.uniform(0.5, 2);
    block.output = k >= 10;
    backbone.blocks.push_back(block);
  }
  a.backbone = backbone;
  a.scaling.filter_size_scale = random.uniform(0.2, 2);
  return a;
}

TEST(ArchitectureText, KeepsRandomArchitectures) {
  Random random(7);
  for (int i = 0; i < 200; ++i) {
    const Architecture a = random_architecture(random);
    EXPECT_EQ(architecture_from_json(parse_json(spinenet::to_text(to_json(a)), "a"), "a"), a);
  }
}

TEST(ArchitectureText, TakesDefaultsForWhatIsLeftOut) {
  const Architecture a =
      architecture_from_json(Json{{"backbone", {{"kind", "resnet_fpn"}, {"stages", {3, 4, 6, 3}}}}}, "");
  Architecture expected = named_architecture("resnet-50-fpn");
  expected.name.clear();
  EXPECT_EQ(a, expected);
}

// A fault put into the JSON of SpineNet-49 at a pointer, and the words that the message must have.
struct BrokenJson {
  const char* name;
  const char* pointer;
  Json value;
  std::vector<std::string> words;
};

std::vector<BrokenJson> broken_jsons() {
  return {
      {"UnknownKey", "/activatoin", "swish", {"a.json", "unknown key \"activatoin\"", "did you mean \"activation\"?"}},
      {"UnknownScalingKey", "/scaling/block_repeat", 2, {"a.json/scaling", "did you mean \"block_repeats\"?"}},
      {"UnknownHeadKey", "/head/filter", 2, {"a.json/head", "did you mean \"filters\"?"}},
      {"UnknownTwoStageKey", "/two_stage", {{"box_conv", 3}}, {"a.json/two_stage", "did you mean \"box_convs\"?"}},
      {"SixLevels", "/scaling/level_filters", {1, 2, 3, 4, 5, 6}, {"a.json/scaling/level_filters", "seven levels"}},
      {"UnknownStem", "/stem", "patches", {"a.json/stem", "bottlenecks, inverted_bottlenecks"}},
      {"UnknownResampling", "/resampling", "x", {"a.json/resampling", "squeezed, depthwise"}},
      {"UnknownInvertedKey", "/inverted_bottleneck", {{"expand", 6}}, {"a.json/inverted_bottleneck", "expand_ratio"}},
      {"UnknownNormKey", "/batch_norm/eps", 1, {"a.json/batch_norm", "unknown key \"eps\"", "epsilon"}},
      {"UnknownBackboneKey", "/backbone/block", 1, {"a.json/backbone", "did you mean \"blocks\"?"}},
      {"UnknownBlockKey", "/backbone/blocks/3/parent", 1, {"/backbone/blocks/3", "did you mean \"parents\"?"}},
      {"FarKey", "/zzzzzzzz", 1, {"unknown key \"zzzzzzzz\"", "use one of name, backbone"}},
      {"NameIsNumber", "/name", 3, {"a.json/name", "expected a text"}},
      {"BackboneIsList", "/backbone", Json::array(), {"a.json/backbone", "expected an object"}},
      {"UnknownBackbone",
       "/backbone/kind",
       "transformer",
       {"/backbone/kind", "\"transformer\"", "scale_permuted, resnet_fpn, resnet_nas_fpn, resnet"}},
      {"BlocksAreNumber", "/backbone/blocks", 3, {"/backbone/blocks", "expected a list of blocks"}},
      {"TooManyBlocks", "/backbone/blocks", Json(1001, Json::object()), {"more than 1000 blocks"}},
      {"BlockIsNumber", "/backbone/blocks/2", 3, {"/backbone/blocks/2", "expected an object"}},
      {"LevelIsFraction", "/backbone/blocks/2/level", 3.5, {"/backbone/blocks/2/level", "expected an integer"}},
      {"LevelIsHuge", "/backbone/blocks/2/level", 1LL << 40, {"/backbone/blocks/2/level", "out of range"}},
      {"LevelIsBeyondInt64", "/backbone/blocks/2/level", ~0ULL, {"block"}},
      {"UnknownBlockKind",
       "/backbone/blocks/2/block",
       "mbconv",
       {"/2/block", "\"mbconv\"", "residual, bottleneck, inverted_bottleneck"}},
      {"OneParent", "/backbone/blocks/2/parents", {1}, {"/2/parents", "expected 2 to 8 block numbers"}},
      {"ParentIsText", "/backbone/blocks/2/parents/1", "3", {"/2/parents", "expected an integer"}},
      {"OutputIsNumber", "/backbone/blocks/2/output", 1, {"/2/output", "expected true or false"}},
      {"ScaleIsText", "/scaling/filter_size_scale", "1", {"/scaling/filter_size_scale", "expected a number"}},
      {"RatiosAreNumber", "/head/aspect_ratios", 1, {"/head/aspect_ratios", "expected a list of numbers"}},
      {"RatioIsText", "/head/aspect_ratios/0", "1", {"/head/aspect_ratios", "expected numbers"}},
      {"UnknownActivation",
       "/activation",
       "gelu",
       {"a.json/activation", "unknown value \"gelu\"", "did you mean \"relu\"?"}},
      {"UnknownPadding", "/padding", "valid", {"a.json/padding", "same, symmetric"}},
      {"UnknownDownsample", "/large_downsample", "x", {"/large_downsample", "repeated_pools, single_pool"}},
      {"BrokenRule", "/backbone/blocks/3/parents/0", 9, {"block 5", "parent 9"}},
      {"NullActivation", "/activation", nullptr, {"a.json/activation", "expected a text"}},
  };
}

class Fault : public testing::TestWithParam<BrokenJson> {};

TEST_P(Fault, IsNamedWithItsPlace) {
  Json json = to_json(named_architecture("spinenet-49"));
  json[Json::json_pointer(GetParam().pointer)] = GetParam().value;
  try {
    architecture_from_json(json, "a.json");
    FAIL() << "was accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::bad_data);
    for (const std::string& word : GetParam().words) {
      EXPECT_NE(std::string(error.what()).find(word), std::string::npos) << error.what();
    }
  }
}

INSTANTIATE_TEST_SUITE_P(ArchitectureText, Fault, testing::ValuesIn(broken_jsons()),
                         [](const auto& fault) { return fault.param.name; });

TEST(ArchitectureText, TakesTheCellOfNasFpnWhereNoneIsGiven) {
  const Json json{{"backbone", {{"kind", "resnet_nas_fpn"}, {"stages", {3, 4, 6, 3}}, {"repeats", 3}}}};
  const auto backbone = std::get<ResNetNasFpn>(architecture_from_json(json, "").backbone);
  EXPECT_EQ(backbone.cell, nas_fpn_cell());
  EXPECT_EQ(backbone.repeats, 3);
}

TEST(ArchitectureText, NamesFaultsOfACell) {
  const std::vector<BrokenJson> faults{
      {"", "/cell", 3, {"a.json/backbone/cell", "expected a list of merges"}},
      {"", "/cell", Json(101, Json::object()), {"more than 100 merges"}},
      {"", "/cell/1/inputs", {1}, {"/cell/1/inputs", "expected 2 integers", "its two inputs"}},
      {"", "/cell/1/merge", "product", {"/cell/1/merge", "sum, attention"}},
      {"", "/cell/1/parents", {1, 2}, {"/cell/1", "unknown key \"parents\""}},
      {"", "/repeats", "7", {"/backbone/repeats", "expected an integer"}},
  };
  for (const BrokenJson& fault : faults) {
    Json json = to_json(named_architecture("resnet-50-nas-fpn"));
    json["backbone"][Json::json_pointer(fault.pointer)] = fault.value;
    try {
      architecture_from_json(json, "a.json");
      FAIL() << fault.pointer << " was accepted";
    } catch (const Error& error) {
      for (const std::string& word : fault.words) {
        EXPECT_NE(std::string(error.what()).find(word), std::string::npos) << error.what();
      }
    }
  }
}

TEST(ArchitectureText, NamesAMissingKey) {
  for (const char* pointer :
       {"/backbone/blocks/4/level", "/backbone/blocks/4/parents", "/backbone/blocks", "/backbone"}) {
    const Json::json_pointer place(pointer);
    Json json = to_json(named_architecture("spinenet-49"));
    json[place.parent_pointer()].erase(place.back());
    try {
      architecture_from_json(json, "a.json");
      FAIL() << pointer << " may be missing";
    } catch (const Error& error) {
      EXPECT_EQ(std::string(error.what()),
                "a.json" + place.parent_pointer().to_string() + ": \"" + place.back() + "\" is missing");
    }
  }
}

TEST(ArchitectureText, NeedsFourStages) {
  Json json = to_json(named_architecture("resnet-50-fpn"));
  json["backbone"]["stages"] = {3, 4, 6};
  EXPECT_THROW(architecture_from_json(json, "a.json"), Error);
}

TEST(ArchitectureText, NamesAMissingFile) {
  EXPECT_THROW(read_architecture("no/such/architecture.json"), Error);
}

}  // namespace
}  // namespace spinenet::arch
