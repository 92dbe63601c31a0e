#include "coco_items.h"

#include <array>
#include <atomic>
#include <cmath>
#include <unordered_set>

#include <pybind11/numpy.h>

#include "base/error.h"
#include "base/thread_pool.h"

namespace spinenet::python {
namespace {

namespace py = pybind11;

constexpr int64_t kLargestId = int64_t{1} << 53;
constexpr double kLargestWhole = 1 << 26;  // so that products of integers are exact as doubles

// The keys, made once per conversion: their hash is known.
struct Keys {
  py::str id{"id"}, image_id{"image_id"}, category_id{"category_id"}, bbox{"bbox"}, area{"area"}, score{"score"};
  py::str iscrowd{"iscrowd"}, segmentation{"segmentation"}, size{"size"}, counts{"counts"};
  py::str height{"height"}, width{"width"};
};

// Borrowed; null where there is none. An error of Python (a key that cannot be compared) counts as none.
PyObject* find(PyObject* dict, const py::handle& key) {
  PyObject* value = PyDict_GetItemWithError(dict, key.ptr());
  if (value == nullptr) PyErr_Clear();
  return value;
}

std::optional<int64_t> whole(PyObject* value) {
  if (value == nullptr || !PyLong_CheckExact(value)) return std::nullopt;
  int overflow = 0;
  const int64_t number = PyLong_AsLongLongAndOverflow(value, &overflow);
  if (overflow != 0 || number > kLargestId || number < -kLargestId) return std::nullopt;
  return number;
}

bool is_of_numpy(PyObject* value) {
  return value != nullptr && std::string_view(Py_TYPE(value)->tp_name).starts_with("numpy.");
}

// An integer of Python or of NumPy.
std::optional<int64_t> any_whole(PyObject* value) {
  if (!is_of_numpy(value) || !PyIndex_Check(value)) return whole(value);
  const auto number = py::reinterpret_steal<py::object>(PyNumber_Index(value));
  if (!number) PyErr_Clear();
  return whole(number.ptr());
}

// float (numpy.float64 is one) or int of moderate size; finite.
bool real(PyObject* value, double& number) {
  if (value == nullptr) return false;
  if (PyFloat_Check(value)) {
    number = PyFloat_AS_DOUBLE(value);
    return std::isfinite(number);
  }
  const std::optional<int64_t> integer = whole(value);
  if (!integer || std::abs(static_cast<double>(*integer)) > kLargestWhole) return false;
  number = static_cast<double>(*integer);
  return true;
}

// The area of an annotation, which pycocotools only compares: NumPy's integers will do, too.
bool area_number(PyObject* value, double& number) {
  if (!is_of_numpy(value) || PyFloat_Check(value)) return real(value, number);
  const auto integer = any_whole(value);
  if (integer) number = static_cast<double>(*integer);
  return integer.has_value();
}

// A score is only compared and kept: NumPy's floats of any width will do, too.
bool score_number(PyObject* value, double& number) {
  if (!is_of_numpy(value) || PyIndex_Check(value)) return real(value, number);
  number = PyFloat_AsDouble(value);
  if (PyErr_Occurred() == nullptr) return !std::isnan(number);
  PyErr_Clear();
  return false;
}

bool box(PyObject* value, std::array<double, 4>& xywh) {
  if (value == nullptr) return false;
  if (PyList_CheckExact(value)) {
    if (PyList_GET_SIZE(value) != 4) return false;
    for (int i = 0; i < 4; ++i) {
      if (!real(PyList_GET_ITEM(value, i), xywh[static_cast<size_t>(i)])) return false;
    }
    return true;
  }
  if (!py::isinstance<py::array_t<double>>(value)) return false;
  const auto values = py::reinterpret_borrow<py::array_t<double>>(value);
  if (values.ndim() != 1 || values.shape(0) != 4) return false;
  for (int i = 0; i < 4; ++i) {
    xywh[static_cast<size_t>(i)] = values.at(i);
    if (!std::isfinite(values.at(i))) return false;
  }
  return true;
}

// The text of a run-length code; `keeper` is what holds it.
bool mask_text(PyObject* value, const Keys& keys, MaskText& text, PyObject*& keeper) {
  if (value == nullptr || !PyDict_Check(value)) return false;
  PyObject* size = find(value, keys.size);
  PyObject* counts = find(value, keys.counts);
  if (size == nullptr || counts == nullptr) return false;
  const bool list = PyList_CheckExact(size);
  if (!list && !PyTuple_CheckExact(size)) return false;
  if ((list ? PyList_GET_SIZE(size) : PyTuple_GET_SIZE(size)) != 2) return false;
  const auto side = [&](int i) { return whole(list ? PyList_GET_ITEM(size, i) : PyTuple_GET_ITEM(size, i)); };
  const auto height = side(0), width = side(1);
  if (!height || !width || *height < 1 || *width < 1) return false;
  text.height = *height;
  text.width = *width;
  text.given = true;
  keeper = counts;
  if (PyBytes_CheckExact(counts)) {
    text.counts = {PyBytes_AS_STRING(counts), static_cast<size_t>(PyBytes_GET_SIZE(counts))};
    return true;
  }
  if (!PyUnicode_CheckExact(counts)) return false;
  Py_ssize_t length = 0;
  const char* letters = PyUnicode_AsUTF8AndSize(counts, &length);
  if (letters == nullptr) PyErr_Clear();
  if (letters == nullptr) return false;
  text.counts = {letters, static_cast<size_t>(length)};
  return true;
}

bool run_list(PyObject* counts, detect::Rle& rle) {
  const uint64_t total = static_cast<uint64_t>(rle.height) * static_cast<uint64_t>(rle.width);
  uint64_t sum = 0;
  const Py_ssize_t length = PyList_GET_SIZE(counts);
  rle.counts.reserve(static_cast<size_t>(length));
  for (Py_ssize_t i = 0; i < length; ++i) {
    const auto run = whole(PyList_GET_ITEM(counts, i));
    if (!run || *run < 0 || static_cast<uint64_t>(*run) > total - sum) return false;
    sum += static_cast<uint64_t>(*run);
    rle.counts.push_back(static_cast<uint32_t>(*run));
  }
  return sum == total && total <= std::numeric_limits<uint32_t>::max();
}

bool polygons(PyObject* list, std::vector<std::vector<double>>& parts) {
  constexpr double kFarthest = 1 << 24;
  const Py_ssize_t count = PyList_GET_SIZE(list);
  for (Py_ssize_t i = 0; i < count; ++i) {
    PyObject* part = PyList_GET_ITEM(list, i);
    if (!PyList_CheckExact(part)) return false;
    const Py_ssize_t numbers = PyList_GET_SIZE(part);
    if (numbers < 6 || numbers % 2 != 0) return false;
    std::vector<double>& points = parts.emplace_back(static_cast<size_t>(numbers));
    for (Py_ssize_t n = 0; n < numbers; ++n) {
      double& value = points[static_cast<size_t>(n)];
      if (!real(PyList_GET_ITEM(part, n), value) || std::abs(value) > kFarthest) return false;
    }
  }
  return !parts.empty();
}

// The masks of annotations stay as they are, but for texts, which are decoded here: they are few.
bool segmentation(PyObject* value, const Keys& keys, detect::Segmentation& found) {
  if (value == nullptr) return false;
  if (PyList_CheckExact(value)) return polygons(value, found.polygons);
  if (!PyDict_Check(value)) return false;
  PyObject* counts = find(value, keys.counts);
  PyObject* keeper = nullptr;
  MaskText text;
  const bool is_text = mask_text(value, keys, text, keeper);
  if (!text.given) return false;
  if (is_text) {
    try {
      found.rle = detect::rle_from_text(text.counts, text.height, text.width);
    } catch (const Error&) {
      return false;
    }
    return true;
  }
  found.rle.height = text.height;
  found.rle.width = text.width;
  return PyList_CheckExact(counts) && run_list(counts, found.rle);
}

std::optional<bool> flag(PyObject* value) {
  if (value == nullptr) return std::nullopt;
  if (value == Py_True) return true;
  if (value == Py_False) return false;
  const auto number = whole(value);
  if (!number || *number < 0 || *number > 1) return std::nullopt;
  return *number == 1;
}

bool truth(PyObject* dict, const Keys& keys, bool masks, bool flag_may_be_absent, detect::Annotation& found) {
  const auto id = whole(find(dict, keys.id)), image = whole(find(dict, keys.image_id));
  const auto category = whole(find(dict, keys.category_id));
  PyObject* iscrowd = find(dict, keys.iscrowd);
  const auto crowd = iscrowd == nullptr && flag_may_be_absent ? std::optional(false) : flag(iscrowd);
  if (!id || !image || !category || !crowd || !area_number(find(dict, keys.area), found.area)) return false;
  found.id = *id;
  found.image_id = *image;
  found.category_id = *category;
  found.crowd = *crowd;
  return masks ? segmentation(find(dict, keys.segmentation), keys, found.segmentation)
               : box(find(dict, keys.bbox), found.bbox);
}

// Calls take(annotation, image id) for the annotations of the images in order; false where it says so, or where the
// lists and the annotations by id do not agree.
template <class Take>
bool each_annotation(const DictIndex& index, const py::list& image_ids, const Keys& keys, const Take& take) {
  std::unordered_set<int64_t> ids;
  for (const py::handle& image_id : image_ids) {
    PyObject* list = find(index.images_annotations.ptr(), image_id);
    if (list == nullptr) continue;
    const auto image = whole(image_id.ptr());
    if (!image || !PyList_Check(list)) return false;
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(list); ++i) {
      PyObject* one = PyList_GET_ITEM(list, i);
      if (!PyDict_Check(one)) return false;
      PyObject* id = find(one, keys.id);
      const auto number = whole(id);
      if (!number || find(index.annotations.ptr(), id) != one || !ids.insert(*number).second) return false;
      if (whole(find(one, keys.image_id)) != image || !take(one, *image)) return false;
    }
  }
  return true;
}

// The sizes of images, where masks want them.
bool image_info(const DictIndex& index, const py::handle& id, const Keys& keys, bool sized, detect::ImageInfo& info) {
  const auto number = whole(id.ptr());
  if (!number) return false;
  info.id = *number;
  PyObject* image = find(index.images.ptr(), id);
  if (image == nullptr || !PyDict_Check(image)) return !sized;
  const auto height = whole(find(image, keys.height)), width = whole(find(image, keys.width));
  if (!height || !width || *height < 1 || *width < 1) return !sized;
  info.height = *height;
  info.width = *width;
  return true;
}

bool result(PyObject* dict, const Keys& keys, GatheredResults& all, bool masks, bool has_boxes) {
  const auto image = whole(find(dict, keys.image_id)), category = whole(find(dict, keys.category_id));
  detect::Result found;
  if (!image || !category || !score_number(find(dict, keys.score), found.score)) return false;
  found.image_id = *image;
  found.category_id = *category;
  PyObject* bbox = find(dict, keys.bbox);
  if (has_boxes ? !box(bbox, found.bbox) : bbox != nullptr && all.mask_boxes) return false;
  MaskText text;
  PyObject* keeper = nullptr;
  if (masks) {
    PyObject* shape = find(dict, keys.segmentation);
    if (shape != nullptr || !has_boxes) {
      if (!mask_text(shape, keys, text, keeper)) return false;
      all.keepers.push_back(py::reinterpret_borrow<py::object>(keeper));
    }
    all.masks.push_back(text);
  }
  all.found.results.push_back(std::move(found));
  return true;
}

GatheredResults not_plain() {
  GatheredResults none;
  none.found.plain = false;
  return none;
}

template <class Number>
GatheredResults rows_of(const py::array& any) {
  const auto array = py::reinterpret_borrow<py::array_t<Number>>(any);
  const auto rows = array.template unchecked<2>();
  GatheredResults all;
  all.found.results.resize(static_cast<size_t>(rows.shape(0)));
  all.found.areas.resize(all.found.results.size());
  for (py::ssize_t i = 0; i < rows.shape(0); ++i) {
    detect::Result& found = all.found.results[static_cast<size_t>(i)];
    for (py::ssize_t c = 0; c < 7; ++c) {
      if (!std::isfinite(rows(i, c))) return not_plain();
    }
    const bool ids = std::abs(static_cast<double>(rows(i, 0))) <= static_cast<double>(kLargestId) &&
                     std::abs(static_cast<double>(rows(i, 6))) <= static_cast<double>(kLargestId);
    if (!ids) return not_plain();
    found.image_id = static_cast<int64_t>(rows(i, 0));
    found.category_id = static_cast<int64_t>(rows(i, 6));
    for (size_t c = 0; c < 4; ++c) found.bbox[c] = static_cast<double>(rows(i, static_cast<py::ssize_t>(c) + 1));
    found.score = static_cast<double>(rows(i, 5));
    const Number area = rows(i, 3) * rows(i, 4);  // in the precision of the array, as NumPy does
    all.found.areas[static_cast<size_t>(i)] = static_cast<double>(area);
  }
  return all;
}

}  // namespace

