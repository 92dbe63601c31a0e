#include "data/coco/polygon_nesting.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "data/coco/coco_values.h"

namespace spinenet::data {
namespace {

namespace dom = simdjson::dom;

struct Extent {
  double left = 0, top = 0, right = 0, bottom = 0;

  bool holds(const Extent& other) const {
    return left <= other.left && top <= other.top && right >= other.right && bottom >= other.bottom;
  }
};

Extent extent_of(const std::vector<double>& points) {
  Extent extent{points[0], points[1], points[0], points[1]};
  for (size_t i = 2; i < points.size(); i += 2) {
    extent.left = std::min(extent.left, points[i]);
    extent.right = std::max(extent.right, points[i]);
    extent.top = std::min(extent.top, points[i + 1]);
    extent.bottom = std::max(extent.bottom, points[i + 1]);
  }
  return extent;
}

bool one_holds_another(const std::vector<std::vector<double>>& polygons) {
  std::vector<Extent> extents;
  extents.reserve(polygons.size());
  for (const std::vector<double>& polygon : polygons) extents.push_back(extent_of(polygon));
  // From the left: what another holds does not begin before it.
  std::ranges::sort(extents, {}, &Extent::left);
  for (size_t i = 0; i < extents.size(); ++i) {
    for (size_t j = i + 1; j < extents.size() && extents[j].left <= extents[i].right; ++j) {
      if (extents[i].holds(extents[j]) || extents[j].holds(extents[i])) return true;
    }
  }
  return false;
}

template <class Is>
bool all_items(dom::array list, const Is& is) {
  return list.begin() != list.end() && std::all_of(list.begin(), list.end(), is);
}

bool is_point(dom::element element) {
  dom::array list;
  return element.get(list) == simdjson::SUCCESS && list.size() == 2 &&
         all_items(list, [](dom::element item) { return read_number(item).has_value(); });
}

std::optional<std::vector<double>> read_flat(dom::array list) {
  std::vector<double> numbers;
  for (const dom::element number : list) numbers.push_back(double(number));
  return is_polygon(numbers) ? std::optional(std::move(numbers)) : std::nullopt;
}

// Of [x, y] points; nothing when they are no polygon.
std::optional<std::vector<double>> read_points(dom::array list) {
  std::vector<double> numbers;
  for (const dom::element point : list) {
    for (const dom::element number : dom::array(point)) numbers.push_back(double(number));
  }
  return is_polygon(numbers) ? std::optional(std::move(numbers)) : std::nullopt;
}

struct Search {
  NestedPolygons found;
  int64_t rings = 0;  // polygons that were lists of points

  void keep(std::optional<std::vector<double>> polygon) {
    if (polygon) {
      found.polygons.push_back(std::move(*polygon));
    } else {
      ++found.left_out;
    }
  }

  void visit(dom::array list) {
    if (all_items(list, [](dom::element item) { return item.is_number(); })) {
      keep(read_flat(list));
    } else if (all_items(list, is_point)) {
      keep(read_points(list));
      ++rings;
    } else {
      bool stray = false;  // numbers, texts and such beside or instead of lists
      for (const dom::element item : list) {
        dom::array inner;
        const bool is_list = item.get(inner) == simdjson::SUCCESS;
        stray = stray || !is_list;
        if (!is_list) continue;
        if (inner.begin() == inner.end()) {
          ++found.left_out;
        } else {
          visit(inner);
        }
      }
      if (stray) ++found.left_out;
    }
  }
};

}  // namespace

NestedPolygons read_nested_polygons(dom::array list) {
  Search search;
  search.visit(list);
  if (search.rings > 1 && one_holds_another(search.found.polygons)) {
    search.found.left_out += static_cast<int64_t>(search.found.polygons.size());
    search.found.polygons.clear();
  }
  return std::move(search.found);
}

}  // namespace spinenet::data
