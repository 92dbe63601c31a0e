// The installed C++ interface of spinenet: no third-party type, and no global state but the thread budget of the
// process (detector.h).
//
// Every function throws Error (error.h), whose message names the file, the place and the remedy, or std::bad_alloc when
// memory runs out. Thread contract: all functions here may be called from several threads at once.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include <spinenet/detector.h>

namespace spinenet::api {

// "0.3.0"
std::string version();

// The names that describe() knows.
std::vector<std::string> architectures();

struct Description {
  std::string architecture;
  int64_t parameters = 0;
  int64_t multiply_adds = 0;  // of one image
};

// `architecture`: a name, or the path of an architecture JSON. The detector (the classifier, where a network has no
// pyramid of levels) at image_size x image_size, a multiple of 128.
Description describe(const std::string& architecture, int image_size, int classes);

// COCO average precision and recall ("AP", "AP50", ..., "ARl"; -1 where undefined) of a results file against an
// annotation file, equal to pycocotools to the last digit. `iou`: "bbox" or "segm".
std::map<std::string, double> evaluate(const std::string& annotations, const std::string& results,
                                       const std::string& iou = "bbox");

}  // namespace spinenet::api
