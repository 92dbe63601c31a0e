#include "arch/families.h"

#include <algorithm>
#include <filesystem>
#include <functional>
#include <map>

#include <gtest/gtest.h>

#include "arch/text.h"
#include "base/error.h"
#include "base/output_fixture.h"

namespace spinenet::arch {
namespace {

std::map<int, int> blocks_of_levels(const Architecture& a) {
  std::map<int, int> count;
  for (const BlockSpec& block : std::get<ScalePermuted>(a.backbone).blocks) ++count[block.level];
  return count;
}

std::string refusal_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.what();
  }
  return "nothing was thrown";
}

TEST(Families, HaveDifferentNamesThatFindThem) {
  const auto names = architecture_names();
  for (const std::string& name : names) {
    EXPECT_EQ(std::count(names.begin(), names.end(), name), 1);
    EXPECT_EQ(named_architecture(name).name, name);
    EXPECT_EQ(find_architecture(name), named_architecture(name));
  }
}

// Table 1 of the paper: blocks of levels 2 to 7 after the stem.
TEST(Families, AllocateTheirBlocksAsPublished) {
  EXPECT_EQ(blocks_of_levels(named_architecture("spinenet-49")),
            (std::map<int, int>{{2, 1}, {3, 2}, {4, 4}, {5, 4}, {6, 2}, {7, 2}}));
  EXPECT_EQ(blocks_of_levels(named_architecture("r0-sp53")),
            (std::map<int, int>{{2, 1}, {3, 4}, {4, 6}, {5, 2}, {6, 1}, {7, 1}}));
}

TEST(Families, ShareOneGraph) {
  const Architecture base = named_architecture("spinenet-49");
  for (const char* name : {"spinenet-49s", "spinenet-96", "spinenet-143", "spinenet-143l", "spinenet-190"}) {
    EXPECT_EQ(named_architecture(name).backbone, base.backbone) << name;
  }
}

TEST(Families, UseBottlenecksAloneInR0Sp53) {
  const Architecture a = named_architecture("r0-sp53");
  for (const BlockSpec& block : std::get<ScalePermuted>(a.backbone).blocks) {
    EXPECT_EQ(block.kind, BlockKind::bottleneck);
  }
}

TEST(Families, ProposeTheNearestName) {
  const std::string message = refusal_of([] { named_architecture("spinnet-49"); });
  EXPECT_NE(message.find("\"spinnet-49\""), std::string::npos) << message;
  EXPECT_NE(message.find("did you mean \"spinenet-49\"?"), std::string::npos) << message;
  const std::string far = refusal_of([] { named_architecture("inception"); });
  EXPECT_NE(far.find("use one of spinenet-49s, "), std::string::npos) << far;
  EXPECT_THROW(find_architecture(""), Error);
}

TEST(Families, AreFoundByPath) {
  const auto path = std::filesystem::path(testing::TempDir()) / "families_test.json";
  Architecture mine = named_architecture("r0-sp53");
  mine.name = "mine";
  fixture::put_file(path, spinenet::to_text(to_json(mine)));
  EXPECT_EQ(find_architecture(path.string()), mine);
  std::filesystem::remove(path);
  EXPECT_NE(refusal_of([&] { find_architecture(path.string()); }).find("families_test.json"), std::string::npos);
}

}  // namespace
}  // namespace spinenet::arch
