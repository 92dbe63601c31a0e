#include "plot/compare_page.h"

#include <gtest/gtest.h>

#include "plot/well_formed.h"

namespace spinenet::plot {
namespace {

size_t count(const std::string& text, std::string_view part) {
  size_t found = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
  return found;
}

ComparePage example() {
  ComparePage page;
  page.title = "Two <architectures>";
  page.notes = {"b & c differ"};
  page.metric = "AP";
  page.table = {{"recipe", "AP"}, {{"<first>", "0.300"}, {"second", "0.200"}}, 1};
  page.costs = {{"first", {124}, {0.3}, {0.01}}, {"second", {126}, {0.2}, {0.02}}};
  page.curves = {{"first", {100, 200}, {0.1, 0.3}, {0.01, 0.02}}, {"second", {100, 200}, {0.1, 0.2}}};
  page.sizes = {{"small", {{"first", 0.1}, {"second", 0.05}}}, {"large", {{"first", 0.5}, {"second", 0.4}}}};
  page.pictures = {{{"image 1: <truth>", "\xFF\xD8\xFF"}, {"first", "\xFF\xD8\xFF"}, {"second", "\xFF\xD8\xFF"}}};
  return page;
}

TEST(ComparePage, ShowsEverySectionThatHasContent) {
  const std::string html = render_compare_page(example());
  EXPECT_TRUE(well_formed(html));
  for (const char* title : {"Result", "AP", "By object size", "The same pictures"}) {
    EXPECT_EQ(count(html, std::string("<h2>") + title + "</h2>"), 1U) << title;
  }
  EXPECT_EQ(count(html, "<td class=\"number\">"), 2U);
  EXPECT_EQ(count(html, "<figure>"), 3U);
  EXPECT_EQ(count(html, "repeat(3,"), 1U) << "pictures stand side by side";
  EXPECT_EQ(count(html, "class=\"chart\""), 4U) << "cost, learning, small, large";
}

TEST(ComparePage, EscapesText) {
  const std::string html = render_compare_page(example());
  for (const char* text : {"<architectures>", "<first>", "<truth>", "b & c"}) {
    EXPECT_EQ(html.find(text), std::string::npos) << text;
  }
}

TEST(ComparePage, IsEmptyWithoutContent) {
  const std::string html = render_compare_page({});
  EXPECT_EQ(count(html, "<h2>"), 0U);
  EXPECT_EQ(count(html, "<svg"), 0U);
}

}  // namespace
}  // namespace spinenet::plot
