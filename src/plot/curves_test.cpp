#include "plot/curves.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/format.h"
#include "base/random.h"
#include "plot/well_formed.h"

namespace spinenet::plot {
namespace {

size_t count_of(std::string_view text, std::string_view part) {
  size_t count = 0;
  for (size_t at = 0; (at = text.find(part, at)) != std::string_view::npos; at += part.size()) ++count;
  return count;
}

// The paths of the series alone, without the strokes of the legend.
std::string curves_of(const std::string& svg) {
  return svg.substr(svg.rfind("<svg"));
}

TEST(Curves, EachSeriesHasALineAndAName) {
  const std::vector<Series> series{{"train", {0, 1, 2}, {1, 2, 3}}, {"val <1>", {0, 2}, {3, 1}}};
  ChartOptions options;
  options.title = "Loss & more";
  options.x_label = "step";
  options.y_label = "loss";
  const std::string svg = line_chart(series, options);
  EXPECT_TRUE(well_formed(svg)) << svg;
  EXPECT_EQ(count_of(curves_of(svg), "<path"), 2U);
  for (const char* text : {">train<", ">val &lt;1&gt;<", ">Loss &amp; more<", ">step<", ">loss<"}) {
    EXPECT_NE(svg.find(text), std::string::npos) << text;
  }
}

TEST(Curves, LineGoesFromCornerToCorner) {
  ChartOptions options;
  options.width = 200;
  options.height = 124;
  const std::vector<Series> series{{"", {0, 1}, {0, 1}}};
  // Labels of at most three characters leave 29.2 on the left, 16 on the right, 8 above and 24 below.
  EXPECT_NE(line_chart(series, options).find("d=\"M29.2 100.0L184.0 8.0\""), std::string::npos)
      << line_chart(series, options);
}

TEST(Curves, ValuesThatAreNotFiniteAreGaps) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const std::vector<Series> series{{"", {0, 1, 2, 3, 4, 5, 6}, {1, 2, nan, 3, INFINITY, 2, 1}}};
  const std::string curves = curves_of(line_chart(series, {}));
  EXPECT_EQ(count_of(curves, "M"), 3U) << curves;
  EXPECT_EQ(count_of(curves, "h0"), 1U) << "a point between two gaps is a dot";
  EXPECT_EQ(curves.find("nan"), std::string::npos);
  EXPECT_EQ(curves.find("inf"), std::string::npos);
}

TEST(Curves, LogarithmicAxisLeavesOutWhatHasNoLogarithm) {
  ChartOptions options;
  options.log_y = true;
  const std::vector<Series> series{{"", {0, 1, 2, 3}, {0.01, 0, -5, 10}}};
  const std::string svg = line_chart(series, options);
  EXPECT_EQ(count_of(curves_of(svg), "M"), 2U);
  EXPECT_NE(svg.find(">0.01<"), std::string::npos);
  EXPECT_NE(svg.find(">10<"), std::string::npos);
}

TEST(Curves, NothingToShowIsSaid) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  for (const std::vector<Series>& series :
       {std::vector<Series>{}, {{"a", {}, {}}}, {{"a", {1}, {nan}}}, {{"a", {INFINITY}, {1}}}}) {
    const std::string svg = line_chart(series, {});
    EXPECT_TRUE(well_formed(svg));
    EXPECT_NE(svg.find("no values"), std::string::npos);
  }
}

TEST(Curves, SeriesOfUnequalLengthIsRefused) {
  const std::vector<Series> series{{"a", {1, 2}, {1}}};
  EXPECT_THROW(line_chart(series, {}), Error);
  EXPECT_THROW(scatter_chart(series, {}), Error);
}

