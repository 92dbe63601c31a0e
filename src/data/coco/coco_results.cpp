#include <algorithm>
#include <iterator>
#include <mutex>
#include <optional>
#include <span>
#include <unordered_map>
#include <utility>

#include "base/error.h"
#include "base/format.h"
#include "base/large_pages.h"
#include "base/thread_pool.h"
#include "data/coco/coco.h"
#include "data/coco/coco_document.h"
#include "data/coco/coco_fields.h"
#include "data/coco/coco_values.h"
#include "data/coco/list_pieces.h"

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
  bool any() const { return count_ > 0; }
  void refuse(std::string_view place) const {
    if (!any()) return;
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
  bool any() const { return count_ > 0; }
  void refuse(std::string_view place) const {
    if (!any()) return;
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
                                         std::string_view place, int threads) {
  constexpr size_t kLength = 2048;
  std::vector<detect::Result> results(entries.size());
  std::vector<Stretch> stretches((entries.size() + kLength - 1) / kLength);
  const auto read = [&](int64_t k) {
    const size_t first = static_cast<size_t>(k) * kLength;
    const size_t count = std::min(kLength, entries.size() - first);
    stretches[static_cast<size_t>(k)].read(std::span(entries).subspan(first, count), first, images,
                                           std::span(results).subspan(first, count));
  };
  const int most = threads > 0 ? threads : available_cores();
  const int extra_threads = std::min(most, static_cast<int>(stretches.size())) - 1;
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

ImagesById by_id(const detect::Annotations& truth) {
  ImagesById images;
  images.reserve(truth.images.size());
  for (const detect::ImageInfo& image : truth.images) images.emplace(image.id, &image);
  return images;
}

// Results of pieces, put together in the order of the file as they come: what one piece took serves the next again.
class ResultParts {
 public:
  explicit ResultParts(size_t count) : waiting_(count) {}

  void put(size_t at, std::vector<detect::Result> results) {
    const std::lock_guard lock(mutex_);
    waiting_[at] = std::move(results);
    for (; next_ < waiting_.size() && waiting_[next_]; ++next_) {
      std::vector<detect::Result> part = std::move(*waiting_[next_]);
      if (next_ == 0) expect(part.size() * waiting_.size());
      all_.insert(all_.end(), std::move_iterator(part.begin()), std::move_iterator(part.end()));
    }
  }
  std::vector<detect::Result> take() { return std::move(all_); }

 private:
  // About as many in all, as all pieces but the last are of one length.
  void expect(size_t count) {
    all_.reserve(count + count / 16);
    prefer_large_pages(all_.data(), all_.capacity() * sizeof(detect::Result));
  }

  std::mutex mutex_;
  std::vector<std::optional<std::vector<detect::Result>>> waiting_;
  size_t next_ = 0;
  std::vector<detect::Result> all_;
};

// A large file without faults, in pieces. Nothing where it has to be read in one go, which also says what is wrong.
std::optional<std::vector<detect::Result>> read_in_pieces(std::string_view text, const ImagesById& images,
                                                          const CocoLimits& limits, const CocoPieces& pieces) {
  if (static_cast<int64_t>(text.size()) > limits.max_file_bytes) return std::nullopt;
  const std::optional<ListPieces> list = cut_list(text, pieces.bytes);
  if (!list) return std::nullopt;
  ResultParts parts(list->pieces.size());
  const bool sound = read_pieces(*list, limits, pieces.threads, [&](size_t at, dom::array entries) {
    UnknownImages unknown;
    std::vector<detect::Result> results;
    results.reserve(entries.size());
    for (const dom::element entry : entries) {
      if (!read_result(entry, images, unknown, results.emplace_back()).empty()) return false;
    }
    parts.put(at, std::move(results));
    return !unknown.any();
  });
  if (!sound) return std::nullopt;
  return parts.take();
}

}  // namespace

std::vector<detect::Result> parse_results(std::string text, std::string_view place, const detect::Annotations& truth,
                                          const CocoLimits& limits, const CocoPieces& pieces) {
  const ImagesById images = by_id(truth);
  if (auto results = read_in_pieces(text, images, limits, pieces)) return *std::move(results);
  FindingLog log;
  const CocoDocument document(std::move(text), limits, log);
  log.refuse_errors(place);
  dom::array list;
  if (document.root().get(list) != simdjson::SUCCESS) {
    fail(ErrorKind::bad_data, "the top level is not a list", place, "results are a list of objects, one per detection");
  }
  return read_entries(std::vector<dom::element>(list.begin(), list.end()), images, place, pieces.threads);
}

std::vector<detect::Result> read_results(const std::filesystem::path& path, const detect::Annotations& truth,
                                         const CocoLimits& limits, const CocoPieces& pieces) {
  FindingLog log;
  std::string text = read_limited(path.string(), limits, log);
  log.refuse_errors(path.string());
  return parse_results(std::move(text), path.string(), truth, limits, pieces);
}

TruthAndResults read_truth_and_results(const std::filesystem::path& annotations, const CocoReadOptions& options,
                                       const std::filesystem::path& results) {
  TruthAndResults found{read_coco(annotations, options), {}};
  found.results = read_results(results, found.truth, options.limits, options.pieces);
  return found;
}

}  // namespace spinenet::data
