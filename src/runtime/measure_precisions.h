// How near a model's answers in each number format are to those in fp32: what precision_facts.h keeps.
//
// Thread contract: free functions; they use the threads asked for.
#pragma once

#include <optional>
#include <span>
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
// the classes are not the model's, where nothing is to be found, and where a model segments and a mask is missing.
AnnotatedImages annotated_images(const Model& model, const std::vector<std::string>& files,
                                 const std::string& annotations);

// Of a model that has calibrations, with the inputs of network_inputs(); of several networks the largest error counts.
// bf16 is left out where the processor does not compute in it. Where there are `annotated` images, it also has the AP:
// of boxes for a detector, of masks for a model that segments.
PrecisionFacts measure_precisions(const Model& model, std::span<const engine::CalibrationImages> inputs,
                                  const std::optional<AnnotatedImages>& annotated, int threads);

}  // namespace spinenet::runtime
