#include "cli/description.h"

#include <gtest/gtest.h>

#include "arch/families.h"

namespace spinenet {
namespace {

TEST(Describe, PartsSumToTheTotal) {
  for (const std::string& name : architecture_names()) {
    const Description d = describe(named_architecture(name), 256, 7);
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
  const Description d = describe(named_architecture("spinenet-49"), 600, 91);
  EXPECT_EQ(d.image_size, 600);
  EXPECT_EQ(d.input_size, 640);
  EXPECT_EQ(d.total.multiply_adds, describe(named_architecture("spinenet-49"), 640, 91).total.multiply_adds);
  EXPECT_NE(to_table(d).find("600x600 (padded to 640x640)"), std::string::npos);
}

TEST(Describe, HasTheKeysOfTheDesign) {
  const Json json = to_json(describe(named_architecture("spinenet-49"), 640, 91));
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

TEST(Describe, ListsTheBlocksOfAResNet) {
  const Description d = describe(named_architecture("resnet-50-fpn"), 640, 91);
  ASSERT_EQ(d.blocks.size(), 16U);
  EXPECT_EQ(d.blocks[3].level, 3);
  EXPECT_EQ(d.blocks[15].shape, (Shape{2048, 20, 20}));
  EXPECT_EQ(d.parts[1].name, "fpn");
}

}  // namespace
}  // namespace spinenet
