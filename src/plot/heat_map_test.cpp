#include "plot/heat_map.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/format.h"
#include "plot/well_formed.h"

namespace spinenet::plot {
namespace {

TEST(HeatMap, CellsSayWhatTheyCount) {
  const HeatMap map{{"cat", "<dog>"}, {"cat", "dog", "nothing"}, {3, 1, 0, 0, 0, 5}};
  ChartOptions options;
  options.x_label = "found";
  options.y_label = "true";
  const std::string svg = heat_map(map, options);
  EXPECT_TRUE(well_formed(svg)) << svg;
  for (const char* text : {"<title>cat → cat: 3 (75.0%)</title>", "<title>cat → dog: 1 (25.0%)</title>",
                           "<title>&lt;dog&gt; → nothing: 5 (100.0%)</title>"}) {
    EXPECT_NE(svg.find(text), std::string::npos) << text;
  }
  EXPECT_EQ(svg.find("<title>cat → nothing"), std::string::npos) << "an empty cell is not drawn";
}

TEST(HeatMap, ManyClassesFitThePage) {
  HeatMap map;
  for (int i = 0; i < 400; ++i) map.rows.push_back(fmt::format("class {}", i));
  map.columns = map.rows;
  map.values.assign(400 * 400, 0);
  for (size_t i = 0; i < 400; ++i) map.values[i * 401] = 1;
  ChartOptions options;
  options.width = 1024;
  const std::string svg = heat_map(map, options);
  EXPECT_TRUE(well_formed(svg));
  int width = 0;
  ASSERT_EQ(std::sscanf(svg.c_str() + svg.find("width="), "width=\"%d\"", &width), 1);
  EXPECT_LE(width, 1024);
  EXPECT_EQ(svg.find(">class 7</text>"), std::string::npos) << "names have no room";
}

TEST(HeatMap, WrongNumberOfValuesIsRefused) {
  EXPECT_THROW(heat_map({{"a"}, {"b"}, {}}, {}), Error);
  EXPECT_THROW(heat_map({{}, {}, {}}, {}), Error);
  EXPECT_THROW(heat_map({{"a"}, {"b"}, {1, 2}}, {}), Error);
}

}  // namespace
}  // namespace spinenet::plot
