// The writing half of set_cvat.h.
#include <set>
#include <unordered_set>
#include <utility>

#include "base/format.h"
#include "data/convert/cvat_mask.h"
#include "data/convert/set_cvat.h"
#include "data/convert/set_text.h"
#include "data/convert/traits.h"
#include "data/convert/xml.h"

namespace spinenet::data {
namespace {

constexpr TraitsWanted kBesideOccluded{
    .crowd = true, .difficult = true, .truncated = true, .occluded = false, .pose = true};

// CVAT takes only attributes that a label declares.
std::string labels_text(const LabelledSet& set) {
  std::vector<std::set<std::string>> declared(set.categories.size());
  for (const SetImage& image : set.images) {
    for (const SetObject& object : image.objects) {
      for (const auto& [name, value] : traits_of(object, kBesideOccluded)) declared.at(object.category).insert(name);
    }
  }
  std::string text;
  for (size_t i = 0; i < set.categories.size(); ++i) {
    text += fmt::format("        <label>\n          <name>{}</name>\n          <attributes>\n",
                        xml_text(trimmed(set.categories[i].name)));
    for (const std::string& name : declared[i]) {
      text += fmt::format(
          "            <attribute>\n              <name>{}</name>\n              <mutable>False</mutable>\n"
          "              <input_type>text</input_type>\n              <default_value></default_value>\n"
          "              <values></values>\n            </attribute>\n",
          xml_text(name));
    }
    text += "          </attributes>\n        </label>\n";
  }
  return text;
}

std::string points_text(const std::vector<double>& points) {
  std::string text;
  for (size_t i = 0; i < points.size(); ++i) {
    if (i > 0) text += i % 2 == 0 ? ";" : ",";
    text += number_text(points[i]);
  }
  return text;
}

std::string shape_text(const std::string& shape, const SetObject& object, const std::string& label, int group,
                       const std::string& where) {
  std::string text = fmt::format("    <{} label=\"{}\" source=\"manual\" occluded=\"{}\" {} z_order=\"0\"", shape,
                                 xml_text(label), object.occluded ? 1 : 0, where);
  if (group > 0) text += fmt::format(" group_id=\"{}\"", group);
  text += ">\n";
  for (const auto& [name, value] : traits_of(object, kBesideOccluded)) {
    text += fmt::format("      <attribute name=\"{}\">{}</attribute>\n", xml_text(name), xml_text(value));
  }
  return text + fmt::format("    </{}>\n", shape);
}

std::string object_shapes(const SetObject& object, const std::string& label, int& groups, Tally& left_out) {
  if (box_differs_from_mask(object)) ++left_out["boxes other than the extent of their mask, which CVAT cannot say"];
  if (!object.mask.polygons.empty()) {
    const int group = object.mask.polygons.size() > 1 ? ++groups : 0;
    std::string text;
    for (const std::vector<double>& polygon : object.mask.polygons) {
      text += shape_text("polygon", object, label, group, fmt::format("points=\"{}\"", points_text(polygon)));
    }
    return text;
  }
  if (!object.mask.empty() && detect::area(object.mask.rle) > 0) {
    const CvatMask mask = cvat_mask(object.mask.rle);
    return shape_text("mask", object, label, 0,
                      fmt::format("rle=\"{}\" left=\"{}\" top=\"{}\" width=\"{}\" height=\"{}\"", mask.runs,
                                  mask.rect.x, mask.rect.y, mask.rect.width, mask.rect.height));
  }
  if (!object.mask.empty()) ++left_out["masks without a pixel, of which CVAT has none"];
  const Corners& box = object.box;
  return shape_text("box", object, label, 0,
                    fmt::format("xtl=\"{}\" ytl=\"{}\" xbr=\"{}\" ybr=\"{}\"", number_text(box.x1), number_text(box.y1),
                                number_text(box.x2), number_text(box.y2)));
}

bool has_own_ids(const LabelledSet& set) {
  std::unordered_set<int64_t> seen;
  for (const SetImage& image : set.images) {
    if (!image.id || !seen.insert(*image.id).second) return false;
  }
  return true;
}

}  // namespace

std::vector<SetFile> write_cvat_set(const LabelledSet& set, Tally& left_out) {
  std::string text = fmt::format(
      "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<annotations>\n  <version>1.1</version>\n  <meta>\n    <task>\n"
      "      <size>{}</size>\n      <labels>\n{}      </labels>\n    </task>\n  </meta>\n",
      set.images.size(), labels_text(set));
  const bool own_ids = has_own_ids(set);
  int64_t next = 0;
  int groups = 0;
  for (const SetImage& image : set.images) {
    text += fmt::format("  <image id=\"{}\" name=\"{}\" width=\"{}\" height=\"{}\"", own_ids ? *image.id : next,
                        xml_text(image.name), image.width, image.height);
    if (image.part != SetPart::all) text += fmt::format(" subset=\"{}\"", name_of(image.part));
    text += ">\n";
    for (const SetObject& object : image.objects) {
      text += object_shapes(object, std::string(trimmed(set.categories.at(object.category).name)), groups, left_out);
    }
    text += "  </image>\n";
    ++next;
  }
  return {{"annotations.xml", text + "</annotations>\n"}};
}

}  // namespace spinenet::data
