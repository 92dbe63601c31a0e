#include "formats/onnx/export/crops.h"

#include "base/format.h"
#include "detect/roi_align.h"

namespace spinenet::formats {
namespace {

// The rows of one level among all ROIs.
struct OnnxOwnRois {
  std::string rois, rows;
};

// [R]: 0 for the finest level; roi_align.h's roi_level.
std::string add_levels(OnnxGraph& graph, const std::string& prefix, const OnnxCropOptions& options,
                       const std::string& rois) {
  const std::string sides =
      graph.node("Sub", prefix + ".sides",
                 {graph.gather(prefix + ".far", rois, {2, 3}, 1), graph.gather(prefix + ".near", rois, {0, 1}, 1)});
  const std::string area =
      graph.node("Mul", prefix + ".area",
                 {graph.gather(prefix + ".width", sides, {0}, 1), graph.gather(prefix + ".height", sides, {1}, 1)});
  const std::string areas = graph.reshape(prefix + ".areas", area, {-1});
  const std::string never = graph.node("Greater", prefix + ".never", {areas, areas});
  std::string level = graph.node("Cast", prefix + ".level", {never}, {{"to", int64_t{7}}});
  for (int finer = options.min_level; finer < options.max_level; ++finer) {
    const std::string step = fmt::format("{}.beyond{}", prefix, finer);
    const auto side = static_cast<float>(detect::least_roi_side(finer + 1));
    const std::string beyond = graph.node("GreaterOrEqual", step, {areas, graph.number(step + ".area", side * side)});
    const std::string whole = graph.node("Cast", step + ".whole", {beyond}, {{"to", int64_t{7}}});
    level = graph.node("Add", step + ".level", {level, whole});
  }
  return level;
}

std::string crop_level(OnnxGraph& graph, const std::string& prefix, int level, const OnnxCropOptions& options,
                       const OnnxOwnRois& from) {
  const int stride = detect::level_stride(level, options.coarsest_stride);
  const auto align = detect::roi_align_options(options.bins, options.coarsest_stride, options.single_point);
  std::string own = graph.node("Gather", prefix + ".rois", {from.rois, from.rows}, {{"axis", int64_t{0}}});
  if (!align.half_cell) {
    own = graph.node("Add", prefix + ".moved",
                     {own, graph.number(prefix + ".half_cell", 0.5F * static_cast<float>(stride))});
  }
  const std::string images = graph.node("Sub", prefix + ".images", {from.rows, from.rows});
  return graph.node("RoiAlign", prefix + ".crops", {fmt::format("p{}", level), own, images},
                    {{"mode", std::string("avg")},
                     {"output_height", int64_t{options.bins}},
                     {"output_width", int64_t{options.bins}},
                     {"sampling_ratio", int64_t{align.samples}},
                     {"spatial_scale", 1.0F / static_cast<float>(stride)},
                     {"coordinate_transformation_mode", std::string("half_pixel")}});
}

}  // namespace

OnnxCrops add_crops(OnnxGraph& graph, const std::string& prefix, const OnnxCropOptions& options,
                    const std::string& rois) {
  const std::string levels = add_levels(graph, prefix, options, rois);
  std::vector<std::string> crops, rows;
  for (int level = options.min_level; level <= options.max_level; ++level) {
    const std::string own = fmt::format("{}.p{}", prefix, level);
    const std::string is_own =
        graph.node("Equal", own + ".is_own", {levels, graph.numbers(own + ".number", {level - options.min_level})});
    rows.push_back(graph.reshape(own + ".rows", graph.node("NonZero", own + ".own", {is_own}), {-1}));
    crops.push_back(crop_level(graph, own, level, options, {rois, rows.back()}));
  }
  const std::string order = graph.concat(prefix + ".order", rows, 0);
  // Which place holds 0, which 1, ..: the order of the order.
  const std::string as_float = graph.node("Cast", prefix + ".order_float", {order}, {{"to", int64_t{1}}});
  const std::string falling = graph.node("Mul", prefix + ".falling", {as_float, graph.number(prefix + ".minus", -1)});
  const std::string places = graph
                                 .top_k(prefix + ".places", graph.reshape(prefix + ".falling_row", falling, {1, -1}),
                                        graph.node("Shape", prefix + ".count", {order}))
                                 .second;
  return {graph.concat(prefix + ".crops", crops, 0), graph.reshape(prefix + ".place", places, {-1})};
}

}  // namespace spinenet::formats
