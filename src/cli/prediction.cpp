#include "cli/prediction.h"

#include "base/format.h"
#include "cli/output.h"
#include "cli/run_detector.h"
#include "image/draw.h"

namespace spinenet {

Image draw(Image image, const Prediction& prediction, std::span<const ModelClass> classes) {
  // The surest on top.
  for (size_t i = prediction.detections.size(); i > 0; --i) {
    const Detection& d = prediction.detections[i - 1];
    draw_box(image, {d.box.x1, d.box.y1, d.box.x2, d.box.y2, class_color(d.label), 0});
  }
  for (size_t i = prediction.detections.size(); i > 0; --i) {
    const Detection& d = prediction.detections[i - 1];
    draw_label(image, static_cast<int>(d.box.x1), static_cast<int>(d.box.y1),
               fmt::format("{} {:.2f}", classes[static_cast<size_t>(d.label)].name, d.score), class_color(d.label));
  }
  return image;
}

Json to_json(std::span<const Prediction> predictions, std::span<const ModelClass> classes) {
  Json json = Json::array();
  for (const Prediction& p : predictions) {
    for (const Detection& d : p.detections) {
      const Result result = to_result(d, p.image_id, classes);
      json.push_back(Json{{"image_id", result.image_id},
                          {"category_id", result.category_id},
                          {"bbox", result.bbox},
                          {"score", result.score},
                          {"category", classes[static_cast<size_t>(d.label)].name},
                          {"file_name", p.file_name}});
    }
  }
  return json;
}

std::string to_table(std::span<const Prediction> predictions, std::span<const ModelClass> classes) {
  std::string text;
  for (const Prediction& p : predictions) {
    if (!text.empty()) text += "\n";
    text += fmt::format("{} ({}x{}): {} object{}\n", p.file_name, p.width, p.height, p.detections.size(),
                        p.detections.size() == 1 ? "" : "s");
    if (p.detections.empty()) continue;
    std::vector<std::vector<std::string>> rows{{"class", "score", "x1", "y1", "x2", "y2"}};
    for (const Detection& d : p.detections) {
      rows.push_back({classes[static_cast<size_t>(d.label)].name, fmt::format("{:.2f}", d.score),
                      fmt::format("{:.1f}", d.box.x1), fmt::format("{:.1f}", d.box.y1), fmt::format("{:.1f}", d.box.x2),
                      fmt::format("{:.1f}", d.box.y2)});
    }
    text += table_text(rows);
  }
  return text;
}

}  // namespace spinenet
