// `data convert`: a data set of one format as one of another, in a folder that belongs to the program.
//
// What both formats can say is kept: sizes, boxes and polygons to a millionth of a pixel, classes in their order, empty
// images, parts, file names. What the target cannot say is counted by kind.
//
// Thread contract: all functions may be called from any thread on different folders.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "base/json.h"
#include "data/convert/labelled_set.h"
#include "data/convert/set_reading.h"

namespace spinenet::data {

struct ConvertOptions {
  SetFormat from = SetFormat::coco, to = SetFormat::coco;
  ReadSetOptions read;
  bool zero_based = false;           // of Pascal VOC as source or target; see set_voc.h
  bool copy_images = false;          // into the folder where the target's readers look for them
  bool boxes_only = false;           // masks are left out
  std::filesystem::path class_file;  // where the list of classes was read from; empty: it was not read from a file
};

struct ConvertReport {
  int64_t images = 0, images_without_objects = 0, objects = 0, masks = 0, categories = 0;
  Tally not_read;                                   // what the source holds and is not kept, by kind
  Tally not_written;                                // what the target cannot say, by kind
  std::map<std::string, std::string> first_places;  // of what is not kept of the source
  int64_t file_count = 0;
};

ReadSet read_set(SetFormat format, const std::filesystem::path& source, const ReadSetOptions& options);
// The files of the format. ErrorKind::bad_data where two images would have the same file, or two classes one name that
// the format goes by.
std::vector<SetFile> write_set(SetFormat format, const LabelledSet& set, bool zero_based, Tally& left_out);

// Takes `out` before anything is read. ErrorKind::usage for a folder that is somebody else's, that holds any file which
// is read or copied, that lies in a folder which is searched at any depth, or in which a file of that name was not made
// here; then, and after every other refusal, nothing in it is changed.
ConvertReport convert_set(const std::filesystem::path& source, const std::filesystem::path& out,
                          const ConvertOptions& options);
Json to_json(const ConvertReport& report);

}  // namespace spinenet::data
