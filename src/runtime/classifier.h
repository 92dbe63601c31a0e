// A network made ready to say what class an image is of: the middle of the image to input, the network, its output
// to probabilities. How the network is run is the caller's choice (graph/forward.h).
//
// Thread contract: const and as safe as the Forward: several threads may share a Classifier whose Forward may be
// shared.
#pragma once

#include <span>
#include <vector>

#include "graph/forward.h"
#include "image/canvas.h"
#include "image/image.h"

namespace spinenet::runtime {

struct ClassifierOptions {
  int image_size = 224;  // height and width of the input; the network behind the Forward is lowered for it
  int classes = 1;
  image::Normalization normalization;
  double center_crop = 0.875;  // share of the shorter side that is looked at
};

class Classifier {
 public:
  // ErrorKind::usage when an option is out of range.
  Classifier(graph::Forward forward, ClassifierOptions options);

  const ClassifierOptions& options() const { return options_; }
  // The probabilities of all classes; they sum to one.
  std::vector<float> classify(const image::Image& image) const;
  // For each image; the Forward gets them as one batch.
  std::vector<std::vector<float>> classify(std::span<const image::Image> images) const;

 private:
  graph::Forward forward_;
  ClassifierOptions options_;
};

}  // namespace spinenet::runtime
