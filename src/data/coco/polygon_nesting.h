// The polygons of a segmentation that is nested otherwise than COCO's [[x, y, x, y, ...], ...].
//
// Certain, and taken: a polygon without the list around it, a polygon as a list of [x, y] points, any of these in more
// lists than needed. Uncertain, and left out: what has no three points, four numbers (a box, or two points), and
// several lists of points where one lies inside another (parts, or holes as in GeoJSON).
//
// Thread contract: pure function. Only this module's .cpp files include this header.
#pragma once

#include <cstdint>
#include <vector>

#include <simdjson.h>

namespace spinenet::data {

struct NestedPolygons {
  std::vector<std::vector<double>> polygons;
  int64_t left_out = 0;  // parts that are no polygon
};

NestedPolygons read_nested_polygons(simdjson::dom::array list);

}  // namespace spinenet::data
