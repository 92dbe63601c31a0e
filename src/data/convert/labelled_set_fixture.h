// Random data sets for tests of the formats, and what each format keeps of one.
//
// Thread contract: pure functions.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/format.h"
#include "base/random.h"
#include "data/convert/labelled_set.h"
#include "data/convert/traits.h"

namespace spinenet::data::fixture {

// Coordinates of up to six decimals, or integers.
inline double random_pixels(Random& random, double low, double high, bool whole) {
  const double value = random.uniform(low, high);
  return whole ? std::floor(value) : std::floor(value * 1000) / 1000;
}

inline std::vector<double> random_polygon(Random& random, const SetImage& image, bool whole) {
  const auto width = static_cast<double>(image.width), height = static_cast<double>(image.height);
  const double x = random_pixels(random, 0, width - 6, whole), y = random_pixels(random, 0, height - 6, whole);
  const double right = x + 2 + random_pixels(random, 0, width - x - 3, whole);
  const double bottom = y + 2 + random_pixels(random, 0, height - y - 3, whole);
  std::vector<double> points{x, y, right, y, right, bottom};
  if (random.chance(0.5)) points.insert(points.end(), {x, bottom});
  for (double& point : points) point = tidy(point);
  return points;
}

inline detect::Rle random_mask(Random& random, const SetImage& image) {
  std::vector<uint8_t> bytes(static_cast<size_t>(image.height * image.width), 0);
  const int64_t x = random.below(image.width - 3), y = random.below(image.height - 3);
  for (int64_t row = y; row < y + 3; ++row) {
    for (int64_t column = x; column < x + 3; ++column) {
      bytes[static_cast<size_t>(row * image.width + column)] = random.chance(0.7) || (row == y && column == x) ? 1 : 0;
    }
  }
  return detect::encode_mask(bytes, image.height, image.width);
}

inline SetObject random_object(Random& random, const SetImage& image, size_t categories) {
  SetObject object;
  object.category = static_cast<size_t>(random.below(static_cast<int64_t>(categories)));
  const bool whole = random.chance(0.5);
  const double kind = random.uniform();
  if (kind < 0.5) {
    object.box = extent_of({random_polygon(random, image, whole)});
  } else if (kind < 0.85) {
    object.mask.polygons.push_back(random_polygon(random, image, whole));
    if (random.chance(0.3)) object.mask.polygons.push_back(random_polygon(random, image, whole));
    object.box = extent_of(object.mask.polygons);
  } else {
    object.mask.rle = random_mask(random, image);
    object.box = extent_of(object.mask.rle);
  }
  object.crowd = random.chance(0.1);
  object.difficult = random.chance(0.2);
  object.truncated = random.chance(0.2);
  object.occluded = random.chance(0.2);
  if (random.chance(0.2)) object.pose = random.chance(0.5) ? "Left" : "Frontal";
  if (random.chance(0.2)) object.attributes["colour"] = random.chance(0.5) ? "dark & \"red\" <1>" : "blå";
  return object;
}

// Names with spaces, folders and letters beyond ASCII; classes without an object; images without one.
inline LabelledSet random_set(uint64_t seed) {
  constexpr std::array<const char*, 5> kNames{"plain", "with space", "sub/folder/deep", "größe", "a.b, c;'d' & e"};
  constexpr std::array<const char*, 4> kFolders{"", "images/", "train/images/", "images/images/"};
  constexpr std::array<const char*, 4> kClasses{"cat", "traffic light", "Fußgänger", "a, \"b\" & <c>: d"};
  Random random(seed);
  LabelledSet set;
  const auto classes = static_cast<size_t>(1 + random.below(4));
  set.has_category_ids = random.chance(0.5);
  int64_t id = 1;
  for (size_t i = 0; i < classes; ++i) {
    set.categories.push_back({id, kClasses[(i + seed) % kClasses.size()], ""});
    id += set.has_category_ids ? 1 + random.below(5) : 1;
  }
  const bool divided = random.chance(0.5), has_ids = random.chance(0.5);
  const int64_t images = 1 + random.below(5);
  for (int64_t i = 0; i < images; ++i) {
    SetImage image;
    const char* folder = kFolders[static_cast<size_t>(random.below(4))];
    image.name = fmt::format("{}{} {}.png", folder, kNames[static_cast<size_t>(random.below(5))], i);
    image.width = 10 + random.below(40);
    image.height = 10 + random.below(40);
    if (divided) image.part = static_cast<SetPart>(1 + random.below(3));
    if (has_ids) image.id = 7 * i + 3;
    const int64_t objects = random.chance(0.25) ? 0 : random.below(5);
    for (int64_t j = 0; j < objects; ++j) image.objects.push_back(random_object(random, image, classes));
    set.images.push_back(std::move(image));
  }
  return set;
}

// Of a format whose readers would take them for objects.
inline void drop_crowds(LabelledSet& set) {
  for (SetImage& image : set.images) {
    std::erase_if(image.objects, [](const SetObject& object) { return object.crowd; });
  }
}

// What is left of a set that went through the format, in the terms of its header.
inline void keep_yolo(LabelledSet& set) {
  bool polygons = false;
  drop_crowds(set);
  for (SetImage& image : set.images) {
    if (image.part == SetPart::all) image.part = SetPart::train;
    for (SetObject& object : image.objects) polygons = polygons || object.mask.polygons.size() == 1;
  }
  for (SetImage& image : set.images) {
    for (SetObject& object : image.objects) {
      SetObject kept;
      kept.category = object.category;
      kept.box = object.box;
      if (object.mask.polygons.size() == 1) kept.mask.polygons = object.mask.polygons;
      const Corners& box = kept.box;
      if (polygons && kept.mask.empty()) {
        kept.mask.polygons = {{box.x1, box.y1, box.x2, box.y1, box.x2, box.y2, box.x1, box.y2}};
      }
      object = std::move(kept);
    }
    image.id.reset();
  }
  std::stable_sort(set.images.begin(), set.images.end(),
                   [](const SetImage& a, const SetImage& b) { return a.part < b.part; });
}

inline void keep_voc(LabelledSet& set) {
  for (SetImage& image : set.images) {
    image.id.reset();
    for (SetObject& object : image.objects) object.mask = {};
  }
}

inline void keep_label_studio(LabelledSet& set) {
  drop_crowds(set);
  for (SetImage& image : set.images) {
    for (SetObject& object : image.objects) {
      SetObject kept;
      kept.category = object.category;
      kept.box = object.box;
      kept.mask.polygons = object.mask.polygons;
      object = std::move(kept);
    }
  }
}

// Classes are those of the objects, in their order.
inline void keep_csv(LabelledSet& set) {
  std::vector<detect::Category> categories;
  std::vector<size_t> position(set.categories.size(), set.categories.size());
  for (SetImage& image : set.images) {
    image.id.reset();
    for (SetObject& object : image.objects) {
      object.mask = {};
      object.attributes.clear();
      size_t& at = position[object.category];
      if (at == set.categories.size()) {
        at = categories.size();
        categories.push_back(set.categories[object.category]);
      }
      object.category = at;
    }
  }
  set.categories = std::move(categories);
}

inline LabelledSet kept_by(SetFormat format, LabelledSet set) {
  if (format == SetFormat::yolo) keep_yolo(set);
  if (format == SetFormat::voc) keep_voc(set);
  if (format == SetFormat::labelstudio) keep_label_studio(set);
  if (format == SetFormat::csv) keep_csv(set);
  if (format == SetFormat::coco) return set;
  set.has_category_ids = false;
  // Those of two parts may be the same, and files of one list need others then.
  std::set<int64_t> ids;
  const bool unique = std::all_of(set.images.begin(), set.images.end(),
                                  [&](const SetImage& image) { return image.id && ids.insert(*image.id).second; });
  for (SetImage& image : set.images) image.id = unique ? image.id : std::nullopt;
  return set;
}

inline void expect_near_points(const std::vector<double>& a, const std::vector<double>& b, const std::string& where) {
  ASSERT_EQ(a.size(), b.size()) << where;
  for (size_t i = 0; i < a.size(); ++i) EXPECT_EQ(a[i], b[i]) << where << " point " << i;
}

inline void expect_same_object(const SetObject& a, const SetObject& b, const std::string& where) {
  EXPECT_EQ(a.category, b.category) << where;
  expect_near_points({a.box.x1, a.box.y1, a.box.x2, a.box.y2}, {b.box.x1, b.box.y1, b.box.x2, b.box.y2}, where);
  ASSERT_EQ(a.mask.polygons.size(), b.mask.polygons.size()) << where;
  for (size_t i = 0; i < a.mask.polygons.size(); ++i) expect_near_points(a.mask.polygons[i], b.mask.polygons[i], where);
  EXPECT_EQ(a.mask.rle.counts, b.mask.rle.counts) << where;
  EXPECT_EQ(traits_of(a), traits_of(b)) << where;
}

// Images in any order: a format may list the parts one by one.
inline void expect_same_set(LabelledSet a, LabelledSet b, const std::string& where) {
  ASSERT_EQ(a.categories.size(), b.categories.size()) << where;
  for (size_t i = 0; i < a.categories.size(); ++i) {
    EXPECT_EQ(a.categories[i].name, b.categories[i].name) << where;
    const auto id_of = [&](const LabelledSet& set) {
      return set.has_category_ids ? set.categories[i].id : static_cast<int64_t>(i) + 1;
    };
    EXPECT_EQ(id_of(a), id_of(b)) << where;
  }
  ASSERT_EQ(a.images.size(), b.images.size()) << where;
  const auto by_name = [](const SetImage& x, const SetImage& y) { return x.name < y.name; };
  std::sort(a.images.begin(), a.images.end(), by_name);
  std::sort(b.images.begin(), b.images.end(), by_name);
  for (size_t i = 0; i < a.images.size(); ++i) {
    const SetImage &x = a.images[i], &y = b.images[i];
    const std::string here = where + " " + x.name;
    EXPECT_EQ(x.name, y.name) << here;
    EXPECT_EQ(x.height, y.height) << here;
    EXPECT_EQ(x.width, y.width) << here;
    EXPECT_EQ(x.part, y.part) << here;
    EXPECT_TRUE(!x.id || !y.id || *x.id == *y.id) << here;
    ASSERT_EQ(x.objects.size(), y.objects.size()) << here;
    for (size_t j = 0; j < x.objects.size(); ++j) {
      expect_same_object(x.objects[j], y.objects[j], fmt::format("{} object {}", here, j));
    }
  }
}

}  // namespace spinenet::data::fixture
