#include "boxes.h"

#include "arrays.h"
#include "base/error.h"
#include "base/format.h"
#include "detect/raw_outputs.h"

namespace spinenet::python {

namespace py = pybind11;

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
    if (!(box.x1 <= box.x2 && box.y1 <= box.y2 && detect::is_finite(box))) {
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

void check_crowd(const Bools& crowd, size_t boxes) {
  if (crowd.size() != 0 && crowd.size() != static_cast<py::ssize_t>(boxes)) {
    fail(ErrorKind::usage, fmt::format("{} boxes and {} entries", boxes, crowd.size()), "crowd");
  }
}

std::vector<data::Target> targets_of(const Floats& boxes, const Labels* labels, const Bools& crowd) {
  const std::vector<detect::Box> all = boxes_of(boxes, "boxes");
  if (labels != nullptr && labels->size() != static_cast<py::ssize_t>(all.size())) {
    fail(ErrorKind::usage, fmt::format("{} boxes and {} labels", all.size(), labels->size()), "labels");
  }
  check_crowd(crowd, all.size());
  std::vector<data::Target> targets;
  for (size_t i = 0; i < all.size(); ++i) {
    const int64_t label = labels == nullptr ? 0 : labels->data()[i];
    const bool is_crowd = crowd.size() != 0 && crowd.data()[i];
    if (!is_crowd && (label < 0 || label > INT32_MAX)) {
      fail(ErrorKind::usage, fmt::format("box {} has the label {}", i, label), "labels", "labels begin with 0");
    }
    targets.push_back({all[i], static_cast<int>(label), is_crowd});
  }
  return targets;
}

SeparatedObjects objects_of(const Floats& boxes, const Bools& crowd) {
  SeparatedObjects objects;
  for (const data::Target& target : targets_of(boxes, nullptr, crowd)) {
    (target.crowd ? objects.crowd : objects.boxes).push_back(target.box);
  }
  return objects;
}

}  // namespace spinenet::python
