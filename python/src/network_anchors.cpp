#include "network_anchors.h"

#include "arch/task.h"
#include "arrays.h"
#include "base/error.h"
#include "base/format.h"
#include "detect/anchors.h"
#include "graph/anchors.h"
#include "networks.h"

namespace spinenet::python {

namespace py = pybind11;

std::vector<detect::Box> anchors_of(const arch::Architecture& architecture, const std::string& task, int image_size) {
  const int side = input_side(architecture, {task, image_size});
  const bool proposals = arch::task_named(task) == arch::Task::segment;
  arch::require_task(architecture, arch::task_named(task));
  if (!proposals && (task != name_of(arch::Task::detect) || architecture.head_kind != arch::HeadKind::retina)) {
    fail(ErrorKind::usage, fmt::format("{} has no anchors for the task {}", architecture.name, task), "anchors",
         "anchors belong to RetinaNet's head (detect) and to the region proposals of a segmenter; those of YOLO's head "
         "are yolo_cells()");
  }
  const detect::AnchorOptions options =
      proposals ? graph::proposal_anchors(architecture) : graph::anchor_options(architecture);
  return detect::make_anchors(options, side, side);
}

void require_yolo(const arch::Architecture& architecture, int image_size, const char* place) {
  if (architecture.head_kind != arch::HeadKind::yolo) {
    fail(ErrorKind::usage, fmt::format("{} has no YOLO head", architecture.name), place,
         "anchor cells belong to an architecture with head_kind yolo");
  }
  arch::require_task(architecture, arch::Task::detect);
  const int stride = arch::coarsest_stride(architecture);
  if (image_size < 1 || image_size > kLargestInput || image_size % stride != 0) {
    fail(ErrorKind::usage, fmt::format("{} is no multiple of {} up to {}", image_size, stride, kLargestInput),
         "image_size");
  }
}

py::tuple yolo_labels_to_python(const data::YoloLabels& labels) {
  std::vector<int64_t> matches;
  for (const detect::YoloMatch& match : labels.matches) matches.insert(matches.end(), {match.cell, match.box});
  const auto count = static_cast<py::ssize_t>(labels.matches.size());
  const auto ignored = static_cast<py::ssize_t>(labels.ignored.size());
  return py::make_tuple(array_of(std::move(matches), {count, 2}), array_of(labels.ignored, {ignored}));
}

}  // namespace spinenet::python
