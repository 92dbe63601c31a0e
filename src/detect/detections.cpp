#include "detect/detections.h"

namespace spinenet::detect {

Result to_result(const Detection& detection, int64_t image_id, int64_t category_id) {
  const Box& box = detection.box;
  Result result;
  result.image_id = image_id;
  result.category_id = category_id;
  result.bbox = {box.x1, box.y1, static_cast<double>(box.x2) - box.x1, static_cast<double>(box.y2) - box.y1};
  result.score = detection.score;
  result.mask = detection.mask;
  return result;
}

}  // namespace spinenet::detect
