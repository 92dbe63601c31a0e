// A network made ready to answer what is in an image: image to input, the network, its outputs to boxes in pixels of
// the image. How the network is run is the caller's choice (graph/forward.h).
//
// Invariant: the same image gives the same detections alone and in a batch, up to what the Forward itself does.
// Thread contract: const and as safe as the Forward: several threads may share a Detector whose Forward may be shared.
#pragma once

#include <span>
#include <vector>

#include "detect/anchors.h"
#include "detect/detections.h"
#include "detect/letterbox.h"
#include "detect/postprocess.h"
#include "detect/yolo_head.h"
#include "graph/forward.h"
#include "image/canvas.h"
#include "image/image.h"

namespace spinenet::runtime {

struct DetectorOptions {
  int image_size = 640;  // the longer side of an image is scaled to it, or both are
  int classes = 1;
  image::Normalization normalization;
  detect::ImageFit fit = detect::ImageFit::letterbox;
  detect::AnchorOptions anchors;        // of a RetinaNet head; of any head its levels
  std::vector<detect::YoloLevel> yolo;  // of a YOLO head, one for each level; none: the head is RetinaNet's
  detect::PostprocessOptions post;
};

class Detector {
 public:
  // ErrorKind::usage when an option is out of range.
  Detector(graph::Forward forward, DetectorOptions options);

  const DetectorOptions& options() const { return options_; }
  // Descending order of score; boxes are clipped to the image, and all of them have an area.
  std::vector<detect::Detection> detect(const image::Image& image) const;
  // For each image; the Forward gets them as one batch.
  std::vector<std::vector<detect::Detection>> detect(std::span<const image::Image> images) const;

 private:
  std::vector<detect::Detection> found_in(const std::vector<HostTensor>& outputs, size_t image, size_t images) const;

  graph::Forward forward_;
  DetectorOptions options_;
  int input_size_;
  std::vector<detect::Box> anchors_;  // of a RetinaNet head
};

}  // namespace spinenet::runtime
