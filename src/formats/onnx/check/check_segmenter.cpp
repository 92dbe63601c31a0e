#include "formats/onnx/check/check_segmenter.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "base/format.h"
#include "base/random.h"
#include "detect/box_head.h"
#include "detect/roi_align.h"
#include "formats/onnx/check/check_error.h"
#include "formats/onnx/check/check_regions.h"
#include "formats/onnx/interpreter/run.h"
#include "graph/lower_two_stage.h"

namespace spinenet::formats {
namespace {

HostTensor noise(std::vector<int64_t> shape, uint64_t seed) {
  HostTensor tensor = make_tensor(std::move(shape));
  Random random(seed);
  for (float& x : tensor.data) x = static_cast<float>(random.normal());
  return tensor;
}

OnnxTensor to_onnx(const HostTensor& tensor) {
  return {OnnxType::f32, tensor.shape, tensor.data, {}};
}

OnnxTensor to_onnx(std::vector<int64_t> values) {
  const auto count = static_cast<int64_t>(values.size());
  return {OnnxType::i64, {count}, {}, std::move(values)};
}

OnnxTensor to_onnx(const detect::Extent& image) {
  return {OnnxType::f32, {1, 2}, {static_cast<float>(image.height), static_cast<float>(image.width)}, {}};
}

// Neither as they are nor a symmetry of that.
std::vector<int64_t> turned(size_t count) {
  std::vector<int64_t> places(count);
  std::iota(places.begin(), places.end(), 0);
  std::rotate(places.begin(), places.begin() + static_cast<std::ptrdiff_t>(count / 3), places.end());
  return places;
}

// Less than the whole input.
detect::Extent part_of(int height, int width) {
  return {height * 7 / 8, width * 3 / 4};
}

class SegmenterCheck {
 public:
  SegmenterCheck(const OnnxFile& file, const OnnxCheckOptions& options) : file_(file), options_(options) {}

  std::vector<OnnxCheckRow> run() {
    const int unit = detect::largest_stride(options_.anchors);
    std::vector<OnnxCheckRow> rows;
    for (const detect::Extent& size : {detect::Extent{unit, unit}, {unit, 2 * unit}, {2 * unit, unit}}) {
      rows.push_back({at("network", size), network_error(size)});
    }
    for (size_t s = 0; s < stages(); ++s) {
      rows.push_back({graph::stage_name("box head", s),
                      head_error(graph::kBoxCrop, graph::stage_name("box_crops", s) + ".crops",
                                 {graph::stage_name("class", s), graph::stage_name("box", s)}, options_.box_heads[s])});
    }
    rows.push_back({"mask head", head_error(graph::kMaskCrop, "mask_crops.crops", {"mask"}, options_.mask_head)});
    const std::vector<detect::Extent> sizes =
        options_.height > 0 ? std::vector<detect::Extent>{{options_.height, options_.width}}
                            : std::vector<detect::Extent>{{unit, unit}, {unit, 2 * unit}, {3 * unit, 2 * unit}};
    for (const detect::Extent& size : sizes) {
      rows.push_back({at("proposals", size), proposals_error(size)});
      double crops = crops_error(size, graph::kMaskCrop, "mask_crops", "masks.rois");
      for (size_t s = 0; s < stages(); ++s) {
        crops = std::max(
            crops, crops_error(size, graph::kBoxCrop, graph::stage_name("box_crops", s), graph::stage_name("rois", s)));
      }
      rows.push_back({at("crops", size), crops});
      for (size_t s = 1; s < stages(); ++s)
        rows.push_back({at(graph::stage_name("rois", s), size), refined_error(size, s)});
      rows.push_back({at("detections", size), detections_error(size)});
    }
    rows.push_back({"masks", masks_error()});
    return rows;
  }

 private:
  static std::string at(std::string_view part, const detect::Extent& size) {
    return fmt::format("{} {}x{}", part, size.height, size.width);
  }

  OnnxValues values_of(const OnnxValues& given, const std::vector<std::string>& wanted) const {
    return run_onnx(file_, given, wanted, options_.threads);
  }

