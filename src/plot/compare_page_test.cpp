#include "plot/compare_page.h"

#include <gtest/gtest.h>

#include "plot/well_formed.h"

namespace spinenet::plot {
namespace {

ComparePage example_comparison() {
  ComparePage page;
  page.title = "Two <architectures>";
  page.notes = {"b & c differ"};
  page.metric = "AP";
  page.table = {{"recipe", "AP"}, {{"<first>", "0.300"}, {"second", "0.200"}}, 1};
  page.costs = {{"first", {124}, {0.3}, {0.01}}, {"second", {126}, {0.2}, {0.02}}};
  page.curves = {{"first", {100, 200}, {0.1, 0.3}, {0.01, 0.02}}, {"second", {100, 200}, {0.1, 0.2}}};
  page.networks = {{"recipe", "architecture", "parameters"}, {{"<first>", "spinenet-49", "1.50 M"}}, 2};
  page.differences = {{"minus <first>", "AP"}, {{"second", "-0.100"}}, 1};
  page.differences_note = "of 95 % & more";
  page.difference_curves = {{"AP", {{"first", {100, 200}, {0, 0}}, {"second", {100, 200}, {-0.1, 0}, {0.05, 0.2}}}}};
  page.sizes = {{"small", {{"first", 0.1}, {"second", 0.05}}}, {"large", {{"first", 0.5}, {"second", 0.4}}}};
  page.images = {{{"image 1: <truth>", "\xFF\xD8\xFF"}, {"first", "\xFF\xD8\xFF"}, {"second", "\xFF\xD8\xFF"}}};
  return page;
}

TEST(ComparePage, ShowsEverySectionThatHasContent) {
  const std::string html = render_compare_page(example_comparison());
  EXPECT_TRUE(well_formed(html));
  for (const char* title : {"Networks", "Result", "Differences", "AP", "By object size", "The same images"}) {
    EXPECT_EQ(occurrences(html, std::string("<h2>") + title + "</h2>"), 1U) << title;
  }
  EXPECT_EQ(occurrences(html, "<td class=\"number\">"), 4U);
  EXPECT_EQ(occurrences(html, "<figure>"), 3U);
  EXPECT_EQ(occurrences(html, "repeat(3,"), 1U) << "images stand side by side";
  EXPECT_EQ(occurrences(html, "class=\"chart\""), 5U) << "difference, cost, learning, small, large";
  EXPECT_NE(html.find("Difference in AP"), std::string::npos);
  EXPECT_EQ(occurrences(html, "of 95 % &amp; more"), 1U);
}

TEST(ComparePage, EscapesText) {
  const std::string html = render_compare_page(example_comparison());
  for (const char* text : {"<architectures>", "<first>", "<truth>", "b & c"}) {
    EXPECT_EQ(html.find(text), std::string::npos) << text;
  }
}

TEST(ComparePage, IsEmptyWithoutContent) {
  const std::string html = render_compare_page({});
  EXPECT_EQ(occurrences(html, "<h2>"), 0U);
  EXPECT_EQ(occurrences(html, "<svg"), 0U);
}

}  // namespace
}  // namespace spinenet::plot
