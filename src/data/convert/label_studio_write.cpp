// The writing half of set_label_studio.h.
#include <unordered_set>
#include <utility>

#include "base/format.h"
#include "base/json.h"
#include "data/convert/set_label_studio.h"
#include "data/convert/set_text.h"
#include "data/convert/traits.h"
#include "data/convert/xml.h"

namespace spinenet::data {
namespace {

std::string percent_encoded(std::string_view name) {
  constexpr std::string_view kPlain = "/-_.~()!,'";
  std::string encoded;
  for (const char c : name) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (letter || kPlain.find(c) != std::string_view::npos) {
      encoded += c;
    } else {
      encoded += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return encoded;
}

double in_percent(double pixels, int64_t side) {
  return pixels / static_cast<double>(side) * 100 + 0.0;
}

class TaskWriter {
 public:
  TaskWriter(const LabelledSet& set, Tally& left_out) : set_(set), left_out_(left_out) {}

  Json task(const SetImage& image, int64_t id) {
    results_ = Json::array();
    for (const SetObject& object : image.objects) add(object, image);
    Json task;
    task["id"] = id;
    task["data"]["image"] = "/data/local-files/?d=" + percent_encoded(image.name);
    task["data"]["width"] = image.width;
    task["data"]["height"] = image.height;
    if (image.part != SetPart::all) task["data"]["part"] = name_of(image.part);
    Json annotation;
    annotation["was_cancelled"] = false;
    annotation["result"] = std::move(results_);
    task["annotations"] = Json::array({std::move(annotation)});
    return task;
  }

 private:
  void add(const SetObject& object, const SetImage& image) {
    if (object.crowd) {
      ++left_out_["crowd regions, which Label Studio cannot say and readers would take for objects"];
      return;
    }
    count_traits(object, {}, "Label Studio", left_out_);
    const std::string& label = set_.categories.at(object.category).name;
    if (!object.mask.rle.counts.empty())
      ++left_out_["masks as run-length codes, which are not written for Label Studio"];
    if (object.mask.polygons.empty()) {
      Json value;
      value["x"] = in_percent(object.box.x1, image.width);
      value["y"] = in_percent(object.box.y1, image.height);
      value["width"] = in_percent(object.box.x2 - object.box.x1, image.width);
      value["height"] = in_percent(object.box.y2 - object.box.y1, image.height);
      value["rotation"] = 0;
      value["rectanglelabels"] = Json::array({label});
      push("rectanglelabels", std::move(value), image, "");
      return;
    }
    if (box_differs_from_mask(object)) {
      ++left_out_["boxes other than the extent of their polygons, which Label Studio cannot say"];
    }
    std::string first;
    for (const std::vector<double>& polygon : object.mask.polygons) {
      Json value;
      value["points"] = Json::array();
      for (size_t i = 0; i + 1 < polygon.size(); i += 2) {
        value["points"].push_back({in_percent(polygon[i], image.width), in_percent(polygon[i + 1], image.height)});
      }
      value["closed"] = true;
      value["polygonlabels"] = Json::array({label});
      std::string id = push("polygonlabels", std::move(value), image, first);
      if (first.empty()) first = std::move(id);
    }
  }

  std::string push(const char* type, Json value, const SetImage& image, const std::string& parent) {
    std::string id = fmt::format("r{}", ++regions_);
    Json result;
    result["id"] = id;
    if (!parent.empty()) result["parentID"] = parent;
    result["type"] = type;
    result["from_name"] = type == std::string_view("rectanglelabels") ? "box" : "polygon";
    result["to_name"] = "image";
    result["original_width"] = image.width;
    result["original_height"] = image.height;
    result["image_rotation"] = 0;
    result["value"] = std::move(value);
    results_.push_back(std::move(result));
    return id;
  }

  const LabelledSet& set_;
  Tally& left_out_;
  Json results_;
  int64_t regions_ = 0;
};

std::string config_text(const LabelledSet& set) {
  std::string labels;
  for (const detect::Category& category : set.categories) {
    labels += fmt::format("    <Label value=\"{}\"/>\n", xml_text(category.name));
  }
  return fmt::format(
      "<View>\n  <Image name=\"image\" value=\"$image\"/>\n  <RectangleLabels name=\"box\" toName=\"image\">\n{0}"
      "  </RectangleLabels>\n  <PolygonLabels name=\"polygon\" toName=\"image\">\n{0}  </PolygonLabels>\n</View>\n",
      labels);
}

}  // namespace

std::vector<SetFile> write_label_studio_set(const LabelledSet& set, Tally& left_out) {
  TaskWriter writer(set, left_out);
  std::unordered_set<int64_t> ids;
  bool own_ids = true;
  for (const SetImage& image : set.images) own_ids = own_ids && image.id && ids.insert(*image.id).second;
  Json tasks = Json::array();
  for (const SetImage& image : set.images) {
    tasks.push_back(writer.task(image, own_ids ? *image.id : static_cast<int64_t>(tasks.size()) + 1));
  }
  return {{"tasks.json", to_text(tasks)}, {"label_config.xml", config_text(set)}};
}

}  // namespace spinenet::data
