// Pascal VOC data sets: Annotations/NAME.xml for each image in JPEGImages, ImageSets/Main/PART.txt with the names of
// each part, and labelmap.txt (of CVAT and Datumaro), which alone lists the classes.
//
// Corners count pixels from 1 and the lower right pixel belongs to the box: x1 = xmin - 1, x2 = xmax. Many tools write
// corners from 0 instead; ReadSetOptions::zero_based takes (and write_voc_set writes) them as they are.
//
// Thread contract: pure functions but for what is read.
// Source: "The PASCAL Visual Object Classes Challenge 2012 Development Kit", sections 3 and 8.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "data/convert/set_reading.h"

namespace spinenet::data {

// The folder with Annotations and JPEGImages, or one that has XML files and images beside each other. Parts are those
// of the lists in ImageSets/Main; a name of trainval.txt alone is one to train on. An image without an XML file has no
// objects.
ReadSet read_voc_set(const std::filesystem::path& source, const ReadSetOptions& options);

struct VocPlace {
  std::string_view place;  // for messages
  std::string stem;        // the name of the XML file below Annotations, without suffix
  SetPart part = SetPart::all;
  std::filesystem::path images;         // where the image may be; empty: not known
  std::vector<std::string> found = {};  // the images of that stem there
};
// Adds the image of one XML file.
void parse_voc(std::string_view text, const VocPlace& place, SetReading& reading);

std::vector<SetFile> write_voc_set(const LabelledSet& set, bool zero_based, Tally& left_out);

}  // namespace spinenet::data
