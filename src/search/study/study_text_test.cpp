#include "search/study/study_text.h"

#include <gtest/gtest.h>

namespace spinenet::search {
namespace {

Json summary_of(const Json& best) {
  return {{"study", "a.study"}, {"trials", 9},   {"complete", 4}, {"duplicates", 1},
          {"failed", 2},        {"rejected", 2}, {"running", 1},  {"best", best}};
}

// The words are those of the states that a study stores.
TEST(StudySummaryText, CountsTheTrialsOfEachState) {
  EXPECT_EQ(study_summary_text(summary_of(nullptr)),
            "a.study: 9 trials, 4 measured (1 of them known networks), 2 failed, 2 rejected, 1 running\n");
}

TEST(StudySummaryText, NamesTheBestTrialAndItsCost) {
  const Json best{{"number", 7}, {"score", 0.25}, {"metrics", {{"multiply_adds", 2e6}}}};
  const std::string text = study_summary_text(summary_of(best));
  EXPECT_NE(text.find("best: trial 7, score 0.250, "), std::string::npos) << text;
  EXPECT_TRUE(text.ends_with(" multiply-adds\n")) << text;
}

}  // namespace
}  // namespace spinenet::search
