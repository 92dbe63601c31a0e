// Label Studio's JSON: a list of tasks, each with the address of an image and annotations whose results are rectangles
// and polygons in percent of the image. The classes are in the labelling interface, label_config.xml beside it.
//
// Thread contract: pure functions but for what is read.
// Source: the documentation of Label Studio, "Label Studio JSON format of annotated tasks" and "RectangleLabels",
// "PolygonLabels".
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "data/convert/set_reading.h"

namespace spinenet::data {

// The images of a labelling interface: their names, which results give in to_name, and the keys of `data` that hold
// their addresses.
using LabelImages = std::map<std::string, std::string>;

// The file, or the folder with tasks.json. Brushes, turned images, objects of several labels, tasks with objects on
// several images and the export JSON-MIN are refused by name; turned boxes are left out and counted. Texts that read
// as a number or a flag are taken for one.
ReadSet read_label_studio_set(const std::filesystem::path& source, const ReadSetOptions& options);
void parse_label_studio(std::string text, std::string_view place, SetReading& reading, const LabelImages& images = {});
// The labels of a labelling interface, in its order.
LabelImages parse_label_config(std::string_view text, std::string_view place, SetReading& reading);

// The name of the image that an address means: "/data/upload/3/a.jpg" and "/data/local-files/?d=a%20b.jpg" without what
// stands before it, of other addresses with a scheme the last part, of all others the whole.
std::string name_in_address(std::string_view address);

// tasks.json, with addresses for Label Studio's local files, and label_config.xml.
std::vector<SetFile> write_label_studio_set(const LabelledSet& set, Tally& left_out);

}  // namespace spinenet::data
