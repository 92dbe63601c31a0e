#include "plot/bars.h"

#include <cmath>
#include <vector>

#include <gtest/gtest.h>

#include "plot/well_formed.h"

namespace spinenet::plot {
namespace {

TEST(Bars, EachBarHasItsNameAndValue) {
  const std::vector<Bar> bars{{"cat & dog", 0.5}, {"undefined", NAN}, {"worse", -0.25}};
  ChartOptions options;
  options.title = "AP";
  options.x_label = "difference";
  const std::string svg = bar_chart(bars, options);
  EXPECT_TRUE(well_formed(svg)) << svg;
  for (const char* text : {">cat &amp; dog<", ">0.5<", ">–<", ">-0.25<", ">difference<"}) {
    EXPECT_NE(svg.find(text), std::string::npos) << text;
  }
  size_t rectangles = 0;
  for (size_t at = 0; (at = svg.find("<rect", at)) != std::string::npos; ++at) ++rectangles;
  EXPECT_EQ(rectangles, 2U);
  EXPECT_EQ(svg.find("nan"), std::string::npos);
}

TEST(Bars, NoBarsAreSaid) {
  const std::string svg = bar_chart({}, {});
  EXPECT_TRUE(well_formed(svg));
  EXPECT_NE(svg.find("no values"), std::string::npos);
}

}  // namespace
}  // namespace spinenet::plot
