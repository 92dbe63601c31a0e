// What was found in one image, as Python sees it.
//
// Thread contract: with Python's lock (the GIL) held.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <pybind11/numpy.h>

#include "images.h"
#include "model.h"
#include "runtime/prediction.h"

namespace spinenet::python {

// The arrays are made once. They are the user's: changing them changes nothing that plot() and to_coco() tell.
struct Prediction {
  Prediction(const Model& model, Found shown, runtime::ImagePrediction image, ImageSource source);

  bool is_of_classifier() const { return !probabilities.is_none(); }

  std::string task;
  std::shared_ptr<const std::vector<formats::ModelClass>> classes;
  runtime::ImagePrediction found;
  ImageSource source;                   // which plot() reads again
  pybind11::array scores, labels, ids;  // [N]
  pybind11::object boxes;               // [N, 4], or None
  pybind11::object probabilities;       // [K], or None
  pybind11::object masks;               // [N, height, width] once they were asked for, or None
};

}  // namespace spinenet::python
