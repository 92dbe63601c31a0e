// The writing half of set_csv.h.
#include <algorithm>
#include <set>

#include "base/format.h"
#include "base/printable.h"
#include "data/convert/csv_rows.h"
#include "data/convert/set_csv.h"
#include "data/convert/set_text.h"
#include "data/convert/traits.h"

namespace spinenet::data {
namespace {

// The columns that some object needs.
struct MoreColumns {
  bool part = false, crowd = false, difficult = false, truncated = false, occluded = false, pose = false;
};

MoreColumns columns_for(const LabelledSet& set) {
  MoreColumns columns;
  for (const SetImage& image : set.images) {
    columns.part = columns.part || image.part != SetPart::all;
    for (const SetObject& object : image.objects) {
      columns.crowd = columns.crowd || object.crowd;
      columns.difficult = columns.difficult || object.difficult;
      columns.truncated = columns.truncated || object.truncated;
      columns.occluded = columns.occluded || object.occluded;
      columns.pose = columns.pose || !object.pose.empty();
    }
  }
  return columns;
}

std::string header_text(const MoreColumns& columns) {
  std::string text = "file,width,height,x1,y1,x2,y2,class";
  if (columns.part) text += ",part";
  if (columns.crowd) text += ",crowd";
  if (columns.difficult) text += ",difficult";
  if (columns.truncated) text += ",truncated";
  if (columns.occluded) text += ",occluded";
  if (columns.pose) text += ",pose";
  return text + "\n";
}

// Of an image without objects where there is no object.
std::string row_text(const SetImage& image, const SetObject* object, const LabelledSet& set,
                     const MoreColumns& columns) {
  std::string text = fmt::format("{},{},{},", csv_field(image.name), image.width, image.height);
  if (object == nullptr) {
    text += ",,,,";
  } else {
    const Corners& box = object->box;
    text += fmt::format("{},{},{},{},{}", number_text(box.x1), number_text(box.y1), number_text(box.x2),
                        number_text(box.y2), csv_field(set.categories.at(object->category).name));
  }
  const auto flag = [&](bool wanted, bool SetObject::*member) {
    if (wanted) text += object == nullptr ? "," : object->*member ? ",1" : ",0";
  };
  if (columns.part) text += fmt::format(",{}", image.part == SetPart::all ? "" : name_of(image.part));
  flag(columns.crowd, &SetObject::crowd);
  flag(columns.difficult, &SetObject::difficult);
  flag(columns.truncated, &SetObject::truncated);
  flag(columns.occluded, &SetObject::occluded);
  if (columns.pose) text += fmt::format(",{}", object == nullptr ? std::string() : csv_field(object->pose));
  return text + "\n";
}

// Readers number classes in the order in which rows name them.
void count_class_list(const LabelledSet& set, Tally& left_out) {
  std::vector<size_t> order;
  std::set<size_t> seen;
  for (const SetImage& image : set.images) {
    for (const SetObject& object : image.objects) {
      if (seen.insert(object.category).second) order.push_back(object.category);
    }
  }
  if (order.size() < set.categories.size()) {
    left_out["classes without an object, which CSV cannot say (see --classes)"] +=
        static_cast<int64_t>(set.categories.size() - order.size());
  }
  const auto out_of_order = std::is_sorted_until(order.begin(), order.end());
  if (out_of_order == order.end()) return;
  ++left_out[fmt::format(
      "the order of the classes, which CSV cannot say (see --classes; the first out of it is \"{}\")",
      printable(set.categories.at(*out_of_order).name))];
}

}  // namespace

std::vector<SetFile> write_csv_set(const LabelledSet& set, Tally& left_out) {
  constexpr TraitsWanted kNone{
      .crowd = false, .difficult = false, .truncated = false, .occluded = false, .pose = false};
  const MoreColumns columns = columns_for(set);
  std::string text = header_text(columns);
  for (const SetImage& image : set.images) {
    if (image.objects.empty()) text += row_text(image, nullptr, set, columns);
    for (const SetObject& object : image.objects) {
      if (!object.mask.empty()) ++left_out["masks, which CSV cannot say"];
      count_traits(object, kNone, "CSV", left_out);
      text += row_text(image, &object, set, columns);
    }
  }
  count_class_list(set, left_out);
  return {{"annotations.csv", std::move(text)}};
}

}  // namespace spinenet::data
