#include "plot/study_page.h"

#include <gtest/gtest.h>

#include "plot/well_formed.h"

namespace spinenet::plot {
namespace {

StudyPage example() {
  StudyPage page;
  page.title = "Search of <things> & others";
  page.subtitle = "a.study";
  page.headline = {{"trials", "3"}};
  page.scores = {"trial", {0, 1, 2}, {0.1, 0.3, 0.2}};
  page.best_so_far = {{"evolution", {0, 1, 2}, {0.1, 0.3, 0.3}}, {"random", {0, 1}, {0.05, 0.2}}};
  page.costs = {{"trials", {100, 120}, {0.1, 0.3}}, {"Pareto front", {120}, {0.3}}};
  page.levels_all = {{"2", "3"}, {"L2", "L3"}, {2, 0, 1, 1}};
  page.parents_all = {{"1 back", 0.7}, {"2 back", 0.3}};
  page.networks = {
      {"trial 1: <best>", "<svg xmlns=\"http://www.w3.org/2000/svg\"><style>text{fill:red}</style></svg>"}};
  page.best = {{"trial", "score"}, {{"1", "0.3"}}};
  page.failures = {{"trial", "reason"}, {{"2", "status 1: <oops>"}}};
  return page;
}

TEST(StudyPage, ShowsEverySectionThatHasContent) {
  const std::string html = render_study_page(example());
  for (const char* title : {"Score over trials", "Score against cost", "Best trials", "Best networks",
                            "Order of the blocks", "How far back parents stand", "Trials without a measurement"}) {
    EXPECT_EQ(occurrences(html, std::string("<h2>") + title + "</h2>"), 1U) << title;
  }
  EXPECT_EQ(occurrences(html, "<div class=\"charts\">"), 3U) << "scores, levels, parents";
  EXPECT_GE(occurrences(html, "<svg"), 5U) << "two score charts, one of costs, one of levels, one of parents";
}

TEST(StudyPage, EmptyStudyHasNoSections) {
  const std::string html = render_study_page(StudyPage{});
  EXPECT_EQ(occurrences(html, "<h2>"), 0U);
  EXPECT_EQ(occurrences(html, "<svg"), 0U);
}

TEST(StudyPage, EscapesTextAndKeepsDrawingsApart) {
  const std::string html = render_study_page(example());
  EXPECT_EQ(html.find("<things>"), std::string::npos);
  EXPECT_EQ(html.find("<oops>"), std::string::npos);
  EXPECT_EQ(html.find("<best>"), std::string::npos);
  EXPECT_EQ(html.find("fill:red"), std::string::npos) << "the style of a drawing would reach the page";
  EXPECT_EQ(occurrences(html, "data:image/svg+xml;base64,"), 1U);
}

}  // namespace
}  // namespace spinenet::plot