TEST(Curves, LongSeriesAreThinnedButKeepTheirExtremes) {
  Series series;
  for (int i = 0; i < 200'000; ++i) {
    series.x.push_back(i);
    series.y.push_back(i == 123'456 ? 100 : std::sin(i * 0.01));
  }
  ChartOptions options;
  options.y_min = -1;
  options.y_max = 100;
  const std::string svg = line_chart({&series, 1}, options);
  EXPECT_LT(svg.size(), 50'000U);
  EXPECT_NE(curves_of(svg).find(fmt::format(" {:.1f}L", 8.0)), std::string::npos) << "the one high value is missing";
}

TEST(Curves, ManySeriesShareALegendOfLimitedLength) {
  std::vector<Series> series;
  for (int i = 0; i < 80; ++i) series.push_back({fmt::format("class {}", i), {0, 1}, {0.0 + i, 1.0 + i}});
  const std::string svg = line_chart(series, {});
  EXPECT_TRUE(well_formed(svg));
  EXPECT_EQ(count_of(curves_of(svg), "<path"), 80U);
  EXPECT_NE(svg.find("and 68 more"), std::string::npos);
  EXPECT_EQ(svg.find(">class 12<"), std::string::npos);
}

TEST(Curves, GivenEndsOfTheAxesHold) {
  ChartOptions options;
  options.x_min = options.y_min = 0;
  options.x_max = options.y_max = 1;
  const std::vector<Series> series{{"", {0.4, 0.5}, {0.7, 0.71}}};
  const std::string svg = line_chart(series, options);
  EXPECT_EQ(count_of(svg, ">0.8<"), 2U);
  EXPECT_EQ(count_of(svg, ">1<"), 2U);
}

TEST(Curves, AnyValuesGiveAWellFormedImage) {
  Random random(9);
  const double odd[] = {0, -0.0, NAN, INFINITY, -INFINITY, 1e308, -1e308, 5e-324, 1, 1e-5};
  for (int i = 0; i < 2000; ++i) {
    std::vector<Series> series(static_cast<size_t>(random.below(3)));
    for (Series& one : series) {
      for (int64_t n = random.below(6); n > 0; --n) {
        one.x.push_back(odd[random.below(10)]);
        one.y.push_back(odd[random.below(10)]);
      }
    }
    ChartOptions options;
    options.log_y = random.chance(0.5);
    if (random.chance(0.3)) options.y_min = odd[random.below(10)];
    if (random.chance(0.3)) options.y_max = odd[random.below(10)];
    if (random.chance(0.3)) options.x_max = odd[random.below(10)];
    for (const std::string& svg : {line_chart(series, options), scatter_chart(series, options)}) {
      ASSERT_TRUE(well_formed(svg)) << svg;
      const std::string drawn = svg.substr(svg.find("</style>"));
      ASSERT_EQ(drawn.find("nan"), std::string::npos) << drawn;
      ASSERT_EQ(drawn.find("inf"), std::string::npos) << drawn;
      ASSERT_EQ(drawn.find("000000"), std::string::npos) << drawn;
    }
  }
}

TEST(Curves, ScatterHasOnePointPerPair) {
  const std::vector<Series> series{{"", {1, 2, NAN}, {3, 4, 5}}};
  EXPECT_EQ(count_of(scatter_chart(series, {}), "<circle"), 2U);
}

TEST(Curves, SpreadIsABandAboutALine) {
  const std::vector<Series> series{{"mean", {0, 1, 2}, {1, 2, 3}, {0.5, 0, 0.25}}};
  const std::string svg = line_chart(series, {});
  EXPECT_TRUE(well_formed(svg)) << svg;
  const size_t band = svg.find("fill-opacity");
  ASSERT_NE(band, std::string::npos);
  const std::string path = svg.substr(band, svg.find("/>", band) - band);
  EXPECT_EQ(count_of(path, "L"), 5U) << "three points above, three below: " << path;
  EXPECT_EQ(line_chart(std::vector<Series>{{"mean", {0, 1}, {1, 2}}}, {}).find("fill-opacity"), std::string::npos);
}

TEST(Curves, SpreadIsABarThroughAPoint) {
  const std::vector<Series> series{{"a", {1}, {2}, {0.5}}, {"b", {2}, {3}, {0}}};
  const std::string svg = scatter_chart(series, {});
  EXPECT_TRUE(well_formed(svg)) << svg;
  EXPECT_EQ(count_of(curves_of(svg), "<path"), 1U) << "one point has no spread";
  EXPECT_EQ(count_of(curves_of(svg), "<circle"), 2U);
}

TEST(Curves, SpreadLiesWithinTheAxis) {
  // The values alone would end at 2; with the spread there is a tick at 4.
  EXPECT_NE(scatter_chart(std::vector<Series>{{"a", {1, 2}, {1, 2}, {0, 2}}}, {}).find(">4<"), std::string::npos);
  EXPECT_EQ(scatter_chart(std::vector<Series>{{"a", {1, 2}, {1, 2}}}, {}).find(">4<"), std::string::npos);
  EXPECT_THROW(line_chart(std::vector<Series>{{"a", {1, 2}, {1, 2}, {0.5}}}, {}), Error);
}

}  // namespace
}  // namespace spinenet::plot
