#include "plot/report.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "plot/well_formed.h"

namespace spinenet::plot {
namespace {

constexpr const char* kEvil = "</pre><script>alert(\"1\")</script>&'\x01";

const std::string kPng = std::string("\x89PNG\r\n\x1a\n") + "rest";

// Every text of it tries to break out.
ReportData full_report() {
  ReportData data;
  data.title = data.subtitle = data.recipe = kEvil;
  data.headline = data.facts = {{kEvil, kEvil}};
  data.notes = {kEvil};
  data.curves = {{kEvil, kEvil, true, {{kEvil, {1, 2}, {3, 4}}, {kEvil, {1, 2}, {3, 4}}}}};
  data.precision_recall = {{kEvil, {0, 1}, {1, 0}}, {kEvil, {0, 1}, {1, 0.5}}};
  data.classes = {{7, kEvil, 12, 0.25, 0.5, -1, 0.75}};
  data.tables = {{kEvil, kEvil, {kEvil, kEvil}, {{kEvil, {12, 0.75}}, {kEvil, {3, -1}}}, 1}};
  data.calibration = {{kEvil, {0, 1}, {0, 1}}};
  data.confusion = {{kEvil, "background"}, {3, 1, 0, 2}};
  data.images = {{kEvil, kPng}, {"photo", "\xFF\xD8\xFF\xE0..."}, {kEvil, kPng, kPng}};
  return data;
}

TEST(Report, AllTextIsEscaped) {
  const std::string html = render_report(full_report());
  EXPECT_TRUE(well_formed(html));
  EXPECT_EQ(html.find("<script"), std::string::npos);
  EXPECT_EQ(html.find("alert(\"1\")"), std::string::npos);
  EXPECT_EQ(html.find('\x01'), std::string::npos);
}

TEST(Report, NothingIsFetched) {
  std::string html = render_report(full_report());
  for (const char* mark : {"href=", "url(", "@import", "src=\"http", "<link", "<iframe"}) {
    EXPECT_EQ(html.find(mark), std::string::npos) << mark;
  }
  EXPECT_NE(html.find("default-src 'none'"), std::string::npos);
  EXPECT_NE(html.find("src=\"data:image/png;base64,iVBORw0KGgpyZXN0\""), std::string::npos);
  EXPECT_NE(html.find("src=\"data:image/jpeg;base64,"), std::string::npos);
}

TEST(Report, SectionsWithoutDataAreLeftOut) {
  const std::string html = render_report({});
  EXPECT_TRUE(well_formed(html));
  EXPECT_EQ(html.find("<section"), std::string::npos);
  const std::string full = render_report(full_report());
  for (const char* title :
       {"Training", "Precision and recall", "Classes", "Calibration", "Confusion", "Predictions", "Facts", "Recipe"}) {
    EXPECT_NE(full.find(std::string("<h2>") + title), std::string::npos) << title;
  }
}

TEST(Report, UndefinedNumbersAreDashes) {
  const std::string html = render_report(full_report());
  EXPECT_NE(html.find("<td class=\"number\">0.250</td>"), std::string::npos);
  EXPECT_NE(html.find("<td class=\"number\">–</td>"), std::string::npos);
}

TEST(Report, ImageOfAnotherKindIsRefused) {
  ReportData data;
  data.images = {{"page", "<html>"}};
  EXPECT_THROW(render_report(data), Error);
}

TEST(Report, PredictionsStandBesideWhatIsThere) {
  ReportData data;
  data.images = {{"image 7: 2 there, 1 found", kPng, "\xFF\xD8\xFF\xE0..."}};
  const std::string html = render_report(data);
  const size_t there = html.find("<img alt=\"image 7: 2 there, 1 found: annotated\" src=\"data:image/jpeg;");
  const size_t found = html.find("<img alt=\"image 7: 2 there, 1 found: found\" src=\"data:image/png;");
  EXPECT_LT(there, found);
  EXPECT_LT(found, html.find("<figcaption>image 7: 2 there, 1 found</figcaption>"));
  data.images = {{"image 7", kPng, "<html>"}};
  EXPECT_THROW(render_report(data), Error);
}

TEST(Report, ConfusionOfTheWrongSizeIsRefused) {
  ReportData data;
  data.confusion = {{"a", "b"}, {1, 2, 3}};
  EXPECT_THROW(render_report(data), Error);
}

TEST(Report, TableRowsMustFitTheirColumns) {
  ReportData data;
  data.tables = {{"Classes", "class", {"images", "top1"}, {{"apple", {12}}}, 1}};
  EXPECT_THROW(render_report(data), Error);
}

TEST(Report, SameDataGivesTheSameBytes) {
  EXPECT_EQ(render_report(full_report()), render_report(full_report()));
}

}  // namespace
}  // namespace spinenet::plot
