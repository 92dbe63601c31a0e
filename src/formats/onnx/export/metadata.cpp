#include "formats/onnx/export/metadata.h"

namespace spinenet::formats {
namespace {

Json anchors_json(const detect::AnchorOptions& anchors) {
  return {{"min_level", anchors.min_level},
          {"max_level", anchors.max_level},
          {"coarsest_stride", detect::largest_stride(anchors)},
          {"scales", anchors.scales},
          {"aspect_ratios", anchors.aspect_ratios},
          {"size", anchors.size},
          {"whole_pixels", anchors.whole_pixels}};
}

Json yolo_json(const std::vector<detect::YoloLevel>& levels) {
  Json json = Json::array();
  for (const detect::YoloLevel& level : levels) {
    json.push_back({{"stride", level.stride}, {"scale_xy", level.scale_xy}, {"anchors", level.anchors}});
  }
  return json;
}

Json proposals_json(const detect::ProposalOptions& proposals) {
  return {{"pre_nms", proposals.pre_nms},
          {"post_nms", proposals.post_nms},
          {"iou", proposals.iou},
          {"min_size", proposals.min_size}};
}

}  // namespace

std::map<std::string, std::string> metadata_of(const ModelFile& model, const OnnxOptions& options) {
  Json classes = Json::array();
  for (const ModelClass& item : model.classes) classes.push_back({{"id", item.id}, {"name", item.name}});
  std::map<std::string, std::string> metadata{
      {"form", std::string(name_of(options.form))},
      {"task", model.task},
      {"classes", classes.dump()},
      {"image_size", Json{options.image_height > 0 ? options.image_height : model.image_size,
                          options.image_width > 0 ? options.image_width : model.image_size}
                         .dump()},
      {"size_multiple", std::to_string(detect::largest_stride(options.anchors))},
      {"mean", Json(model.mean).dump()},
      {"std", Json(model.std).dump()},
      {"architecture", model.architecture.dump()},
  };
  if (!options.yolo.empty()) {
    metadata["yolo_levels"] = yolo_json(options.yolo).dump();
  } else if (model.task != name_of(arch::Task::classify)) {
    metadata["anchors"] = anchors_json(options.anchors).dump();
  }
  for (const char* const key : {"center_crop", "image_fit"}) {
    if (const auto entry = model.extra.find(key); entry != model.extra.end()) metadata[key] = entry->second;
  }
  if (model.task == name_of(arch::Task::segment)) metadata["proposals"] = proposals_json(options.proposals).dump();
  if (options.form == OnnxForm::detections) {
    metadata["postprocess"] = Json{{"score_threshold", options.post.score_threshold},
                                   {"pre_nms", options.post.pre_nms},
                                   {"iou", options.post.iou},
                                   {"max_detections", options.post.max_detections}}
                                  .dump();
  }
  return metadata;
}

}  // namespace spinenet::formats
