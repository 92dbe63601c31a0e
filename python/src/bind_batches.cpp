// The batches that `spinenet train` makes.
#include <mutex>

#include "arrays.h"
#include "base/error.h"
#include "base/format.h"
#include "bindings.h"
#include "boxes.h"
#include "data/coco/coco.h"
#include "data/loading/coco_dataset.h"
#include "data/loading/loader.h"
#include "detect/roi_sampler.h"
#include "graph/anchors.h"
#include "network_anchors.h"
#include "networks.h"
#include "object_masks.h"
#include "settings.h"
#include "text.h"
#include "without_lock.h"

namespace spinenet::python {
namespace {

namespace py = pybind11;

struct BatchesOptions {
  arch::Task task = arch::Task::detect;
  int image_size = 640, batch = 8;
  uint64_t seed = 1;
  bool train = true;
  int threads = 1, rank = 0, world = 1;
  std::array<float, 3> mean{}, std{};
};

// What the anchors, or the anchor cells, of the network learn.
void label_for(const arch::Architecture& architecture, const BatchesOptions& options, data::LoaderOptions& loader) {
  arch::require_task(architecture, options.task);
  const std::string task(name_of(options.task));
  if (input_side(architecture, {task, options.image_size}) != options.image_size) {
    fail(ErrorKind::usage,
         fmt::format("{} is no multiple of {}", options.image_size, arch::coarsest_stride(architecture)), "image_size");
  }
  if (options.task == arch::Task::segment) {
    loader.label.match = detect::kProposalMatch;
  } else if (architecture.head_kind == arch::HeadKind::yolo) {
    loader.yolo_anchors = graph::yolo_anchors(architecture);
    return;
  }
  loader.anchors = anchors_of(architecture, task, options.image_size);
}

// The data set with its loader. next() and seek() may be called from several threads of Python: one after the other.
class Batches {
 public:
  Batches(const std::string& annotations, const std::string& images, const arch::Architecture* architecture,
          const std::vector<std::string>& augment, const BatchesOptions& options)
      : task_(options.task) {
    data::CocoReadOptions read;
    read.segmentations = task_ == arch::Task::segment;
    const detect::Annotations all = data::read_coco(annotations, read);
    set_ = std::make_unique<data::CocoDataset>(all, images, data::class_list(all));
    if (task_ == arch::Task::segment && set_->masks() == 0) {
      fail(ErrorKind::bad_data, "no object has a mask", annotations, "add segmentations, or leave task at detect");
    }
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
    if (architecture != nullptr) label_for(*architecture, options, loader);
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
  arch::Task task() const { return task_; }
  int64_t steps_per_epoch() const { return loader_->steps_per_epoch(); }
  const data::CocoDataset& set() const { return *set_; }

 private:
  arch::Task task_;
  std::mutex mutex_;
  std::unique_ptr<data::CocoDataset> set_;
  std::unique_ptr<data::Loader> loader_;
};

py::dict targets_to_python(const std::vector<data::Target>& targets) {
  using namespace py::literals;
  std::vector<detect::Box> boxes;
  std::vector<int64_t> labels;
  std::vector<uint8_t> crowd;
  for (const data::Target& target : targets) {
    boxes.push_back(target.box);
    labels.push_back(target.label);
    crowd.push_back(target.crowd ? 1 : 0);
  }
  const auto count = static_cast<py::ssize_t>(boxes.size());
  return py::dict("boxes"_a = boxes_to_array(boxes), "labels"_a = array_of(std::move(labels), {count}),
                  "crowd"_a = bool_array_of(std::move(crowd), {count}));
}

void add_anchor_labels(py::dict& all, const std::vector<data::AnchorLabels>& of_images) {
  std::vector<int64_t> classes;
  std::vector<float> codes;
  for (const data::AnchorLabels& labels : of_images) {
    classes.insert(classes.end(), labels.classes.begin(), labels.classes.end());
    codes.insert(codes.end(), labels.codes.begin(), labels.codes.end());
  }
  const auto images = static_cast<py::ssize_t>(of_images.size());
  const auto anchors = static_cast<py::ssize_t>(of_images.front().classes.size());
  all["classes"] = array_of(std::move(classes), {images, anchors});
  all["codes"] = array_of(std::move(codes), {images, anchors, 4});
}

py::dict next_batch(Batches& batches) {
  using namespace py::literals;
  data::Batch batch;
  {
    const WithoutLock without_lock;
    batch = batches.next();
  }
  py::list targets;
  for (size_t i = 0; i < batch.targets.size(); ++i) {
    py::dict own = targets_to_python(batch.targets[i]);
    if (i < batch.yolo_labels.size()) {
      const py::tuple labels = yolo_labels_to_python(batch.yolo_labels[i]);
      own["matches"] = labels[0];
      own["ignored"] = labels[1];
    }
    if (batches.task() == arch::Task::segment) {
      // An image without objects has no masks either, and one whose objects have none has an empty one for each.
      batch.masks[i].resize(batch.targets[i].size());
      own["masks"] = ObjectMasks(std::move(batch.masks[i]));
    }
    targets.append(own);
  }
  const auto images = static_cast<py::ssize_t>(batch.images);
  py::dict all("step"_a = batch.step, "targets"_a = targets);
  all["pixels"] = array_of(std::move(batch.pixels), {images, 3, batch.height, batch.width});
  all["image_ids"] = array_of(std::move(batch.image_ids), {images});
  if (!batch.labels.empty()) add_anchor_labels(all, batch.labels);
  return all;
}

py::list classes_of_batches(const Batches& batches) {
  py::list classes;
  for (const detect::Category& one : batches.set().classes()) {
    classes.append(py::make_tuple(one.id, text_to_python(one.name)));
  }
  return classes;
}

arch::Task task_of_batches(const std::string& name) {
  const arch::Task task = arch::task_named(name);
  if (task == arch::Task::classify) {
    fail(ErrorKind::usage, "batches of a data set with boxes teach no classifier", "task", "use detect or segment");
  }
  return task;
}

std::unique_ptr<Batches> open_batches(const py::object& annotations, const py::object& images,
                                      const std::optional<arch::Architecture>& architecture, const py::dict& augment,
                                      const BatchesOptions& options) {
  const std::string file = path_of(annotations), folder = path_of(images);
  const std::vector<std::string> settings = settings_of(augment);
  const WithoutLock without_lock;
  return std::make_unique<Batches>(file, folder, architecture ? &*architecture : nullptr, settings, options);
}

}  // namespace

void bind_batches(py::module_& module) {
  const image::Normalization usual;
  py::class_<Batches> type(module, "Batches", py::is_final(), "The batches that `spinenet train` makes of a data set.");
  type.attr("__module__") = kPackage;
  type.def(py::init([](const py::object& annotations, const py::object& images, int image_size, int batch,
                       const std::optional<arch::Architecture>& architecture, const std::string& task, uint64_t seed,
                       bool train, const py::dict& augment, int threads, int rank, int world,
                       const std::array<float, 3>& mean, const std::array<float, 3>& std) {
             return open_batches(
                 annotations, images, architecture, augment,
                 {task_of_batches(task), image_size, batch, seed, train, threads, rank, world, mean, std});
           }),
           py::arg("annotations"), py::arg("images"), py::arg("image_size"), py::arg("batch"), py::kw_only(),
           py::arg("architecture") = py::none(), py::arg("task") = name_of(arch::Task::detect), py::arg("seed") = 1,
           py::arg("train") = true, py::arg("augment") = py::dict(), py::arg("threads") = 1, py::arg("rank") = 0,
           py::arg("world") = 1, py::arg_v("mean", usual.mean, "(0.485, 0.456, 0.406)"),
           py::arg_v("std", usual.deviation, "(0.229, 0.224, 0.225)"))
      .def("next", &next_batch, "The batch of the current step, which then moves on.")
      .def("seek", &Batches::seek, "Makes a step the current one.", py::arg("step"), py::call_guard<WithoutLock>())
      .def_property_readonly("steps_per_epoch", &Batches::steps_per_epoch, "Batches until every image was seen.")
      .def_property_readonly(
          "images", [](const Batches& batches) { return batches.set().size(); }, "Of the data set.")
      .def_property_readonly("classes", &classes_of_batches, "Pairs of id and name, in the order of the labels.");
}

}  // namespace spinenet::python
