#include <algorithm>
#include <future>
#include <memory>
#include <span>
#include <unordered_map>
#include <utility>

#include "base/error.h"
#include "base/format.h"
#include "base/thread_pool.h"
#include "data/coco/coco.h"
#include "data/coco/coco_document.h"
#include "data/coco/coco_fields.h"
#include "data/coco/coco_values.h"

namespace spinenet::data {
namespace {

namespace dom = simdjson::dom;
using ImagesById = std::unordered_map<int64_t, const detect::ImageInfo*>;

constexpr size_t kTold = 5;  // faults that a message spells out

// What is wrong with entries: the first five in words, the others counted.
class Complaints {
 public:
  void add(int64_t position, std::string_view what) {
    ++count_;
    if (told_.size() < kTold) told_.push_back(fmt::format("\n  /{}: {}", position, what));
  }
  // Those of later entries.
  void append(const Complaints& later) {
    count_ += later.count_;
    for (const std::string& one : later.told_) {
      if (told_.size() < kTold) told_.push_back(one);
    }
  }
  void refuse(std::string_view place) const {
    if (count_ == 0) return;
    fail(ErrorKind::bad_data, fmt::format("{} results cannot be used:{}", count_, fmt::join(told_, "")), place,
         "write image_id, category_id, bbox [x, y, width, height] or segmentation, and score, with the ids of the "
         "annotation file");
  }

 private:
  int64_t count_ = 0;
  std::vector<std::string> told_;
};

// Ids that no image has: the first five distinct ones and the number of results.
class UnknownImages {
 public:
  void add(int64_t id) {
    ++count_;
    tell(id);
  }
  // Those of later entries.
  void append(const UnknownImages& later) {
    count_ += later.count_;
    for (const int64_t id : later.ids_) tell(id);
  }
  void refuse(std::string_view place) const {
    if (count_ == 0) return;
    fail(ErrorKind::bad_data,
         fmt::format("{} results are of images that the annotation file does not have: image_id {}{}", count_,
                     fmt::join(ids_, " "), count_ > static_cast<int64_t>(ids_.size()) ? " ..." : ""),
         place, "use the image ids of the annotation file, found by file name");
  }

 private:
  void tell(int64_t id) {
    if (ids_.size() < kTold && std::ranges::find(ids_, id) == ids_.end()) ids_.push_back(id);
  }

  int64_t count_ = 0;
  std::vector<int64_t> ids_;
};

// An empty list is none, as for the COCO API.
bool given(Field field, const MaybeElement& element) {
  if (reading_of(field, element) == Reading::converted) return false;
  dom::array list;
  return element->get(list) != simdjson::SUCCESS || list.begin() != list.end();
}

// "" or what is wrong.
std::string read_geometry(const AnnotationFields& fields, const detect::ImageInfo& image, detect::Result& result) {
  std::string why;
  if (given(Field::result_segmentation, fields.segmentation)) {
    why = why_refused(Field::result_segmentation, fields.segmentation);
    std::optional<detect::Rle> rle = why.empty() ? read_rle(*fields.segmentation, why) : std::nullopt;
    if (!rle) return fmt::format("the segmentation {}", why);
    if (rle->height != image.height || rle->width != image.width) {
      return fmt::format("the mask's size is [{}, {}], the image's is [{}, {}]", rle->height, rle->width, image.height,
                         image.width);
    }
    result.mask = std::move(*rle);
  }
  if (!given(Field::result_bbox, fields.bbox)) {
    if (result.mask.counts.empty()) return "has neither bbox nor segmentation";
    const std::vector<double> box = detect::bounding_box(result.mask);
    std::copy_n(box.begin(), 4, result.bbox.begin());
    result.box_from_mask = true;
    return "";
  }
  const auto bbox = read_bbox(Field::result_bbox, fields.bbox, why);
  if (!bbox) return fmt::format("the bbox {}", why);
  if (is_huge(*bbox)) return "the bbox holds a huge number";
  result.bbox = *bbox;
  return "";
}

// "" or what is wrong.
std::string read_result(dom::element entry, const ImagesById& images, UnknownImages& unknown, detect::Result& result) {
  dom::object object;
  if (entry.get(object) != simdjson::SUCCESS) return "is not an object";
  const AnnotationFields fields(object);
  std::string why;
  const std::optional<int64_t> image_id = read_id(Field::result_image_id, fields.image_id, why);
  if (!image_id) return fmt::format("image_id {}", why);
  const std::optional<int64_t> category_id = read_id(Field::result_category_id, fields.category_id, why);
  if (!category_id) return fmt::format("category_id {}", why);
  why = why_refused(Field::result_score, fields.score);
  if (!why.empty()) return fmt::format("score {}", why);
  result.image_id = *image_id;
  result.category_id = *category_id;
  result.score = read_number(*fields.score).value_or(0);
  const auto image = images.find(*image_id);
  if (image == images.end()) {
    unknown.add(*image_id);
    return "";
  }
  return read_geometry(fields, *image->second, result);
}

// Entries one after another, and what is wrong with them.
struct Stretch {
  Complaints complaints;
  UnknownImages unknown;