std::shared_ptr<CocoTruth> truth_of(const DictIndex& index, const py::list& image_ids, bool masks,
                                    bool flag_may_be_absent) {
  const Keys keys;
  auto found = std::make_shared<CocoTruth>();
  found->plain = each_annotation(index, image_ids, keys, [&](PyObject* one, int64_t) {
    return truth(one, keys, masks, flag_may_be_absent, found->content.annotations.emplace_back());
  });
  for (const py::handle& id : image_ids) {
    found->plain = found->plain && image_info(index, id, keys, masks, found->content.images.emplace_back());
    if (!found->plain) break;
  }
  return found;
}

GatheredResults results_of_list(const py::list& list, bool masks, bool has_boxes) {
  const Keys keys;
  GatheredResults all;
  all.found.area_of_boxes = has_boxes;
  all.mask_areas = !has_boxes;
  all.mask_boxes = !has_boxes && !masks;
  all.found.results.reserve(list.size());
  for (const py::handle& one : list) {
    if (!PyDict_Check(one.ptr()) || !result(one.ptr(), keys, all, masks || !has_boxes, has_boxes)) return not_plain();
  }
  return all;
}

GatheredResults results_of_index(const DictIndex& index, const py::list& image_ids, bool masks) {
  const Keys keys;
  GatheredResults all;
  const bool plain = each_annotation(index, image_ids, keys, [&](PyObject* one, int64_t) {
    const auto id = whole(find(one, keys.id));
    const bool crowd_known = flag(find(one, keys.iscrowd)).has_value();
    double area = 0;
    if (*id < 1 || !crowd_known || !area_number(find(one, keys.area), area)) return false;
    all.found.ids.push_back(*id);
    all.found.areas.push_back(area);
    return result(one, keys, all, masks, !masks);
  });
  return plain ? std::move(all) : not_plain();
}

