// What training needs beside a network: anchors and what each learns, proposals and ROIs, and the batches that
// `spinenet train` makes.
#include <mutex>

#include "arrays.h"
#include "base/error.h"
#include "base/format.h"
#include "bindings.h"
#include "data/coco/coco.h"
#include "data/loading/coco_dataset.h"
#include "data/loading/loader.h"
#include "detect/proposals.h"
#include "detect/roi_sampler.h"
#include "graph/anchors.h"
#include "networks.h"
#include "settings.h"
#include "text.h"
#include "without_lock.h"

namespace spinenet::python {
namespace {

namespace py = pybind11;
using Floats = py::array_t<float, py::array::c_style | py::array::forcecast>;
using Bools = py::array_t<bool, py::array::c_style | py::array::forcecast>;
using Labels = py::array_t<int64_t, py::array::c_style | py::array::forcecast>;

std::vector<detect::Box> boxes_of(const Floats& array, const char* place) {
  if (array.ndim() != 2 || array.shape(1) != 4) {
    if (array.size() == 0) return {};
    fail(ErrorKind::usage, "boxes are [N, 4]: x1, y1, x2, y2", place);
  }
  std::vector<detect::Box> boxes(static_cast<size_t>(array.shape(0)));
  const float* at = array.data();
  for (detect::Box& box : boxes) {
    box = {at[0], at[1], at[2], at[3]};
    at += 4;
    if (!(box.x1 <= box.x2 && box.y1 <= box.y2)) {
      fail(ErrorKind::usage, "a box has its corners the other way round, or is no number", place,
           "give x1, y1, x2, y2");
    }
  }
  return boxes;
}

py::array boxes_to_array(const std::vector<detect::Box>& boxes) {
  std::vector<float> values;
  values.reserve(boxes.size() * 4);
  for (const detect::Box& box : boxes) values.insert(values.end(), {box.x1, box.y1, box.x2, box.y2});
  return array_of(std::move(values), {static_cast<py::ssize_t>(boxes.size()), 4});
}

std::vector<detect::Box> anchors_of(const arch::Architecture& architecture, const std::string& task, int image_size) {
  const int side = input_side(architecture, {task, image_size});
  const bool proposals = arch::task_named(task) == arch::Task::segment;
  arch::require_task(architecture, arch::task_named(task));
  if (!proposals && (task != name_of(arch::Task::detect) || architecture.head_kind != arch::HeadKind::retina)) {
    fail(ErrorKind::usage, fmt::format("{} has no anchors for the task {}", architecture.name, task), "anchors",
         "anchors belong to RetinaNet's head (detect) and to the region proposals of a segmenter");
  }
  const detect::AnchorOptions options =
      proposals ? graph::proposal_anchors(architecture) : graph::anchor_options(architecture);
  return detect::make_anchors(options, side, side);
}

// Crowds from everything else.
struct SeparatedObjects {
  std::vector<detect::Box> boxes, crowd;
};
SeparatedObjects objects_of(const Floats& boxes, const Bools& crowd) {
  const std::vector<detect::Box> all = boxes_of(boxes, "boxes");
  if (crowd.size() != 0 && crowd.size() != static_cast<py::ssize_t>(all.size())) {
    fail(ErrorKind::usage, fmt::format("{} boxes and {} entries", all.size(), crowd.size()), "crowd");
  }
  SeparatedObjects objects;
  for (size_t i = 0; i < all.size(); ++i) {
    const bool is_crowd = crowd.size() != 0 && crowd.data()[i];
    (is_crowd ? objects.crowd : objects.boxes).push_back(all[i]);
  }
  return objects;
}

py::tuple labels_to_python(const data::AnchorLabels& labels) {
  std::vector<int64_t> classes(labels.classes.begin(), labels.classes.end());
  const auto count = static_cast<py::ssize_t>(classes.size());
  return py::make_tuple(array_of(std::move(classes), {count}), array_of(labels.codes, {count, 4}));
}

py::tuple labels_of_anchors(const Floats& anchors, const Floats& boxes, const Labels& labels, const Bools& crowd,
                            float positive, float negative, bool force_match) {
  const std::vector<detect::Box> cells = boxes_of(anchors, "anchors"), all = boxes_of(boxes, "boxes");
  if (labels.size() != static_cast<py::ssize_t>(all.size())) {
    fail(ErrorKind::usage, fmt::format("{} boxes and {} labels", all.size(), labels.size()), "labels");
  }
  if (crowd.size() != 0 && crowd.size() != static_cast<py::ssize_t>(all.size())) {
    fail(ErrorKind::usage, fmt::format("{} boxes and {} entries", all.size(), crowd.size()), "crowd");
  }
  std::vector<data::Target> targets;
  for (size_t i = 0; i < all.size(); ++i) {
    const int64_t label = labels.data()[i];
    const bool is_crowd = crowd.size() != 0 && crowd.data()[i];
    if (!is_crowd && (label < 0 || label > INT32_MAX)) {
      fail(ErrorKind::usage, fmt::format("box {} has the label {}", i, label), "labels", "labels begin with 0");
    }
    targets.push_back({all[i], static_cast<int>(label), is_crowd});
  }
  data::AnchorLabels found;
  {
    const WithoutLock without_lock;
    found = data::label_anchors(cells, targets, {.match = {positive, negative, force_match}});
  }
  return labels_to_python(found);
}

py::tuple sampled_rois(const Floats& proposals, const Floats& boxes, const Bools& crowd, int samples, double positives,
                       float positive, uint64_t seed) {
  const SeparatedObjects objects = objects_of(boxes, crowd);
  Random random(seed);
  const detect::RoiSample sample = detect::sample_rois(boxes_of(proposals, "proposals"), objects.boxes, objects.crowd,
                                                       {{samples, positives}, positive}, random);
  std::vector<int64_t> matches(sample.matches.begin(), sample.matches.end());
  const auto count = static_cast<py::ssize_t>(matches.size());
  return py::make_tuple(boxes_to_array(sample.rois), array_of(std::move(matches), {count}));
}

py::array subsampled(const Labels& matches, int samples, double positives, uint64_t seed) {
  std::vector<int32_t> drawn;
  for (py::ssize_t i = 0; i < matches.size(); ++i) drawn.push_back(static_cast<int32_t>(matches.data()[i]));
  Random random(seed);
  detect::subsample(drawn, {samples, positives}, random);
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

struct BatchesOptions {
  int image_size = 640, batch = 8;
  uint64_t seed = 1;
  bool train = true;
  int threads = 1, rank = 0, world = 1;
  std::array<float, 3> mean{}, std{};
};

// The data set with its loader. next() and seek() may be called from several threads of Python: one after the other.
class Batches {
 public:
  Batches(const std::string& annotations, const std::string& images, const arch::Architecture* architecture,
          const std::vector<std::string>& augment, const BatchesOptions& options) {
    data::CocoReadOptions read;
    read.segmentations = false;
    const detect::Annotations all = data::read_coco(annotations, read);
    set_ = std::make_unique<data::CocoDataset>(all, images, data::class_list(all));
    data::LoaderOptions loader;
    loader.batch = options.batch;
    loader.size = options.image_size;
    loader.seed = options.seed;
    loader.train = options.train;
    loader.threads = options.threads;
    loader.prefetch = 3;
    loader.rank = options.rank;
    loader.world = options.world;
    loader.normalization = {options.mean, options.std};
    for (const std::string& setting : augment) apply_setting(loader.augment, setting);
    if (architecture != nullptr) {
      if (input_side(*architecture, {std::string(name_of(arch::Task::detect)), options.image_size}) !=
          options.image_size) {
        fail(ErrorKind::usage,
             fmt::format("{} is no multiple of {}", options.image_size, arch::coarsest_stride(*architecture)),
             "image_size");
      }
      loader.anchors = anchors_of(*architecture, std::string(name_of(arch::Task::detect)), options.image_size);
    }
    loader_ = std::make_unique<data::Loader>(*set_, loader);
  }

  data::Batch next() {
    const std::lock_guard lock(mutex_);
    return loader_->next();
  }
  void seek(int64_t step) {
    const std::lock_guard lock(mutex_);
    loader_->seek(step);
  }
  int64_t steps_per_epoch() const { return loader_->steps_per_epoch(); }
  const data::CocoDataset& set() const { return *set_; }

 private:
  std::mutex mutex_;
  std::unique_ptr<data::CocoDataset> set_;
  std::unique_ptr<data::Loader> loader_;
};

py::list targets_to_python(const data::Batch& batch) {
  using namespace py::literals;
  py::list all;
  for (const std::vector<data::Target>& targets : batch.targets) {
    std::vector<detect::Box> boxes;
    std::vector<int64_t> labels;
    std::vector<uint8_t> crowd;
    for (const data::Target& target : targets) {
      boxes.push_back(target.box);
      labels.push_back(target.label);
      crowd.push_back(target.crowd ? 1 : 0);
    }
    const auto count = static_cast<py::ssize_t>(boxes.size());
    all.append(py::dict("boxes"_a = boxes_to_array(boxes), "labels"_a = array_of(std::move(labels), {count}),
                        "crowd"_a = bool_array_of(std::move(crowd), {count})));
  }
  return all;
}

py::dict next_batch(Batches& batches) {
  using namespace py::literals;
  data::Batch batch;
  {
    const WithoutLock without_lock;
    batch = batches.next();
  }
  const auto images = static_cast<py::ssize_t>(batch.images);
  py::dict all("step"_a = batch.step, "targets"_a = targets_to_python(batch));
  all["pixels"] = array_of(std::move(batch.pixels), {images, 3, batch.height, batch.width});
  all["image_ids"] = array_of(std::move(batch.image_ids), {images});
  if (batch.labels.empty()) return all;
  std::vector<int64_t> classes;
  std::vector<float> codes;
  for (const data::AnchorLabels& labels : batch.labels) {
    classes.insert(classes.end(), labels.classes.begin(), labels.classes.end());
    codes.insert(codes.end(), labels.codes.begin(), labels.codes.end());
  }
  const auto anchors = static_cast<py::ssize_t>(batch.labels.front().classes.size());
  all["classes"] = array_of(std::move(classes), {images, anchors});
  all["codes"] = array_of(std::move(codes), {images, anchors, 4});
  return all;
}

py::list classes_of_batches(const Batches& batches) {
  py::list classes;
  for (const detect::Category& one : batches.set().classes()) {
    classes.append(py::make_tuple(one.id, text_to_python(one.name)));
  }
  return classes;
}

std::unique_ptr<Batches> open_batches(const py::object& annotations, const py::object& images, int image_size,
                                      int batch, std::optional<arch::Architecture> architecture, uint64_t seed,
                                      bool train, const py::dict& augment, int threads, int rank, int world,
                                      const std::array<float, 3>& mean, const std::array<float, 3>& std) {
  const std::string file = path_of(annotations), folder = path_of(images);
  const std::vector<std::string> settings = settings_of(augment);
  const WithoutLock without_lock;
  return std::make_unique<Batches>(file, folder, architecture ? &*architecture : nullptr, settings,
                                   BatchesOptions{image_size, batch, seed, train, threads, rank, world, mean, std});
}

void bind_batches(py::module_& module) {
  const image::Normalization usual;
  py::class_<Batches> type(module, "Batches", py::is_final(), "The batches that `spinenet train` makes of a data set.");
  type.attr("__module__") = kPackage;
  type.def(py::init(&open_batches), py::arg("annotations"), py::arg("images"), py::arg("image_size"), py::arg("batch"),
           py::kw_only(), py::arg("architecture") = py::none(), py::arg("seed") = 1, py::arg("train") = true,
           py::arg("augment") = py::dict(), py::arg("threads") = 1, py::arg("rank") = 0, py::arg("world") = 1,
           py::arg_v("mean", usual.mean, "(0.485, 0.456, 0.406)"),
           py::arg_v("std", usual.deviation, "(0.229, 0.224, 0.225)"))
      .def("next", &next_batch, "The batch of the current step, which then moves on.")
      .def("seek", &Batches::seek, "Makes a step the current one.", py::arg("step"), py::call_guard<WithoutLock>())
      .def_property_readonly("steps_per_epoch", &Batches::steps_per_epoch, "Batches until every image was seen.")
      .def_property_readonly(
          "images", [](const Batches& batches) { return batches.set().size(); }, "Of the data set.")
      .def_property_readonly("classes", &classes_of_batches, "Pairs of id and name, in the order of the labels.");
}

}  // namespace

void bind_training(py::module_& module) {
  const detect::MatchOptions match;
  const detect::RoiSampleOptions rois;
  const detect::ProposalOptions proposals;
  module.def(
      "anchors",
      [](const arch::Architecture& architecture, const std::string& task, int image_size) {
        return boxes_to_array(anchors_of(architecture, task, image_size));
      },
      "The anchors of a detector, or of a segmenter's region proposals.", py::arg("architecture"), py::arg("task"),
      py::arg("image_size"));
  module.def("label_anchors", &labels_of_anchors, "What each anchor learns.", py::arg("anchors"), py::arg("boxes"),
             py::arg("labels"), py::arg("crowd") = py::tuple(), py::kw_only(), py::arg("positive") = match.positive,
             py::arg("negative") = match.negative, py::arg("force_match") = match.force_match);
  module.def(
      "propose",
      [](const std::vector<Floats>& objectness, const std::vector<Floats>& boxes, const Floats& anchors, int height,
         int width, int pre_nms, int post_nms, float iou) {
        return proposals_of(objectness, boxes, anchors, height, width, {pre_nms, post_nms, iou});
      },
      "Boxes that may hold an object.", py::arg("objectness"), py::arg("boxes"), py::arg("anchors"), py::arg("height"),
      py::arg("width"), py::kw_only(), py::arg("pre_nms") = proposals.pre_nms, py::arg("post_nms") = proposals.post_nms,
      py::arg_v("iou", proposals.iou, "0.7"));
  module.def("sample_rois", &sampled_rois, "ROIs to learn from, with the box of each.", py::arg("proposals"),
             py::arg("boxes"), py::arg("crowd") = py::tuple(), py::kw_only(), py::arg("samples") = rois.share.samples,
             py::arg("positives") = rois.share.positives, py::arg("positive") = rois.positive, py::arg("seed") = 1);
  module.def("subsample", &subsampled, "All but a random sample of anchors ignored.", py::arg("matches"), py::kw_only(),
             py::arg("samples") = 256, py::arg("positives") = 0.5, py::arg("seed") = 1);
  bind_batches(module);
}

}  // namespace spinenet::python
