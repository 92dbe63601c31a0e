#include "base/score_text.h"

#include <cmath>

#include <gtest/gtest.h>

namespace spinenet {
namespace {

TEST(ScoreText, HasThreeDecimals) {
  EXPECT_EQ(score_text(0), "0.000");
  EXPECT_EQ(score_text(0.37649), "0.376");
  EXPECT_EQ(score_text(1), "1.000");
  EXPECT_EQ(named_score("AP50", 0.5712), "AP50 0.571");
}

TEST(ScoreText, IsADashWhereNothingIsDefined) {
  EXPECT_EQ(score_text(-1), "–");
  EXPECT_EQ(score_text(std::nan("")), "–");
  EXPECT_EQ(named_score("APs", -1), "APs –");
}

TEST(ScoreText, ASearchMayMaximiseAnything) {
  EXPECT_EQ(search_score_text(-2.5), "-2.500");
}

}  // namespace
}  // namespace spinenet
