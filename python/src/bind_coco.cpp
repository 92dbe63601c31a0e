// The evaluation behind spinenet_cpp.coco and spinenet_cpp.cocoeval. All names begin with an underscore: what users
// call is the Python around them.
#include "arrays.h"
#include "coco_bindings.h"
#include "coco_items.h"
#include "coco_measured.h"
#include "text.h"
#include "without_lock.h"

namespace spinenet::python {
namespace {

namespace py = pybind11;

py::list image_ids(const CocoTruth& truth) {
  py::list ids;
  for (const detect::ImageInfo& image : truth.content.images) ids.append(image.id);
  return ids;
}

py::list category_ids(const CocoTruth& truth) {
  py::list ids;
  for (const detect::Category& category : truth.content.categories) ids.append(category.id);
  return ids;
}

std::shared_ptr<const CocoTruth> truth_from_file(const py::object& path, size_t piece_bytes) {
  const std::string name = path_of(path);
  const WithoutLock without_lock;
  return read_truth(name, {.bytes = piece_bytes});
}

std::shared_ptr<const CocoTruth> truth_with_masks(const std::shared_ptr<const CocoTruth>& truth) {
  const WithoutLock without_lock;
  return with_masks(*truth);
}

std::shared_ptr<const CocoResults> results_from_file(const py::object& path,
                                                     const std::shared_ptr<const CocoTruth>& truth,
                                                     size_t piece_bytes) {
  const std::string name = path_of(path);
  const WithoutLock without_lock;
  return read_results(name, *truth, {.bytes = piece_bytes});
}

std::shared_ptr<const CocoResults> decoded(GatheredResults gathered) {
  {
    const WithoutLock without_lock;
    decode_masks(gathered);
  }
  return std::make_shared<CocoResults>(std::move(gathered.found));
}

std::shared_ptr<const CocoTruth> truth_from_dicts(const py::dict& images_annotations, const py::dict& annotations,
                                                  const py::dict& images, const py::list& ids, bool masks,
                                                  bool flag_may_be_absent) {
  return truth_of({images_annotations, annotations, images}, ids, masks, flag_may_be_absent);
}

std::shared_ptr<const CocoResults> results_from_dicts(const py::dict& images_annotations, const py::dict& annotations,
                                                      const py::dict& images, const py::list& ids, bool masks) {
  return decoded(results_of_index({images_annotations, annotations, images}, ids, masks));
}

std::shared_ptr<CocoMeasured> measure(const std::shared_ptr<const CocoTruth>& truth,
                                      const std::shared_ptr<const CocoResults>& results, const std::string& iou,
                                      eval::CellSelection selection, eval::CocoProtocol protocol) {
  const auto type = parse_enum<eval::IouType>(ErrorKind::usage, "kind of overlap", iou, "iouType");
  const WithoutLock without_lock;
  return measure_coco(truth, results, type, std::move(selection), std::move(protocol));
}

py::tuple take_arrays(CocoMeasured& measured) {
  if (!measured.arrays) {
    const WithoutLock without_lock;
    measure_again(measured);
  }
  eval::CocoArrays arrays = std::move(measured.arrays).value();
  measured.arrays.reset();
  return py::make_tuple(array_of(std::move(arrays.precision), {arrays.t, arrays.r, arrays.k, arrays.a, arrays.m}),
                        array_of(std::move(arrays.recall), {arrays.t, arrays.k, arrays.a, arrays.m}),
                        array_of(std::move(arrays.scores), {arrays.t, arrays.r, arrays.k, arrays.a, arrays.m}));
}

}  // namespace

void bind_coco(py::module_& module) {
  py::class_<CocoTruth, std::shared_ptr<CocoTruth>>(module, "_CocoTruth", py::is_final())
      .def_readonly("plain", &CocoTruth::plain)
      .def("image_ids", &image_ids)
      .def("category_ids", &category_ids);
  py::class_<CocoResults, std::shared_ptr<CocoResults>>(module, "_CocoResults", py::is_final())
      .def_readonly("plain", &CocoResults::plain)
      .def("__len__", [](const CocoResults& found) { return found.results.size(); });
  py::class_<CocoMeasured, std::shared_ptr<CocoMeasured>>(module, "_CocoMeasured", py::is_final())
      .def("take_arrays", &take_arrays)
      .def("eval_images",
           [](const CocoMeasured& measured, py::list images, py::list categories, py::list areas, py::object limit) {
             return eval_images(measured,
                                {std::move(images), std::move(categories), std::move(areas), std::move(limit)});
           })
      .def("ious", [](const CocoMeasured& measured, py::list images, py::list categories) {
        return all_ious(measured, {std::move(images), std::move(categories), py::list(), py::none()});
      });
  module.def("_coco_truth_from_file", &truth_from_file);
  module.def("_coco_truth_with_masks", &truth_with_masks);
  module.def("_coco_results_from_file", &results_from_file);
  module.def("_coco_truth_from_dicts", &truth_from_dicts);
  module.def("_coco_results_from_dicts", &results_from_dicts);
  module.def("_coco_results_from_list", [](const py::list& list, bool masks, bool has_boxes) {
    return decoded(results_of_list(list, masks, has_boxes));
  });
  module.def("_coco_results_from_array", [](const py::object& array) { return decoded(results_of_array(array)); });
  module.def("_coco_measure", [](const std::shared_ptr<CocoTruth>& truth, const std::shared_ptr<CocoResults>& results,
                                 const std::string& iou, std::vector<int64_t> images, std::vector<int64_t> categories,
                                 bool use_cats, std::vector<double> ious, std::vector<double> recalls,
                                 std::vector<eval::AreaLimits> areas, std::vector<int> most) {
    return measure(truth, results, iou, {std::move(images), std::move(categories), use_cats},
                   {std::move(ious), std::move(recalls), std::move(areas), std::move(most)});
  });
}

}  // namespace spinenet::python
