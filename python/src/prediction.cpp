#include "prediction.h"

#include "arrays.h"
#include "graph/program.h"

namespace spinenet::python {
namespace {

namespace py = pybind11;

// What objects and class scores have in common: a label and a score.
template <class One>
void add_arrays(Prediction& prediction, const std::vector<One>& found) {
  std::vector<float> scores;
  std::vector<int64_t> labels, ids;
  for (const One& one : found) {
    scores.push_back(one.score);
    labels.push_back(one.label);
    ids.push_back((*prediction.classes)[static_cast<size_t>(one.label)].id);
  }
  const auto count = static_cast<py::ssize_t>(found.size());
  prediction.scores = array_of(std::move(scores), {count});
  prediction.labels = array_of(std::move(labels), {count});
  prediction.ids = array_of(std::move(ids), {count});
}

py::array boxes_of(const std::vector<detect::Detection>& found) {
  std::vector<float> boxes;
  for (const detect::Detection& one : found) {
    boxes.insert(boxes.end(), {one.box.x1, one.box.y1, one.box.x2, one.box.y2});
  }
  return array_of(std::move(boxes), {static_cast<py::ssize_t>(found.size()), 4});
}

}  // namespace

Prediction::Prediction(const Model& model, Found shown, runtime::ImagePrediction image, ImageSource from)
    : task(model.prepared().model.file.task),
      classes(model.classes()),
      found(std::move(image)),
      source(std::move(from)),
      boxes(py::none()),
      probabilities(py::none()),
      masks(py::none()) {
  found.found = std::move(shown.shown);
  std::visit(graph::Overloaded{[&](const std::vector<detect::Detection>& objects) {
                                 add_arrays(*this, objects);
                                 boxes = boxes_of(objects);
                               },
                               [&](const std::vector<runtime::ClassScore>& scores_of_classes) {
                                 add_arrays(*this, scores_of_classes);
                                 const auto count = static_cast<py::ssize_t>(shown.probabilities.size());
                                 probabilities = array_of(std::move(shown.probabilities), {count});
                               }},
             found.found);
}

}  // namespace spinenet::python
