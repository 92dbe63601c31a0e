// CVAT for images 1.1: one XML file with boxes, polygons and masks. Several polygons of one object have a group of
// their own, as CVAT's own COCO files join them.
//
// Thread contract: pure functions but for what is read.
// Source: the documentation of CVAT, "XML annotation format", version 1.1.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "data/convert/set_reading.h"

namespace spinenet::data {

// The file, or the folder with annotations.xml. Tracks (CVAT for video) are refused by name; turned boxes
// are left out and counted.
ReadSet read_cvat_set(const std::filesystem::path& source, const ReadSetOptions& options);
void parse_cvat(std::string_view text, std::string_view place, SetReading& reading);

std::vector<SetFile> write_cvat_set(const LabelledSet& set, Tally& left_out);

}  // namespace spinenet::data
