#include "data/coco/coco_findings.h"

#include <algorithm>

#include "base/error.h"
#include "base/format.h"
#include "base/printable.h"

namespace spinenet::data {
namespace {

constexpr size_t kKept = 5;
constexpr Severity kW = Severity::warning;
constexpr Severity kE = Severity::error;

constexpr std::array<FaultRule, kFaultCount> kRules{{
    {"not valid JSON", kE, false, "write the file again: it is cut off or damaged"},
    {"empty file", kE, false, "write the file again"},
    {"byte order mark at the start", kW, true, "save the file as plain UTF-8"},
    {"trailing comma or comment", kE, false, "remove it: JSON has neither"},
    {"NaN or Infinity", kE, false, "JSON has no such number; find out what wrote it"},
    {"key twice in one object", kE, false, "keep one of the two"},
    {"nested too deeply", kE, false, "a COCO file needs five levels; this is something else"},
    {"over the size limit", kE, false, "split the file"},
    {"invalid UTF-8", kE, false, "save the file as UTF-8"},
    {"top level is not an object", kE, false, "expected an object with images, annotations and categories"},
    {"list missing", kE, false, "add it, empty if there is nothing to say"},
    {"bad id", kE, false, "ids are integers from 0 to 2^53, not strings"},
    {"image id used twice", kE, false, "give each image its own id"},
    {"annotation id used twice", kE, true, "renumber the annotations"},
    {"category id used twice", kE, false, "give each category its own id"},
    {"category name missing or used twice", kW, false, "give each category its own name"},
    {"annotation of an unknown image", kE, true, "drop the annotation or add the image"},
    {"annotation of an unknown category", kE, true, "drop the annotation or add the category"},
    {"bbox is not four numbers", kE, true, "write bbox as [x, y, width, height] in pixels"},
    {"negative width or height", kE, true, "take the box of the mask, or write [x, y, width, height]"},
    {"box without area", kW, true, "take the box of the mask, or drop the annotation"},
    {"box outside the image", kE, true, "take the box of the mask, or check the image's width and height"},
    {"box partly outside the image", kW, true, "clip the box, or check the image's width and height"},
    {"huge number", kE, true, "coordinates are pixels of the image"},
    {"boxes look like x1, y1, x2, y2", kW, false, "COCO boxes are [x, y, width, height]: convert them"},
    {"boxes look normalised to 0..1", kW, false, "COCO boxes are in pixels: multiply by the image's size"},
    {"area missing or wrong", kW, true, "compute it again from the mask or the box"},
    {"bad polygon", kE, true, "a polygon is a list of x, y pairs, three or more"},
    {"polygon crosses itself", kW, false, "draw it again if the mask looks wrong"},
    {"bad run-length code", kE, true, "size is [height, width] of the image and the counts sum to height * width"},
    {"iscrowd missing or a boolean", kW, true, "write 1 for a crowd region, else 0"},
    {"crowd given as polygons", kW, false, "crowd regions are run-length codes in COCO"},
    {"image size missing or not that of the file", kE, true, "take the size from the upright image file"},
    {"image file missing or not decodable", kE, false, "restore the file or remove the image from the list"},
    {"image repeated", kW, false, "keep one of the two, or the same pixels are learned and measured"},
    {"unsafe file name", kE, false, "name files relative to the image folder, inside it"},
    {"value that a field cannot have", kE, false, "write a value of the type that the field has"},
    {"area is not a number of 0 or more", kE, true, "compute it again from the mask or the box"},
    {"value of another type, converted", kW, true, "write a value of the type that the field has"},
    {"category name that is no text", kE, false, "write the name as a text"},
    {"annotation repeated", kW, false, "keep one of the two: an object counts once"},
    {"mask missing", kE, false, "draw it, or use the set to detect boxes"},
    {"image without a class or of several", kE, false, "annotate each image with one category"},
    {"nearly equal image in the other set", kW, false, "keep both images in the same set"},
    {"one group of images in both sets", kW, false, "keep the images of one video or one original in the same set"},
    {"annotations of an image that its file turns", kE, false,
     "store the image upright (exiftran -a) where they are of the upright image, else remove the orientation from it"},
}};

}  // namespace

const FaultRule& rule(Fault fault) {
  return kRules[static_cast<size_t>(fault)];
}

std::string code(Fault fault) {
  return fmt::format("D{:03}", static_cast<int>(fault) + 1);
}

bool can_be_skipped(Fault fault) {
  const bool of_an_entry = fault >= Fault::bad_id && fault <= Fault::unreadable_image;
  return of_an_entry || fault == Fault::wrong_value || fault == Fault::bad_area;
}

std::string Place::pointer() const {
  return key.empty() ? fmt::format("/{}/{}", list, index) : fmt::format("/{}/{}/{}", list, index, key);
}

void FindingLog::add(Fault fault, const Place& place, std::string_view message) {
  const bool keep = kept_[static_cast<size_t>(fault)].size() < kKept;
  add(fault, keep ? std::string_view(place.pointer()) : std::string_view(), message);
}

void FindingLog::add(Fault fault, std::string_view pointer, std::string_view message) {
  const FaultRule& of = rule(fault);
  ++counts_[static_cast<size_t>(fault)];
  ++total_;
  if (of.severity == kE) ++errors_;
  std::vector<Finding>& kept = kept_[static_cast<size_t>(fault)];
  if (kept.size() >= kKept) return;
  kept.push_back(
      {code(fault), of.severity, std::string(pointer), std::string(message), std::string(of.remedy), of.fixable});
}

std::map<std::string, int64_t> FindingLog::counts() const {
  std::map<std::string, int64_t> counts;
  for (int i = 0; i < kFaultCount; ++i) {
    if (counts_[static_cast<size_t>(i)] > 0) counts[code(static_cast<Fault>(i))] = counts_[static_cast<size_t>(i)];
  }
  return counts;
}

std::vector<Finding> FindingLog::findings() const {
  std::vector<Finding> all;
  for (const std::vector<Finding>& kept : kept_) all.insert(all.end(), kept.begin(), kept.end());
  return all;
}

void FindingLog::refuse_errors(std::string_view file, bool skip) const {
  int64_t total = 0;
  std::vector<Finding> refused;
  for (size_t i = 0; i < kRules.size(); ++i) {
    if (kRules[i].severity != kE || (skip && can_be_skipped(static_cast<Fault>(i)))) continue;
    total += counts_[i];
    refused.insert(refused.end(), kept_[i].begin(), kept_[i].end());
  }
  if (total == 0) return;
  if (total == 1) {
    const Finding& only = refused.front();
    const std::string_view colon = only.place.empty() ? "" : ": ";
    fail(ErrorKind::bad_data,
         fmt::format("{}{}{} ({})", printable(only.place), colon, printable(only.message), only.code), file,
         only.remedy);
  }
  std::string what = fmt::format("{} faults", total);
  for (size_t i = 0; i < std::min(refused.size(), kKept); ++i) {
    what += fmt::format("\n  {} {}: {}; {}", refused[i].code, printable(refused[i].place),
                        printable(refused[i].message), refused[i].remedy);
  }
  fail(ErrorKind::bad_data, what, file, "`spinenet data check` lists them, and `spinenet data fix` repairs some");
}

}  // namespace spinenet::data
