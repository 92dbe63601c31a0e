#include "runtime/prediction.h"

#include "base/format.h"
#include "base/printable.h"
#include "base/text_table.h"
#include "graph/program.h"
#include "image/draw.h"

namespace spinenet::runtime {
namespace {

const formats::ModelClass& class_of(int label, std::span<const formats::ModelClass> classes) {
  return classes[static_cast<size_t>(label)];
}

void draw_detections(image::Image& image, const std::vector<detect::Detection>& detections,
                     std::span<const formats::ModelClass> classes) {
  // The surest on top.
  for (size_t i = detections.size(); i > 0; --i) {
    const detect::Detection& d = detections[i - 1];
    if (!d.mask.counts.empty()) image::draw_mask(image, detect::decode_mask(d.mask), image::class_color(d.label));
  }
  for (size_t i = detections.size(); i > 0; --i) {
    const detect::Detection& d = detections[i - 1];
    image::draw_box(image, {d.box.x1, d.box.y1, d.box.x2, d.box.y2, image::class_color(d.label), 0});
  }
  for (size_t i = detections.size(); i > 0; --i) {
    const detect::Detection& d = detections[i - 1];
    image::draw_label(image, static_cast<int>(d.box.x1), static_cast<int>(d.box.y1),
                      fmt::format("{} {:.2f}", class_of(d.label, classes).name, d.score), image::class_color(d.label));
  }
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

image::Image draw(image::Image image, const Prediction& found, std::span<const formats::ModelClass> classes) {
  std::visit(graph::Overloaded{
                 [&](const std::vector<detect::Detection>& detections) { draw_detections(image, detections, classes); },
                 [&](const std::vector<ClassScore>& scores) {
                   const ClassScore& best = scores.front();
                   image::draw_label(image, 0, 0,
                                     fmt::format("{} {:.2f}", class_of(best.label, classes).name, best.score),
                                     image::class_color(best.label));
                 }},
             found);
  return image;
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
