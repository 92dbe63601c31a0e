// COCO files as a LabelledSet: one file for each part, named all, train, val and test.json. The flags that COCO has no
// key for are in an object `attributes` of the annotation, as CVAT and Datumaro write it.
//
// Thread contract: pure functions but for what is read.
#pragma once

#include <string>
#include <vector>

#include "data/convert/set_reading.h"

namespace spinenet::data {

// A file, or a folder with such files, itself or in its `annotations`. Errors as read_coco; ErrorKind::bad_data where
// the files of the parts list other categories.
ReadSet read_coco_set(const std::filesystem::path& source, const ReadSetOptions& options);
// annotations/PART.json. Ids are those of the set where each image (annotation) of a part has one of its own, else they
// count from 1, which is counted where it changes them.
std::vector<SetFile> write_coco_set(const LabelledSet& set, Tally& left_out);

}  // namespace spinenet::data
