// Which images a Pascal VOC data set has, and of what part each is: its XML files, its lists in ImageSets/Main and its
// images.
//
// Thread contract: pure functions but for what is read. Only this folder's .cpp files include this header.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "data/convert/set_reading.h"

namespace spinenet::data {

struct VocFolders {
  std::filesystem::path source, annotations;
  std::filesystem::path images;  // empty: not known
};
// Annotations and JPEGImages of the source (or annotations and images), else both in the source itself. ErrorKind::io
// where there is no such folder.
VocFolders voc_folders(const std::filesystem::path& source, const ReadSetOptions& options);

struct VocFile {
  std::string stem;  // below Annotations, without suffix
  SetPart part = SetPart::all;
  std::filesystem::path xml;        // empty: there is none
  std::vector<std::string> images;  // of that stem, below the folder of the images
};
// In the order of the lists; then XML files that no list names and images without one, each in the order of names. An
// image without an XML file has no objects, which is counted. ErrorKind::bad_data for a listed name that is neither.
std::vector<VocFile> voc_files(const VocFolders& folders, SetReading& reading);

}  // namespace spinenet::data