  std::vector<std::string> levels_of(const std::string& kind) const {
    std::vector<std::string> names;
    for (int level = options_.anchors.min_level; level <= options_.anchors.max_level; ++level) {
      names.push_back(fmt::format("{}p{}", kind, level));
    }
    return names;
  }

  double outputs_error(const OnnxValues& given, const std::vector<std::string>& names,
                       const std::vector<HostTensor>& expected) const {
    if (expected.size() != names.size()) return kOnnxDiffers;
    const OnnxValues found = values_of(given, names);
    double error = 0;
    for (size_t i = 0; i < names.size(); ++i) {
      error = std::max(error, relative_error(found.at(names[i]), expected[i]));
    }
    return error;
  }

  double network_error(const detect::Extent& size) {
    std::vector<std::string> names;
    for (const char* kind : {"", "objectness.", "proposal_box."}) {
      for (std::string& name : levels_of(kind)) names.push_back(std::move(name));
    }
    const HostTensor image = noise({1, 3, size.height, size.width}, static_cast<uint64_t>(size.height + size.width));
    const std::vector<HostTensor> expected = options_.source(image);
    channels_ = expected.front().shape[1];
    return outputs_error({{"image", to_onnx(image)}}, names, expected);
  }

  double head_error(int bins, const std::string& crops, const std::vector<std::string>& names,
                    const graph::Forward& head) const {
    const HostTensor given = noise({3, channels_, bins, bins}, 1);
    return outputs_error({{crops, to_onnx(given)}}, names, head(given));
  }

  double proposals_error(const detect::Extent& size) const {
    const ProposalTrial trial{options_.anchors, options_.proposals, size.height, size.width,
                              part_of(size.height, size.width)};
    OnnxValues given = clear_proposals(trial);
    const HostTensor expected = to_tensor(proposals_of(given, trial));
    given["picture"] = to_onnx(trial.image);
    return outputs_error(given, {"rois"}, {expected});
  }

  RegionTrial regions_of(const detect::Extent& size) const {
    return {options_.post, options_.classes, part_of(size.height, size.width), stages()};
  }

  size_t stages() const { return options_.box_heads.size(); }

  // ROIs of the head at this place, from codes of which some leave the image and one is no number.
  double refined_error(const detect::Extent& size, size_t stage) const {
    const RegionTrial trial = regions_of(size);
    Regions regions = clear_regions(trial);
    for (float& code : regions.boxes.data) code *= 10;
    regions.boxes.data[5] = std::numeric_limits<float>::quiet_NaN();
    const std::vector<int64_t> places = turned(regions.rois.size());
    const size_t before = stage - 1;
    const std::vector<detect::Box> expected =
        detect::refine_rois(regions.boxes.data, regions.rois, trial.image, before);
    return outputs_error({{graph::stage_name("rois", before), to_onnx(to_tensor(regions.rois))},
                          {"picture", to_onnx(trial.image)},
                          {graph::stage_name("box", before), to_onnx(moved_rows(regions.boxes, places))},
                          {graph::stage_name("box_crops", before) + ".place", to_onnx(places)}},
                         {graph::stage_name("rois", stage)}, {to_tensor(expected)});
  }

  // Maps of two channels, read by ROIs of every size and level, the largest of them beyond the maps.
  double crops_error(const detect::Extent& size, int bins, const std::string& prefix,
                     const std::string& rois_name) const {
    constexpr int64_t kChannels = 2;
    std::vector<detect::Box> rois = clear_regions(regions_of(size)).rois;
    for (const float side : {0.5F, 3.0F, 112.0F, 130.0F, 224.0F, 250.0F, 448.0F, 500.0F, 896.0F, 1000.0F, 1792.0F}) {
      rois.push_back({0, 0, side, side});
    }
    OnnxValues given{{rois_name, to_onnx(to_tensor(rois))}};
    std::vector<HostTensor> maps;
    std::vector<detect::FeatureLevel> pyramid;
    for (int level = options_.anchors.min_level; level <= options_.anchors.max_level; ++level) {
      const int stride = detect::stride_of(options_.anchors, level);
      const detect::LevelShape shape{level, size.height / stride, size.width / stride};
      maps.push_back(noise({1, kChannels, shape.height, shape.width}, static_cast<uint64_t>(level)));
      given[fmt::format("p{}", level)] = to_onnx(maps.back());
      pyramid.push_back({shape, nullptr});
    }
    for (size_t i = 0; i < maps.size(); ++i) pyramid[i].values = maps[i].data.data();
    HostTensor crops = make_tensor({static_cast<int64_t>(rois.size()), kChannels, bins, bins});
    const auto align = detect::roi_align_options(bins, options_.anchors.coarsest_stride, options_.single_point);
    roi_align(pyramid, rois, align, crops.data);
    const std::vector<std::string> names{prefix + ".crops", prefix + ".place"};
    const OnnxValues found = values_of(given, names);
    const std::vector<int64_t>& places = found.at(names[1]).ints;
    const std::vector<int64_t> any = turned(rois.size());
    if (!std::is_permutation(places.begin(), places.end(), any.begin(), any.end())) return kOnnxDiffers;
    return relative_error(found.at(names[0]), moved_rows(crops, places));
  }

