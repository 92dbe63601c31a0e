// Checks a COCO annotation file, and its image files where a folder is given, for the 36 kinds of fault in
// coco_findings.h, and writes a repaired copy.
//
// A fault of the text as a whole (D001, D002, D004 to D009) ends the check: there is nothing more to look at.
//
// Thread contract: all functions may be called from any thread.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/output.h"
#include "data/coco/coco_files.h"
#include "data/coco/coco_findings.h"
#include "data/coco/coco_limits.h"

namespace spinenet::data {

struct CheckOptions {
  CocoLimits limits;
  FileCheckOptions files;
  // A second set (validation beside training): images with the same pixels are reported.
  std::filesystem::path other_annotations, other_image_dir;
};

struct CheckReport {
  std::map<std::string, int64_t> counts;  // by code, those that occurred
  std::vector<Finding> findings;          // the first five of each code, in the order of the codes
  int64_t errors = 0, warnings = 0;
  int64_t images = 0, annotations = 0, categories = 0;  // sound ones
};

// An empty image_dir leaves the files alone.
CheckReport check_coco(const std::filesystem::path& annotation_path, const std::filesystem::path& image_dir = {},
                       const CheckOptions& options = {});
CheckReport check_coco_text(std::string text, const std::filesystem::path& image_dir = {},
                            const CheckOptions& options = {});
Json to_json(const CheckReport& report);

struct FixReport {
  CheckReport before;
  std::map<std::string, int64_t> repaired;  // by code
  int64_t dropped_annotations = 0;
};

// Writes a copy without the fixable faults; everything else stays as it is, unknown keys included. ErrorKind::bad_data
// when the text as a whole is faulty. Faults that are not fixable remain: check the copy.
FixReport fix_coco(const std::filesystem::path& annotation_path, const std::filesystem::path& image_dir,
                   const Output& output, const CheckOptions& options = {});
// The same on text; `repaired` receives the copy.
FixReport fix_coco_text(const std::string& text, const std::filesystem::path& image_dir, std::string& repaired,
                        const CheckOptions& options = {});

}  // namespace spinenet::data
