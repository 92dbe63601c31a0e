#include "base/known_names.h"

#include <array>
#include <span>

#include <gtest/gtest.h>

namespace spinenet {
namespace {

const std::vector<std::string> kNames{"learning_rate", "momentum", "clip", "rule"};

TEST(NearestName, FindsTyposAndNothingElse) {
  EXPECT_EQ(nearest_name("learning_rte", kNames), "learning_rate");
  EXPECT_EQ(nearest_name("momentun", kNames), "momentum");
  EXPECT_EQ(nearest_name("rules", kNames), "rule");
  EXPECT_EQ(nearest_name("clip", kNames), "clip");
  EXPECT_EQ(nearest_name("background", kNames), "");
  EXPECT_EQ(nearest_name("x", std::vector<std::string>()), "");
}

TEST(NearestName, TakesAnyRangeOfTexts) {
  EXPECT_EQ(nearest_name("clp", std::span<const std::string>(kNames)), "clip");
  EXPECT_EQ(nearest_name("clp", std::array<std::string_view, 2>{"rule", "clip"}), "clip");
}

TEST(RemedyFor, NamesTheNearestOrAllOrWhatElseHelps) {
  EXPECT_EQ(remedy_for("rules", kNames, "see --help"), "did you mean \"rule\"?");
  EXPECT_EQ(remedy_for("background", kNames), "use one of learning_rate, momentum, clip, rule");
  EXPECT_EQ(remedy_for("background", kNames, "see --help"), "see --help");
}

TEST(UnknownName, SaysWhatWhereAndTheRemedy) {
  try {
    unknown_name(ErrorKind::usage, "option", "rules", kNames, "--set");
    FAIL() << "returned";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::usage);
    EXPECT_STREQ(error.what(), "--set: unknown option \"rules\"; did you mean \"rule\"?");
  }
}

}  // namespace
}  // namespace spinenet