  double detections_error(const detect::Extent& size) const {
    const RegionTrial trial = regions_of(size);
    const Regions regions = clear_regions(trial);
    const std::vector<int64_t> places = turned(regions.rois.size());
    const size_t last = stages() - 1;
    OnnxValues given{{graph::stage_name("rois", last), to_onnx(to_tensor(regions.rois))},
                     {"picture", to_onnx(trial.image)},
                     {graph::stage_name("box", last), to_onnx(moved_rows(regions.boxes, places))}};
    for (size_t s = 0; s < stages(); ++s) {
      given[graph::stage_name("class", s)] = to_onnx(moved_rows(logits_of(regions, trial, s), places));
      given[graph::stage_name("box_crops", s) + ".place"] = to_onnx(places);
    }
    const OnnxValues found = values_of(given, {"boxes", "scores", "labels", "count"});
    std::vector<int64_t> labels;
    std::vector<detect::Box> boxes;
    HostTensor scores = make_tensor({1, 0});
    for (const detect::Detection& detection : detections_of(regions, trial)) {
      boxes.push_back(detection.box);
      labels.push_back(detection.label);
      scores.data.push_back(detection.score);
      ++scores.shape[1];
    }
    HostTensor corners = to_tensor(boxes);
    corners.shape.insert(corners.shape.begin(), 1);
    if (found.at("labels").ints != labels || found.at("count").ints != std::vector{scores.shape[1]}) {
      return kOnnxDiffers;
    }
    return std::max(relative_error(found.at("boxes"), corners), relative_error(found.at("scores"), scores));
  }

  double masks_error() const {
    constexpr int64_t kFound = 7;
    const HostTensor logits = noise({kFound, options_.classes, graph::kMaskSize, graph::kMaskSize}, 1);
    const std::vector<int64_t> places = turned(kFound);
    OnnxTensor labels{OnnxType::i64, {1, kFound}, {}, {}};
    HostTensor expected = make_tensor({1, kFound, graph::kMaskSize, graph::kMaskSize});
    const auto area = static_cast<size_t>(graph::kMaskSize * graph::kMaskSize);
    for (size_t i = 0; i < kFound; ++i) {
      labels.ints.push_back(static_cast<int64_t>(i * i) % options_.classes);
      const size_t from = i * static_cast<size_t>(options_.classes) + static_cast<size_t>(labels.ints.back());
      for (size_t cell = 0; cell < area; ++cell) {
        expected.data[i * area + cell] = 1 / (1 + std::exp(-logits.data[from * area + cell]));
      }
    }
    return outputs_error({{"mask", to_onnx(moved_rows(logits, places))},
                          {"found.labels", labels},
                          {"count", to_onnx(std::vector<int64_t>{kFound})},
                          {"mask_crops.place", to_onnx(places)}},
                         {"masks"}, {expected});
  }

  const OnnxFile& file_;
  const OnnxCheckOptions& options_;
  int64_t channels_ = 0;  // of the pyramid
};

}  // namespace

std::vector<OnnxCheckRow> check_segmenter(const OnnxFile& file, const OnnxCheckOptions& options) {
  return SegmenterCheck(file, options).run();
}

}  // namespace spinenet::formats
