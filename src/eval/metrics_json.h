// An evaluation as JSON: the twelve COCO numbers under their names (0 to 1, -1 where undefined) and `per_class`, a list
// of objects with id, name, instances (annotations to find, crowd regions not counted) and the class's own numbers.
#pragma once

#include "base/json.h"
#include "detect/annotations.h"
#include "eval/coco_ap.h"
#include "eval/confusion.h"

namespace spinenet {

Json to_json(const CocoEvaluation& evaluation, const Annotations& annotations);
// ids, names and the counts as a list of rows.
Json to_json(const ConfusionMatrix& matrix);

}  // namespace spinenet
