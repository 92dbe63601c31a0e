// What training needs beside a network: anchors and what each learns, proposals and ROIs.
#include <array>
#include <optional>
#include <span>

#include "arch/task.h"
#include "arrays.h"
#include "base/enum_names.h"
#include "base/error.h"
#include "base/format.h"
#include "bindings.h"
#include "boxes.h"
#include "data/loading/labels.h"
#include "detect/box_head.h"
#include "detect/proposals.h"
#include "detect/roi_sampler.h"
#include "detect/yolo_cells.h"
#include "graph/anchors.h"
#include "graph/lower_two_stage.h"
#include "network_anchors.h"
#include "object_masks.h"
#include "runtime/two_stage.h"
#include "without_lock.h"

namespace spinenet::python {
namespace {

namespace py = pybind11;

py::tuple labels_to_python(const data::AnchorLabels& labels) {
  std::vector<int64_t> classes(labels.classes.begin(), labels.classes.end());
  const auto count = static_cast<py::ssize_t>(classes.size());
  return py::make_tuple(array_of(std::move(classes), {count}), array_of(labels.codes, {count, 4}));
}

py::tuple labels_of_anchors(const Floats& anchors, const Floats& boxes, const Labels& labels, const Bools& crowd,
                            const detect::MatchOptions& options) {
  const std::vector<detect::Box> cells = boxes_of(anchors, "anchors");
  const std::vector<data::Target> targets = targets_of(boxes, &labels, crowd);
  data::AnchorLabels found;
  {
    const WithoutLock without_lock;
    found = data::label_anchors(cells, targets, {.match = options});
  }
  return labels_to_python(found);
}

py::array cells_of_yolo(const arch::Architecture& architecture, int image_size) {
  require_yolo(architecture, image_size, "yolo_cells");
  std::vector<float> values;
  for (const std::array<float, 5>& cell :
       detect::yolo_cells(graph::yolo_levels(architecture), {image_size, image_size})) {
    values.insert(values.end(), cell.begin(), cell.end());
  }
  const auto count = static_cast<py::ssize_t>(values.size() / 5);
  return array_of(std::move(values), {count, 5});
}

py::tuple labels_of_yolo(const arch::Architecture& architecture, int image_size, const Floats& boxes,
                         const Bools& crowd) {
  require_yolo(architecture, image_size, "label_yolo");
  const std::vector<data::Target> targets = targets_of(boxes, nullptr, crowd);
  data::YoloLabels labels;
  {
    const WithoutLock without_lock;
    labels = data::label_yolo(graph::yolo_anchors(architecture), {image_size, image_size}, targets);
  }
  return yolo_labels_to_python(labels);
}

// Which random numbers draw a sample: those of a seed alone, or those of a step of `spinenet train` with this seed.
struct Draw {
  uint64_t seed = 1;
  std::optional<int64_t> step;
  int64_t image = 0;  // in the global batch
};

Random random_of(const Draw& draw, detect::SampledPart part) {
  return draw.step ? detect::sample_random(draw.seed, part, *draw.step, draw.image) : Random(draw.seed);
}

void check_share(const detect::SampleShare& share) {
  if (share.samples < 1 || !(share.positives >= 0 && share.positives <= 1)) {
    fail(ErrorKind::usage, fmt::format("{} samples with a share of {}", share.samples, share.positives), "samples",
         "use at least 1, and a share from 0 to 1");
  }
}

py::tuple sample_to_python(const detect::RoiSample& sample) {
  std::vector<int64_t> matches(sample.matches.begin(), sample.matches.end());
  const auto count = static_cast<py::ssize_t>(matches.size());
  return py::make_tuple(boxes_to_array(sample.rois), array_of(std::move(matches), {count}));
}

py::tuple sampled_rois(const Floats& proposals, const Floats& boxes, const Bools& crowd,
                       const detect::RoiSampleOptions& options, const Draw& draw) {
  const SeparatedObjects objects = objects_of(boxes, crowd);
  check_share(options.share);
  Random random = random_of(draw, detect::SampledPart::rois);
  const std::vector<detect::Box> found = boxes_of(proposals, "proposals");
  detect::RoiSample sample;
  {
    const WithoutLock without_lock;
    sample = detect::sample_rois(found, objects.boxes, objects.crowd, options, random);
  }
  return sample_to_python(sample);
}

py::tuple matched_rois(const Floats& rois, const Floats& boxes, const Bools& crowd, float positive) {
  const SeparatedObjects objects = objects_of(boxes, crowd);
  detect::RoiSampleOptions options;
  options.positive = positive;
  const std::vector<detect::Box> found = boxes_of(rois, "rois");
  detect::RoiSample sample;
  {
    const WithoutLock without_lock;
    sample = detect::match_rois(found, objects.boxes, objects.crowd, options);
  }
  return sample_to_python(sample);
}

void check_stage(int stage) {
  if (stage < 0 || stage >= arch::kMaxBoxHeads) {
    fail(ErrorKind::usage, fmt::format("box head {}", stage), "stage", "count the box heads from 0");
  }
}

py::tuple labels_of_rois(const Floats& rois, const Labels& matches, const Floats& boxes, const Labels& labels,
                         const Bools& crowd, int stage) {
  const std::vector<detect::Box> cells = boxes_of(rois, "rois");
  std::vector<data::Target> objects = targets_of(boxes, &labels, crowd);
  std::erase_if(objects, [](const data::Target& target) { return target.crowd; });
  check_stage(stage);
  if (matches.size() != static_cast<py::ssize_t>(cells.size())) {
    fail(ErrorKind::usage, fmt::format("{} ROIs and {} matches", cells.size(), matches.size()), "matches");
  }
  std::vector<int64_t> classes;
  std::vector<float> codes;
  for (size_t r = 0; r < cells.size(); ++r) {
    const int64_t match = matches.data()[r];
    if (match < detect::kBackground || match >= static_cast<int64_t>(objects.size())) {
      fail(ErrorKind::usage, fmt::format("ROI {} has box {} of {}", r, match, objects.size()), "matches");
    }
    detect::BoxCode code{};
    if (match >= 0) {
      const data::Target& object = objects[static_cast<size_t>(match)];
      if (!(object.box.area() > 0 && cells[r].area() > 0)) {
        fail(ErrorKind::usage, fmt::format("ROI {} or its box has no area", r), "rois");
      }
      code = detect::encode_in_roi(object.box, cells[r], static_cast<size_t>(stage));
    }
    classes.push_back(match >= 0 ? objects[static_cast<size_t>(match)].label : detect::kBackground);
    codes.insert(codes.end(), code.begin(), code.end());
  }
  const auto count = static_cast<py::ssize_t>(classes.size());
  return py::make_tuple(array_of(std::move(classes), {count}), array_of(std::move(codes), {count, 4}));
}

py::array refined_rois(const Floats& codes, const Floats& rois, int height, int width, int stage) {
  const std::vector<detect::Box> boxes = boxes_of(rois, "rois");
  check_stage(stage);
  if (codes.size() != static_cast<py::ssize_t>(4 * boxes.size())) {
    fail(ErrorKind::usage, fmt::format("{} ROIs and {} codes, four for each are needed", boxes.size(), codes.size()),
         "codes");
  }
  const std::span<const float> values(codes.data(), 4 * boxes.size());
  return boxes_to_array(detect::refine_rois(values, boxes, {height, width}, static_cast<size_t>(stage)));
}

py::array subsampled(const Labels& matches, const detect::SampleShare& share, const Draw& draw,
                     const std::string& part) {
  check_share(share);
  std::vector<int32_t> drawn;
  for (py::ssize_t i = 0; i < matches.size(); ++i) drawn.push_back(static_cast<int32_t>(matches.data()[i]));
  Random random = random_of(draw, parse_enum<detect::SampledPart>(ErrorKind::usage, "part", part, "subsample"));
  {
    const WithoutLock without_lock;
    detect::subsample(drawn, share, random);
  }
  std::vector<int64_t> all(drawn.begin(), drawn.end());
  const auto count = static_cast<py::ssize_t>(all.size());
  return array_of(std::move(all), {count});
}

py::tuple proposals_of(const std::vector<Floats>& levels, const std::vector<Floats>& codes, const Floats& anchors,
                       int height, int width, const detect::ProposalOptions& options) {
  if (levels.size() != codes.size()) fail(ErrorKind::usage, "objectness and boxes of other levels", "propose");
  std::vector<detect::LevelOutput> outputs;
  py::ssize_t cells = 0;
  for (size_t i = 0; i < levels.size(); ++i) {
    const Floats &logits = levels[i], &boxes = codes[i];
    if (logits.ndim() != 3 || boxes.ndim() != 3 || boxes.shape(0) != 4 * logits.shape(0) ||
        boxes.shape(1) != logits.shape(1) || boxes.shape(2) != logits.shape(2)) {
      fail(ErrorKind::usage, "a level is [A, H, W] of logits with [A * 4, H, W] of codes", "propose");
    }
    cells += logits.size();
    outputs.push_back(
        {logits.data(), boxes.data(), static_cast<int>(logits.shape(1)), static_cast<int>(logits.shape(2))});
  }
  const std::vector<detect::Box> all = boxes_of(anchors, "anchors");
  if (cells != static_cast<py::ssize_t>(all.size())) {
    fail(ErrorKind::usage, fmt::format("{} logits and {} anchors", cells, all.size()), "propose");
  }
  std::vector<detect::Proposal> found;
  {
    const WithoutLock without_lock;
    found = detect::propose(outputs, all, {height, width}, options);
  }
  std::vector<detect::Box> boxes;
  std::vector<float> logits;
  for (const detect::Proposal& proposal : found) {
    boxes.push_back(proposal.box);
    logits.push_back(proposal.logit);
  }
  const auto count = static_cast<py::ssize_t>(logits.size());
  return py::make_tuple(boxes_to_array(boxes), array_of(std::move(logits), {count}));
}

py::dict settings_of_segmenter(const arch::Architecture& architecture) {
  using namespace py::literals;
  arch::require_task(architecture, arch::Task::segment);
  const runtime::PyramidLevels levels = runtime::levels_of(architecture);
  return py::dict("box_thresholds"_a = architecture.two_stage.box_thresholds, "min_level"_a = levels.min_level,
                  "max_level"_a = levels.max_level, "coarsest_stride"_a = levels.coarsest_stride,
                  "single_point"_a = levels.single_point, "box_crop"_a = graph::kBoxCrop,
                  "mask_crop"_a = graph::kMaskCrop, "mask_size"_a = graph::kMaskSize);
}

void bind_anchors(py::module_& module) {
  const detect::MatchOptions match;
  module.def(
      "anchors",
      [](const arch::Architecture& architecture, const std::string& task, int image_size) {
        return boxes_to_array(anchors_of(architecture, task, image_size));
      },
      "The anchors of a detector, or of a segmenter's region proposals.", py::arg("architecture"), py::arg("task"),
      py::arg("image_size"));
  module.def(
      "label_anchors",
      [](const Floats& cells, const Floats& boxes, const Labels& labels, const Bools& crowd, float positive,
         float negative, bool force_match) {
        return labels_of_anchors(cells, boxes, labels, crowd, {positive, negative, force_match});
      },
      "What each anchor learns.", py::arg("anchors"), py::arg("boxes"), py::arg("labels"),
      py::arg("crowd") = py::tuple(), py::kw_only(), py::arg("positive") = match.positive,
      py::arg("negative") = match.negative, py::arg("force_match") = match.force_match);
  module.def("yolo_cells", &cells_of_yolo, "What the boxes of a YOLO head's anchor cells are decoded with.",
             py::arg("architecture"), py::arg("image_size"));
  module.def("label_yolo", &labels_of_yolo, "Which anchor cells of a YOLO head learn which box.",
             py::arg("architecture"), py::arg("image_size"), py::arg("boxes"), py::arg("crowd") = py::tuple());
}

void bind_rois(py::module_& module) {
  const detect::RoiSampleOptions rois;
  const detect::ProposalOptions proposals;
  const detect::SampleShare anchors;
  module.def(
      "propose",
      [](const std::vector<Floats>& objectness, const std::vector<Floats>& boxes, const Floats& cells, int height,
         int width, int pre_nms, int post_nms, float iou) {
        return proposals_of(objectness, boxes, cells, height, width, {pre_nms, post_nms, iou});
      },
      "Boxes that may hold an object.", py::arg("objectness"), py::arg("boxes"), py::arg("anchors"), py::arg("height"),
      py::arg("width"), py::kw_only(), py::arg("pre_nms") = proposals.pre_nms, py::arg("post_nms") = proposals.post_nms,
      py::arg_v("iou", proposals.iou, "0.7"));
  module.def(
      "sample_rois",
      [](const Floats& found, const Floats& boxes, const Bools& crowd, int samples, double positives, float positive,
         uint64_t seed, std::optional<int64_t> step, int64_t image) {
        return sampled_rois(found, boxes, crowd, {{samples, positives}, positive}, {seed, step, image});
      },
      "ROIs to learn from, with the box of each.", py::arg("proposals"), py::arg("boxes"),
      py::arg("crowd") = py::tuple(), py::kw_only(), py::arg("samples") = rois.share.samples,
      py::arg("positives") = rois.share.positives, py::arg("positive") = rois.positive, py::arg("seed") = 1,
      py::arg("step") = py::none(), py::arg("image") = 0);
  module.def("match_rois", &matched_rois, "The ROIs of a later box head, with the box of each.", py::arg("rois"),
             py::arg("boxes"), py::arg("crowd") = py::tuple(), py::kw_only(), py::arg("positive") = rois.positive);
  module.def("label_rois", &labels_of_rois, "What a box head learns of each ROI.", py::arg("rois"), py::arg("matches"),
             py::arg("boxes"), py::arg("labels"), py::arg("crowd") = py::tuple(), py::kw_only(), py::arg("stage") = 0);
  module.def("refine_rois", &refined_rois, "The boxes that a box head makes of its ROIs.", py::arg("codes"),
             py::arg("rois"), py::arg("height"), py::arg("width"), py::kw_only(), py::arg("stage") = 0);
  module.def(
      "subsample",
      [](const Labels& matches, int samples, double positives, uint64_t seed, std::optional<int64_t> step,
         int64_t image, const std::string& part) {
        return subsampled(matches, {samples, positives}, {seed, step, image}, part);
      },
      "All but a random sample of anchors ignored.", py::arg("matches"), py::kw_only(),
      py::arg("samples") = anchors.samples, py::arg("positives") = anchors.positives, py::arg("seed") = 1,
      py::arg("step") = py::none(), py::arg("image") = 0, py::arg("part") = name_of(detect::SampledPart::anchors));
  module.def("segmenter_settings", &settings_of_segmenter, "What an architecture says about a segmenter's heads.",
             py::arg("architecture"));
}

}  // namespace

void bind_training(py::module_& module) {
  bind_anchors(module);
  bind_rois(module);
  bind_object_masks(module);
  bind_batches(module);
}

}  // namespace spinenet::python