  void read(std::span<const dom::element> entries, size_t first, const ImagesById& images,
            std::span<detect::Result> results) {
    for (size_t i = 0; i < entries.size(); ++i) {
      const std::string wrong = read_result(entries[i], images, unknown, results[i]);
      if (!wrong.empty()) complaints.add(static_cast<int64_t>(first + i), wrong);
    }
  }
};

// Decoding masks takes most of the time, so stretches of the list are read on all cores; messages are as if it had been
// read in order.
std::vector<detect::Result> read_entries(const std::vector<dom::element>& entries, const ImagesById& images,
                                         std::string_view place) {
  constexpr size_t kLength = 2048;
  std::vector<detect::Result> results(entries.size());
  std::vector<Stretch> stretches((entries.size() + kLength - 1) / kLength);
  const auto read = [&](int64_t k) {
    const size_t first = static_cast<size_t>(k) * kLength;
    const size_t count = std::min(kLength, entries.size() - first);
    stretches[static_cast<size_t>(k)].read(std::span(entries).subspan(first, count), first, images,
                                           std::span(results).subspan(first, count));
  };
  const int extra_threads = std::min(available_cores(), static_cast<int>(stretches.size())) - 1;
  if (extra_threads > 0) {
    ThreadPool(extra_threads).parallel_for(static_cast<int64_t>(stretches.size()), read);
  } else {
    for (size_t k = 0; k < stretches.size(); ++k) read(static_cast<int64_t>(k));
  }
  Stretch all;
  for (const Stretch& stretch : stretches) {
    all.complaints.append(stretch.complaints);
    all.unknown.append(stretch.unknown);
  }
  all.unknown.refuse(place);
  all.complaints.refuse(place);
  return results;
}

// A results file without its errors of syntax; what its entries mean depends on the annotations.
struct ParsedResults {
  std::string place;
  std::unique_ptr<const CocoDocument> document;
};

ParsedResults parse(std::string text, std::string_view place, const CocoLimits& limits, FindingLog& log) {
  log.refuse_errors(place);
  auto document = std::make_unique<const CocoDocument>(std::move(text), limits, log);
  log.refuse_errors(place);
  return {std::string(place), std::move(document)};
}

ParsedResults parse_file(const std::filesystem::path& path, const CocoLimits& limits) {
  FindingLog log;
  std::string text = read_limited(path.string(), limits, log);
  return parse(std::move(text), path.string(), limits, log);
}

std::vector<detect::Result> entries_of(const ParsedResults& parsed, const detect::Annotations& truth) {
  dom::array list;
  if (parsed.document->root().get(list) != simdjson::SUCCESS) {
    fail(ErrorKind::bad_data, "the top level is not a list", parsed.place,
         "results are a list of objects, one per detection");
  }
  ImagesById images;
  for (const detect::ImageInfo& image : truth.images) images.emplace(image.id, &image);
  return read_entries(std::vector<dom::element>(list.begin(), list.end()), images, parsed.place);
}

}  // namespace

std::vector<detect::Result> read_results(const std::filesystem::path& path, const detect::Annotations& truth,
                                         const CocoLimits& limits) {
  return entries_of(parse_file(path, limits), truth);
}

TruthAndResults read_truth_and_results(const std::filesystem::path& annotations, const CocoReadOptions& options,
                                       const std::filesystem::path& results, int threads) {
  const bool beside = (threads > 0 ? threads : available_cores()) > 1;
  // Both: where the system gives no thread, the library reads one file after the other.
  const auto when = beside ? std::launch::async | std::launch::deferred : std::launch::deferred;
  std::future<ParsedResults> parsed = std::async(when, [&] { return parse_file(results, options.limits); });
  TruthAndResults found{read_coco(annotations, options), {}};
  found.results = entries_of(parsed.get(), found.truth);
  return found;
}

std::vector<detect::Result> parse_results(std::string text, std::string_view place, const detect::Annotations& truth,
                                          const CocoLimits& limits) {
  FindingLog log;
  return entries_of(parse(std::move(text), place, limits, log), truth);
}

}  // namespace spinenet::data