GatheredResults results_of_array(const py::object& object) {
  if (!py::isinstance<py::array>(object)) return not_plain();
  const auto array = py::reinterpret_borrow<py::array>(object);
  if (array.ndim() != 2 || array.shape(1) != 7) return not_plain();
  if (py::isinstance<py::array_t<double>>(array)) return rows_of<double>(array);
  if (py::isinstance<py::array_t<float>>(array)) return rows_of<float>(array);
  return not_plain();
}

void decode_masks(GatheredResults& gathered) {
  constexpr int64_t kPerJob = 1024;
  const auto count = static_cast<int64_t>(gathered.masks.size());
  if (count == 0) return;
  if (gathered.mask_areas) gathered.found.areas.resize(gathered.masks.size());
  std::atomic<bool> broken = false;
  const auto decode = [&](int64_t job) {
    for (int64_t i = job * kPerJob; i < std::min(count, (job + 1) * kPerJob); ++i) {
      const auto at = static_cast<size_t>(i);
      const MaskText& text = gathered.masks[at];
      if (!text.given) continue;
      detect::Rle& mask = gathered.found.results[at].mask;
      try {
        mask = detect::rle_from_text(text.counts, text.height, text.width);
      } catch (const Error&) {
        broken = true;
      }
      if (gathered.mask_areas) gathered.found.areas[at] = static_cast<double>(detect::area(mask));
      if (gathered.mask_boxes) {
        const std::vector<double> box = detect::bounding_box(mask);
        std::copy(box.begin(), box.end(), gathered.found.results[at].bbox.begin());
      }
    }
  };
  ThreadPool(available_cores() - 1).parallel_for((count + kPerJob - 1) / kPerJob, decode);
  if (broken) gathered.found.plain = false;
}

}  // namespace spinenet::python
