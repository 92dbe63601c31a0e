// The text of a COCO file with its repairs, written in one pass over the tree: keys, their order and all that is not
// repaired stay as they are written.
//
// Thread contract: pure function. Only this module's .cpp files include this header.
#pragma once

#include <string>

#include "data/coco/coco_document.h"
#include "data/coco/coco_inspection.h"

namespace spinenet::data {

std::string repaired_copy(const CocoDocument& document, const Inspection& inspection);

}  // namespace spinenet::data
