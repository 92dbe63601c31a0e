#include "base/known_names.h"

#include <array>
#include <span>

#include <gtest/gtest.h>

namespace spinenet {
namespace {

const std::vector<std::string> kOptionNames{"learning_rate", "momentum", "clip", "rule"};

TEST(NearestName, FindsTyposAndNothingElse) {
  EXPECT_EQ(nearest_name("learning_rte", kOptionNames), "learning_rate");
  EXPECT_EQ(nearest_name("momentun", kOptionNames), "momentum");
  EXPECT_EQ(nearest_name("rules", kOptionNames), "rule");
  EXPECT_EQ(nearest_name("clip", kOptionNames), "clip");
  EXPECT_EQ(nearest_name("background", kOptionNames), "");
  EXPECT_EQ(nearest_name("x", std::vector<std::string>()), "");
}

TEST(NearestName, TakesAnyRangeOfTexts) {
  EXPECT_EQ(nearest_name("clp", std::span<const std::string>(kOptionNames)), "clip");
  EXPECT_EQ(nearest_name("clp", std::array<std::string_view, 2>{"rule", "clip"}), "clip");
}

TEST(RemedyFor, NamesTheNearestOrAllOrWhatElseHelps) {
  EXPECT_EQ(remedy_for("rules", kOptionNames, "see --help"), "did you mean \"rule\"?");
  EXPECT_EQ(remedy_for("background", kOptionNames), "use one of learning_rate, momentum, clip, rule");
  EXPECT_EQ(remedy_for("background", kOptionNames, "see --help"), "see --help");
}

TEST(UnknownName, SaysWhatWhereAndTheRemedy) {
  try {
    unknown_name(ErrorKind::usage, "option", "rules", kOptionNames, "--set");
    FAIL() << "returned";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::usage);
    EXPECT_STREQ(error.what(), "--set: unknown option \"rules\"; did you mean \"rule\"?");
  }
}

}  // namespace
}  // namespace spinenet
