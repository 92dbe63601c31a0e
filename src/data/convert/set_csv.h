// CSV files with a header, one object a row: file, width, height, x1, y1, x2, y2, class and, where they are used, part,
// crowd, difficult, truncated, occluded, pose. An image without objects has one row without box and class.
//
// Read, too, are the headers of the TensorFlow Object Detection API (filename, width, height, class, xmin, ymin, xmax,
// ymax) and of Open Images (ImageID, LabelName, XMin, XMax, YMin, YMax, relative to the image, whose size is read from
// it). Columns go by their names; separators are commas, or semicolons where the header has no comma.
//
// Thread contract: pure functions but for what is read.
// Source: RFC 4180; the documentation of the two.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "data/convert/set_reading.h"

namespace spinenet::data {

ReadSet read_csv_set(const std::filesystem::path& source, const ReadSetOptions& options);
void parse_csv_set(std::string_view text, std::string_view place, SetReading& reading);

std::vector<SetFile> write_csv_set(const LabelledSet& set, Tally& left_out);

}  // namespace spinenet::data
