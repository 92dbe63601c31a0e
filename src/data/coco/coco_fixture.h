// Small COCO texts for tests: a sound file of one image, one annotation and one category, in parts to be replaced.
#pragma once

#include <string>
#include <string_view>

#include "base/format.h"
#include "base/output_fixture.h"

namespace spinenet::data::fixture {

using spinenet::fixture::output;
using spinenet::fixture::put_file;

inline constexpr std::string_view kImage = R"({"id":1,"file_name":"a.png","height":100,"width":200})";
inline constexpr std::string_view kCategory = R"({"id":1,"name":"cat"})";

inline std::string coco(std::string_view annotations, std::string_view images = kImage,
                        std::string_view categories = kCategory) {
  return fmt::format(R"({{"images":[{}],"annotations":[{}],"categories":[{}]}})", images, annotations, categories);
}

// An annotation of image 1 and category 1; `rest` begins with a comma or is empty.
inline std::string box(int id, std::string_view bbox, std::string_view area, std::string_view rest = "") {
  return fmt::format(R"({{"id":{},"image_id":1,"category_id":1,"bbox":{},"area":{},"iscrowd":0{}}})", id, bbox, area,
                     rest);
}

inline std::string sound_box(int id = 1) {
  return box(id, "[10,20,30,40]", "1200");
}

}  // namespace spinenet::data::fixture
