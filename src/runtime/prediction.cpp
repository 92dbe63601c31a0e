#include "runtime/prediction.h"

#include <utility>

#include "base/format.h"
#include "base/printable.h"
#include "base/text_table.h"
#include "graph/program.h"

namespace spinenet::runtime {
namespace {

const formats::ModelClass& class_of(int label, std::span<const formats::ModelClass> classes) {
  return classes[static_cast<size_t>(label)];
}

image::DrawnObject labelled(int label, float score, std::span<const formats::ModelClass> classes,
                            LabelContent content) {
  image::DrawnObject object;
  object.label = label;
  if (content != LabelContent::none) object.name = class_of(label, classes).name;
  if (content == LabelContent::scores) object.detail = fmt::format("{:.2f}", score);
  return object;
}

void add_detections(Json& json, const ImagePrediction& p, const std::vector<detect::Detection>& detections,
                    std::span<const formats::ModelClass> classes) {
  for (const detect::Detection& d : detections) {
    const detect::Result result = detect::to_result(d, p.image_id, classes[static_cast<size_t>(d.label)].id);
    json.push_back(Json{{"image_id", result.image_id},
                        {"category_id", result.category_id},
                        {"bbox", result.bbox},
                        {"score", result.score},
                        {"category", class_of(d.label, classes).name},
                        {"file_name", p.file_name}});
    if (d.mask.counts.empty()) continue;
    json.back()["segmentation"] =
        Json{{"size", {d.mask.height, d.mask.width}}, {"counts", detect::rle_to_text(d.mask)}};
  }
}

Json class_json(const ClassScore& one, std::span<const formats::ModelClass> classes) {
  const formats::ModelClass& found = class_of(one.label, classes);
  return {{"category_id", found.id}, {"category", found.name}, {"score", one.score}};
}

void add_scores(Json& json, const ImagePrediction& p, const std::vector<ClassScore>& scores,
                std::span<const formats::ModelClass> classes) {
  Json entry{{"image_id", p.image_id}, {"file_name", p.file_name}};
  entry.update(class_json(scores.front(), classes));
  entry["classes"] = Json::array();
  for (const ClassScore& one : scores) entry["classes"].push_back(class_json(one, classes));
  entry["guesses"] = entry["classes"];
  json.push_back(std::move(entry));
}

std::string detections_text(const ImagePrediction& p, const std::vector<detect::Detection>& detections,
                            std::span<const formats::ModelClass> classes) {
  std::string text = fmt::format("{} ({}x{}): {} object{}\n", printable(p.file_name), p.width, p.height,
                                 detections.size(), detections.size() == 1 ? "" : "s");
  if (detections.empty()) return text;
  std::vector<std::vector<std::string>> rows{{"class", "score", "x1", "y1", "x2", "y2"}};
  for (const detect::Detection& d : detections) {
    rows.push_back({class_of(d.label, classes).name, fmt::format("{:.2f}", d.score), fmt::format("{:.1f}", d.box.x1),
                    fmt::format("{:.1f}", d.box.y1), fmt::format("{:.1f}", d.box.x2), fmt::format("{:.1f}", d.box.y2)});
  }
  return text + table_text(rows);
}

std::string scores_text(const ImagePrediction& p, const std::vector<ClassScore>& scores,
                        std::span<const formats::ModelClass> classes) {
  std::string text = fmt::format("{} ({}x{}): {}\n", printable(p.file_name), p.width, p.height,
                                 printable(class_of(scores.front().label, classes).name));
  std::vector<std::vector<std::string>> rows{{"class", "score"}};
  for (const ClassScore& one : scores) {
    rows.push_back({class_of(one.label, classes).name, fmt::format("{:.3f}", one.score)});
  }
  return text + table_text(rows);
}

}  // namespace

image::MaskWindow mask_window(const detect::Rle& mask) {
  if (mask.counts.empty()) return {};
  const detect::PixelRect around = detect::pixel_extent(mask);
  return {{static_cast<int>(around.x), static_cast<int>(around.y), static_cast<int>(around.width),
           static_cast<int>(around.height)},
          detect::decode_window(mask, around)};
}

image::DrawnObject drawn_object(const detect::Detection& detection, std::span<const formats::ModelClass> classes,
                                LabelContent labels) {
  image::DrawnObject object = labelled(detection.label, detection.score, classes, labels);
  const detect::Box& box = detection.box;
  object.box = image::DrawnBox{box.x1, box.y1, box.x2, box.y2};
  object.mask = mask_window(detection.mask);
  return object;
}

image::DrawnObject drawn_object(const ClassScore& best, std::span<const formats::ModelClass> classes,
                                LabelContent labels) {
  return labelled(best.label, best.score, classes, labels);
}

std::vector<image::DrawnObject> drawn_objects(const Prediction& found, std::span<const formats::ModelClass> classes,
                                              LabelContent labels) {
  std::vector<image::DrawnObject> objects;
  std::visit(graph::Overloaded{[&](const std::vector<detect::Detection>& detections) {
                                 for (const detect::Detection& d : detections)
                                   objects.push_back(drawn_object(d, classes, labels));
                               },
                               [&](const std::vector<ClassScore>& scores) {
                                 objects.push_back(drawn_object(scores.front(), classes, labels));
                               }},
             found);
  return objects;
}

image::Drawing draw(image::Image image, const Prediction& found, std::span<const formats::ModelClass> classes,
                    const DrawOptions& options) {
  return image::draw_objects(std::move(image), drawn_objects(found, classes, options.labels), options.drawing);
}

Json to_json(std::span<const ImagePrediction> predictions, std::span<const formats::ModelClass> classes) {
  Json json = Json::array();
  for (const ImagePrediction& p : predictions) {
    std::visit(graph::Overloaded{[&](const std::vector<detect::Detection>& detections) {
                                   add_detections(json, p, detections, classes);
                                 },
                                 [&](const std::vector<ClassScore>& scores) { add_scores(json, p, scores, classes); }},
               p.found);
  }
  return json;
}

std::string to_table(std::span<const ImagePrediction> predictions, std::span<const formats::ModelClass> classes) {
  std::string text;
  for (const ImagePrediction& p : predictions) {
    if (!text.empty()) text += "\n";
    text += std::visit(
        graph::Overloaded{
            [&](const std::vector<detect::Detection>& detections) { return detections_text(p, detections, classes); },
            [&](const std::vector<ClassScore>& scores) { return scores_text(p, scores, classes); }},
        p.found);
  }
  return text;
}

}  // namespace spinenet::runtime
