// An evaluation as JSON: the twelve COCO numbers under their names (0 to 1, -1 where undefined) and `per_class`, a list
// of objects with id, name, instances (annotations to find, crowd regions not counted) and the class's own numbers.
#pragma once

#include "base/json.h"
#include "detect/annotations.h"
#include "eval/coco_ap.h"
#include "eval/confusion.h"
#include "eval/top_k.h"

namespace spinenet::eval {

Json to_json(const CocoEvaluation& evaluation, const detect::Annotations& annotations);
// ids, names and the counts as a list of rows.
Json to_json(const ConfusionMatrix& matrix);
// Of a classifier: the named numbers, `images`, `per_class`, `per_group`, `calibration` (the bins) and `confusion`
// (ids and rows of counts).
Json to_json(const TopKMetrics& metrics);

}  // namespace spinenet::eval
