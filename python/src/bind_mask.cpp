// The mask functions behind spinenet_cpp.mask, on lists of run-length codes as pycocotools has them:
// {"size": [height, width], "counts": bytes or text}. spinenet_cpp/mask.py sorts out what users hand in.
#include <algorithm>
#include <array>
#include <span>

#include <pybind11/numpy.h>

#include "arrays.h"
#include "base/error.h"
#include "base/format.h"
#include "coco_bindings.h"
#include "detect/mask.h"
#include "detect/mask_columns.h"
#include "eval/overlap.h"
#include "without_lock.h"

namespace spinenet::python {
namespace {

namespace py = pybind11;
using detect::Rle;
using ByteArray = py::array_t<uint8_t, py::array::f_style | py::array::forcecast>;
using Numbers = py::array_t<double, py::array::c_style | py::array::forcecast>;

std::string counts_of(const py::handle& counts) {
  if (py::isinstance<py::bytes>(counts) || py::isinstance<py::str>(counts)) return counts.cast<std::string>();
  throw py::type_error(fmt::format("counts are bytes or text; these are {}",
                                   std::string(py::str(py::type::handle_of(counts).attr("__name__")))));
}

Rle rle_of(const py::handle& code) {
  const auto dict = code.cast<py::dict>();
  const auto size = dict["size"].cast<py::sequence>();
  return detect::rle_from_text(counts_of(dict["counts"]), size[0].cast<int64_t>(), size[1].cast<int64_t>());
}

std::vector<Rle> rles_of(const py::list& codes) {
  std::vector<Rle> rles;
  rles.reserve(codes.size());
  for (const py::handle& code : codes) rles.push_back(rle_of(code));
  return rles;
}

py::dict code_of(const Rle& rle) {
  py::list size;
  size.append(rle.height);
  size.append(rle.width);
  py::dict code;
  code["size"] = size;
  code["counts"] = py::bytes(detect::rle_to_text(rle));
  return code;
}

py::list codes_of(const std::vector<Rle>& rles) {
  py::list codes;
  for (const Rle& rle : rles) codes.append(code_of(rle));
  return codes;
}

// [height, width, N]
py::list encode(const ByteArray& masks) {
  if (masks.ndim() != 3) throw py::value_error("masks are an array [height, width, N]");
  const py::ssize_t height = masks.shape(0), width = masks.shape(1), count = masks.shape(2);
  const auto pixels = static_cast<size_t>(height * width);
  std::vector<Rle> rles;
  {
    const WithoutLock without_lock;
    for (py::ssize_t i = 0; i < count; ++i) {
      rles.push_back(
          detect::encode_columns(std::span(masks.data() + static_cast<size_t>(i) * pixels, pixels), height, width));
    }
  }
  return codes_of(rles);
}

py::array decode(const py::list& codes) {
  const std::vector<Rle> rles = rles_of(codes);
  const int64_t height = rles.empty() ? 0 : rles.front().height, width = rles.empty() ? 0 : rles.front().width;
  ByteArray masks(
      {static_cast<py::ssize_t>(height), static_cast<py::ssize_t>(width), static_cast<py::ssize_t>(rles.size())});
  uint8_t* data = masks.mutable_data();
  const auto pixels = static_cast<size_t>(height * width);
  const WithoutLock without_lock;
  for (size_t i = 0; i < rles.size(); ++i) {
    detect::decode_columns(rles[i], std::span(data + i * pixels, pixels));
  }
  return masks;
}

py::array area(const py::list& codes) {
  std::vector<uint32_t> areas;
  for (const Rle& rle : rles_of(codes)) areas.push_back(static_cast<uint32_t>(detect::area(rle)));
  const auto count = static_cast<py::ssize_t>(areas.size());
  return array_of(std::move(areas), {count});
}

py::array to_bbox(const py::list& codes) {
  std::vector<double> boxes;
  for (const Rle& rle : rles_of(codes)) {
    const std::vector<double> box = detect::bounding_box(rle);
    boxes.insert(boxes.end(), box.begin(), box.end());
  }
  return array_of(std::move(boxes), {static_cast<py::ssize_t>(codes.size()), 4});
}

py::dict merge(const py::list& codes, bool intersect) {
  const std::vector<Rle> rles = rles_of(codes);
  // Of different sizes COCO's API makes no mask.
  const auto of_other_size = [&](const Rle& rle) {
    return rle.height != rles.front().height || rle.width != rles.front().width;
  };
  if (!rles.empty() && std::any_of(rles.begin(), rles.end(), of_other_size)) return code_of({});
  return code_of(detect::merge(rles, intersect));
}

bool apart(const detect::PixelRect& a, const detect::PixelRect& b) {
  return std::min(a.x + a.width, b.x + b.width) <= std::max(a.x, b.x) ||
         std::min(a.y + a.height, b.y + b.height) <= std::max(a.y, b.y);
}

// [D, G]
py::array mask_ious(const py::list& detected, const py::list& truths, const std::vector<uint8_t>& crowd) {
  const std::vector<Rle> d = rles_of(detected), g = rles_of(truths);
  std::vector<double> ious;
  ious.reserve(d.size() * g.size());
  {
    const WithoutLock without_lock;
    std::vector<detect::PixelRect> extents;
    for (const Rle& rle : g) extents.push_back(detect::pixel_extent(rle));
    for (const Rle& one : d) {
      const detect::PixelRect extent = detect::pixel_extent(one);
      for (size_t i = 0; i < g.size(); ++i) {
        ious.push_back(apart(extent, extents[i]) ? 0.0 : detect::mask_iou(one, g[i], crowd[i] != 0));
      }
    }
  }
  return array_of(std::move(ious), {static_cast<py::ssize_t>(d.size()), static_cast<py::ssize_t>(g.size())});
}

// Of arrays [D, 4] and [G, 4]: [D, G]
py::array box_ious(const Numbers& detected, const Numbers& truths, const std::vector<uint8_t>& crowd) {
  const auto d = detected.unchecked<2>(), g = truths.unchecked<2>();
  std::vector<double> ious;
  for (py::ssize_t i = 0; i < d.shape(0); ++i) {
    const std::array<double, 4> one{d(i, 0), d(i, 1), d(i, 2), d(i, 3)};
    for (py::ssize_t j = 0; j < g.shape(0); ++j) {
      ious.push_back(eval::box_iou(one, {g(j, 0), g(j, 1), g(j, 2), g(j, 3)}, crowd[static_cast<size_t>(j)] != 0));
    }
  }
  return array_of(std::move(ious), {d.shape(0), g.shape(0)});
}

py::list from_polygons(const py::list& polygons, int64_t height, int64_t width) {
  std::vector<Rle> rles;
  for (const py::handle& polygon : polygons) {
    const auto numbers = polygon.cast<std::vector<double>>();
    const size_t used = numbers.size() / 2 * 2;  // of an odd number the last is passed over, as COCO's API does
    if (used < 6) {                              // two points enclose nothing
      rles.push_back({height, width, {static_cast<uint32_t>(height * width)}});
    } else {
      rles.push_back(detect::rle_from_polygon(std::span(numbers).first(used), height, width));
    }
  }
  return codes_of(rles);
}

py::list from_boxes(const Numbers& boxes, int64_t height, int64_t width) {
  if (boxes.ndim() != 2 || boxes.shape(1) != 4) throw py::value_error("boxes are an array [N, 4]");
  const auto rows = boxes.unchecked<2>();
  std::vector<Rle> rles;
  for (py::ssize_t i = 0; i < rows.shape(0); ++i) {
    const double box[] = {rows(i, 0), rows(i, 1), rows(i, 2), rows(i, 3)};
    rles.push_back(detect::rle_from_box(box, height, width));
  }
  return codes_of(rles);
}

// Of a mask's size and its runs as numbers.
py::dict from_runs(int64_t height, int64_t width, std::vector<uint32_t> runs) {
  return code_of({height, width, std::move(runs)});
}

}  // namespace

void bind_mask(py::module_& module) {
  module.def("_mask_encode", &encode);
  module.def("_mask_decode", &decode);
  module.def("_mask_area", &area);
  module.def("_mask_to_bbox", &to_bbox);
  module.def("_mask_merge", &merge);
  module.def("_mask_ious", &mask_ious);
  module.def("_box_ious", &box_ious);
  module.def("_mask_from_polygons", &from_polygons);
  module.def("_mask_from_boxes", &from_boxes);
  module.def("_mask_from_runs", &from_runs);
}

}  // namespace spinenet::python
