#include "graph/description.h"

#include <gtest/gtest.h>

#include "arch/families.h"

namespace spinenet::graph {
namespace {

TEST(Describe, PartsSumToTheTotal) {
  for (const std::string& name : arch::architecture_names()) {
    const arch::Architecture a = arch::named_architecture(name);
    const Description d = describe(a, {arch::default_task(a), 256, 7});
    Cost sum;
    for (const BlockDescription& b : d.blocks) {
      sum.parameters += b.cost.parameters;
      sum.multiply_adds += b.cost.multiply_adds;
    }
    for (const PartDescription& p : d.parts) {
      sum.parameters += p.cost.parameters;
      sum.multiply_adds += p.cost.multiply_adds;
    }
    EXPECT_EQ(sum.parameters, d.total.parameters) << name;
    EXPECT_EQ(sum.multiply_adds, d.total.multiply_adds) << name;
  }
}

TEST(Describe, RoundsTheSizeUp) {
  const Description d = describe(arch::named_architecture("spinenet-49"), {.image_size = 600, .classes = 91});
  EXPECT_EQ(d.image_size, 600);
  EXPECT_EQ(d.input_size, 640);
  EXPECT_EQ(d.total.multiply_adds,
            describe(arch::named_architecture("spinenet-49"), {.image_size = 640, .classes = 91}).total.multiply_adds);
  EXPECT_NE(to_table(d).find("600x600 (padded to 640x640)"), std::string::npos);
}

TEST(Describe, HasTheKeysOfTheDesign) {
  const Json json = to_json(describe(arch::named_architecture("spinenet-49"), {.image_size = 640, .classes = 91}));
  EXPECT_EQ(json["architecture"], "spinenet-49");
  EXPECT_EQ(json["task"], "detect");
  EXPECT_EQ(json["image_size"], 640);
  EXPECT_EQ(json["blocks"].size(), 17U);
  const Json& block = json["blocks"][14];
  EXPECT_EQ(block["index"], 14);
  EXPECT_EQ(block["level"], 5);
  EXPECT_EQ(block["block"], "bottleneck");
  EXPECT_EQ(block["parents"], (Json{7, 12}));
  EXPECT_EQ(block["output"], true);
  EXPECT_EQ(block["shape"], (Json{1024, 20, 20}));
  EXPECT_GT(block["parameters"], 0);
  EXPECT_GT(block["multiply_adds"], 0);
}

TEST(Describe, ShowsTheParentsThatAreLeft) {
  arch::Architecture a = arch::named_architecture("spinenet-49");
  const Description all = describe(a, {.image_size = 640, .classes = 91});
  a.edges = arch::Edges::without_short;
  const Description d = describe(a, {.image_size = 640, .classes = 91});
  EXPECT_EQ(d.blocks[1].parents, (std::vector<int>{0})) << "the stem has its order";
  EXPECT_EQ(d.blocks[14].parents, (std::vector<int>{7}));
  EXPECT_LT(d.blocks[14].cost.multiply_adds, all.blocks[14].cost.multiply_adds);
  EXPECT_LT(d.total.multiply_adds, all.total.multiply_adds);
}

TEST(Describe, CountsAClassifier) {
  const Description d = describe(arch::named_architecture("resnet-50"), default_describe_options(arch::Task::classify));
  EXPECT_EQ(d.image_size, 224);
  EXPECT_EQ(d.input_size, 224);  // level 5 is the coarsest
  EXPECT_EQ(d.classes, 1000);
  EXPECT_EQ(d.total.parameters, 25'557'032);
  EXPECT_EQ(to_json(d)["task"], "classify");
  EXPECT_EQ(
      describe(arch::named_architecture("spinenet-49"), {arch::Task::classify, 256, 10}).parts.back().cost.parameters,
      256 * 10 + 10);
}

TEST(Describe, ListsTheBlocksOfAResNet) {
  const Description d = describe(arch::named_architecture("resnet-50-fpn"), {.image_size = 640, .classes = 91});
  ASSERT_EQ(d.blocks.size(), 16U);
  EXPECT_EQ(d.blocks[3].level, 3);
  EXPECT_EQ(d.blocks[15].shape, (Shape{2048, 20, 20}));
  EXPECT_EQ(d.parts[1].name, "fpn");
}

TEST(Describe, CountsASearchedPyramidAsPublished) {
  const Description d = describe(arch::named_architecture("resnet-50-nas-fpn"), {.image_size = 640, .classes = 91});
  EXPECT_NEAR(static_cast<double>(d.total.parameters) / 1e6, 60.3, 0.005 * 60.3);
  EXPECT_NEAR(static_cast<double>(d.total.multiply_adds) / 1e9, 140.6, 0.005 * 140.6);
  EXPECT_EQ(d.blocks.size(), 16U);
}

}  // namespace
}  // namespace spinenet::graph
