#include "coco_measured.h"

#include <algorithm>

#include "arrays.h"
#include "base/error.h"
#include "eval/recorded_cell.h"

namespace spinenet::python {
namespace {

namespace py = pybind11;

eval::MatchTask task_of(const CocoMeasured& measured) {
  eval::MatchTask task;
  task.question = {&measured.truth->content, measured.results->results, &measured.index, measured.iou, 0};
  task.thresholds = measured.protocol.iou_thresholds;
  task.limit = static_cast<size_t>(measured.protocol.max_detections.back());
  task.area_of_boxes = measured.results->area_of_boxes;
  task.result_areas = measured.results->areas;
  return task;
}

// Of each image of the index, its place among the ids that were asked for.
std::vector<size_t> image_places(const CocoMeasured& measured) {
  const std::vector<int64_t>& ids = measured.selection.image_ids;
  std::vector<size_t> places;
  for (const detect::ImageInfo* image : measured.index.images) {
    places.push_back(static_cast<size_t>(std::lower_bound(ids.begin(), ids.end(), image->id) - ids.begin()));
  }
  return places;
}

// NumPy makes an array of floats of an empty list.
py::array integers_or_empty(const std::vector<uint8_t>& values) {
  if (values.empty()) return array_of(std::vector<double>(), {0});
  return array_of(std::vector<int64_t>(values.begin(), values.end()), {static_cast<py::ssize_t>(values.size())});
}

template <class IdOf>
std::vector<double> ids_or_nought(const std::vector<uint32_t>& places, const IdOf& id_of) {
  std::vector<double> ids;
  ids.reserve(places.size());
  for (const uint32_t at : places) ids.push_back(at == eval::kNoMatch ? 0.0 : static_cast<double>(id_of(at)));
  return ids;
}

py::dict entry(const CocoMeasured& measured, const eval::RecordedCell& record) {
  const auto truth_id = [&](uint32_t at) { return measured.truth->content.annotations[at].id; };
  const auto result_id = [&](uint32_t at) { return measured.results->id_of(at); };
  const auto t = static_cast<py::ssize_t>(measured.protocol.iou_thresholds.size());
  const auto g = static_cast<py::ssize_t>(record.truths.size()), d = static_cast<py::ssize_t>(record.results.size());
  py::list truth_ids, result_ids, scores;
  for (const uint32_t at : record.truths) truth_ids.append(truth_id(at));
  for (const uint32_t at : record.results) {
    result_ids.append(result_id(at));
    scores.append(measured.results->results[at].score);
  }
  py::dict one;
  one["dtIds"] = result_ids;
  one["gtIds"] = truth_ids;
  one["dtMatches"] = array_of(ids_or_nought(record.result_match, truth_id), {t, d});
  one["gtMatches"] = array_of(ids_or_nought(record.truth_match, result_id), {t, g});
  one["dtScores"] = scores;
  one["gtIgnore"] = integers_or_empty(record.truth_ignored);
  one["dtIgnore"] = bool_array_of(record.result_ignored, {t, d});
  return one;
}

bool has_every_mask(const CocoTruth& truth) {
  const auto& all = truth.content.annotations;
  return std::none_of(all.begin(), all.end(), [](const detect::Annotation& one) { return one.segmentation.empty(); });
}

}  // namespace

void measure_again(CocoMeasured& measured) {
  eval::Measurement what{&measured.truth->content, measured.results->results, measured.iou};
  what.area_of_boxes = measured.results->area_of_boxes;
  what.result_areas = measured.results->areas;
  measured.arrays = eval::measure(measured.index, what, measured.protocol);
}

std::shared_ptr<CocoMeasured> measure_coco(std::shared_ptr<const CocoTruth> truth,
                                           std::shared_ptr<const CocoResults> results, eval::IouType iou,
                                           eval::CellSelection selection, eval::CocoProtocol protocol) {
  if (!truth->plain || !results->plain || (iou == eval::IouType::segm && !has_every_mask(*truth))) return nullptr;
  auto measured = std::make_shared<CocoMeasured>();
  measured->truth = std::move(truth);
  measured->results = std::move(results);
  measured->protocol = std::move(protocol);
  measured->iou = iou;
  measured->selection = std::move(selection);
  try {
    measured->index = eval::index_cells(measured->truth->content, measured->results->results, measured->selection);
    measure_again(*measured);
  } catch (const Error&) {
    return nullptr;
  }
  return measured;
}

py::list eval_images(const CocoMeasured& measured, const EvalNames& names) {
  const eval::MatchTask task = task_of(measured);
  const std::vector<size_t> places = image_places(measured);
  const size_t images = names.image_ids.size(), areas = names.area_ranges.size();
  py::list all(names.category_ids.size() * areas * images);
  for (size_t i = 0; i < all.size(); ++i) all[i] = py::none();
  for (const eval::Cell& cell : measured.index.cells) {
    const size_t place = places[cell.image];
    for (size_t a = 0; a < areas; ++a) {
      py::dict one = entry(measured, eval::record_cell(task, measured.protocol.area_ranges[a], cell));
      one["image_id"] = names.image_ids[place];
      one["category_id"] = names.category_ids[cell.category];
      one["aRng"] = names.area_ranges[a];
      one["maxDet"] = names.max_detections;
      all[(cell.category * areas + a) * images + place] = std::move(one);
    }
  }
  return all;
}

py::dict all_ious(const CocoMeasured& measured, const EvalNames& names) {
  const eval::MatchTask task = task_of(measured);
  const std::vector<size_t> places = image_places(measured);
  const size_t categories = names.category_ids.size();
  std::vector<const eval::Cell*> cells(names.image_ids.size() * categories, nullptr);
  for (const eval::Cell& cell : measured.index.cells) cells[places[cell.image] * categories + cell.category] = &cell;
  py::dict all;
  for (size_t i = 0; i < names.image_ids.size(); ++i) {
    for (size_t k = 0; k < categories; ++k) {
      const eval::Cell* cell = cells[i * categories + k];
      py::object found = py::list();
      if (cell != nullptr && cell->truth_count() > 0 && cell->result_count() > 0) {
        const auto rows = std::min<size_t>(cell->result_count(), task.limit);
        found = array_of(eval::all_overlaps(task, *cell),
                         {static_cast<py::ssize_t>(rows), static_cast<py::ssize_t>(cell->truth_count())});
      }
      all[py::make_tuple(names.image_ids[i], names.category_ids[k])] = found;
    }
  }
  return all;
}

}  // namespace spinenet::python
