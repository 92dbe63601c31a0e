// The writing half of set_voc.h.
#include <map>
#include <utility>

#include "base/error.h"
#include "base/format.h"
#include "base/printable.h"
#include "data/convert/set_text.h"
#include "data/convert/set_voc.h"
#include "data/convert/traits.h"
#include "data/convert/xml.h"

namespace spinenet::data {
namespace {

constexpr TraitsWanted kAsAttributes{
    .crowd = true, .difficult = false, .truncated = false, .occluded = false, .pose = false};

std::string object_text(const SetObject& object, std::string_view category, double first) {
  std::string text = fmt::format(
      "  <object>\n    <name>{}</name>\n    <pose>{}</pose>\n    <truncated>{}</truncated>\n"
      "    <difficult>{}</difficult>\n    <occluded>{}</occluded>\n",
      xml_text(category), object.pose.empty() ? "Unspecified" : xml_text(object.pose), object.truncated ? 1 : 0,
      object.difficult ? 1 : 0, object.occluded ? 1 : 0);
  text += fmt::format(
      "    <bndbox>\n      <xmin>{}</xmin>\n      <ymin>{}</ymin>\n      <xmax>{}</xmax>\n      <ymax>{}</ymax>\n"
      "    </bndbox>\n",
      number_text(tidy(object.box.x1 + first)), number_text(tidy(object.box.y1 + first)), number_text(object.box.x2),
      number_text(object.box.y2));
  const std::map<std::string, std::string> attributes = traits_of(object, kAsAttributes);
  if (!attributes.empty()) text += "    <attributes>\n";
  for (const auto& [name, value] : attributes) {
    text += fmt::format("      <attribute>\n        <name>{}</name>\n        <value>{}</value>\n      </attribute>\n",
                        xml_text(name), xml_text(value));
  }
  if (!attributes.empty()) text += "    </attributes>\n";
  return text + "  </object>\n";
}

std::string annotation_text(const SetImage& image, const LabelledSet& set, double first) {
  std::string text = fmt::format(
      "<annotation>\n  <folder>JPEGImages</folder>\n  <filename>{}</filename>\n  <size>\n    <width>{}</width>\n"
      "    <height>{}</height>\n    <depth>3</depth>\n  </size>\n  <segmented>0</segmented>\n",
      xml_text(image.name), image.width, image.height);
  for (const SetObject& object : image.objects) {
    text += object_text(object, trimmed(set.categories.at(object.category).name), first);
  }
  return text + "</annotation>\n";
}

std::string label_map_text(const LabelledSet& set) {
  std::string text = "# label:color_rgb:parts:actions\nbackground:0,0,0::\n";
  for (const detect::Category& category : set.categories) {
    if (category.name.find_first_of("\r\n") != std::string::npos || trimmed(category.name).starts_with('#')) {
      fail(ErrorKind::unsupported,
           fmt::format("labelmap.txt of Pascal VOC cannot say the class \"{}\"", printable(category.name)), "",
           "rename the class, without line breaks and # at its beginning");
    }
    text += fmt::format("{}:::\n", trimmed(category.name));
  }
  return text;
}

}  // namespace

std::vector<SetFile> write_voc_set(const LabelledSet& set, bool zero_based, Tally& left_out) {
  std::vector<SetFile> files{{"labelmap.txt", label_map_text(set)}};
  std::map<SetPart, std::string> lists;
  for (const SetImage& image : set.images) {
    const std::string stem = without_suffix(image.name);
    if (stem.find_first_of("\r\n") != std::string::npos) {
      fail(ErrorKind::unsupported,
           fmt::format("a list of Pascal VOC cannot say the name \"{}\"", printable(image.name)), "",
           "rename the image, without line breaks");
    }
    if (stem.substr(stem.rfind('/') + 1).starts_with("._")) {
      fail(ErrorKind::unsupported,
           fmt::format("the XML file of the image \"{}\" would be taken for one of macOS", printable(image.name)), "",
           "rename the image, without ._ at its beginning");
    }
    for (const SetObject& object : image.objects) {
      if (!object.mask.empty()) ++left_out["masks, which boxes of Pascal VOC cannot say"];
    }
    files.push_back({fmt::format("Annotations/{}.xml", stem), annotation_text(image, set, zero_based ? 0 : 1)});
    if (image.part != SetPart::all) lists[image.part] += stem + "\n";
  }
  for (auto& [part, list] : lists)
    files.push_back({fmt::format("ImageSets/Main/{}.txt", name_of(part)), std::move(list)});
  return files;
}

}  // namespace spinenet::data
