// How near a model's answers in each number format are to those in fp32: what precision_facts.h keeps.
//
// Thread contract: free functions; they use the threads asked for.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "detect/annotations.h"
#include "runtime/calibrate_model.h"
#include "runtime/model.h"
#include "runtime/precision_facts.h"

namespace spinenet::runtime {

// Images with what is to be found in them: the images of `truth`, in its order.
struct AnnotatedImages {
  detect::Annotations truth;
  std::function<image::Image(int64_t)> image;
};

// The images that an annotation file lists, of these files, which are named in `truth` as they are given here, with
// their annotations. Others are passed over, which a warning counts; ErrorKind::bad_data where none is listed, where
// the classes are not the model's, and where nothing is to be found.
AnnotatedImages annotated_images(const Model& model, const std::vector<std::string>& files,
                                 const std::string& annotations);

// Of a model that has calibrations; of several networks the largest error counts. bf16 is left out where the processor
// does not compute in it. AP, of a model that detects (boxes) or segments (masks), where there are `annotated` images.
PrecisionFacts measure_precisions(const Model& model, const ImageSource& images,
                                  const std::optional<AnnotatedImages>& annotated, int threads);

}  // namespace spinenet::runtime
