#include "data/loading/coco_dataset.h"

#include <algorithm>
#include <limits>
#include <numeric>
#include <unordered_map>
#include <utility>

#include "base/error.h"
#include "base/format.h"
#include "image/decode.h"

namespace spinenet::data {
namespace {

template <class T>
int64_t heap_bytes(const std::vector<T>& items) {
  return static_cast<int64_t>(items.capacity() * sizeof(T));
}

// Where the part of item `index` begins in an array cut at `ends`.
int64_t begin_of(const std::vector<int64_t>& ends, int64_t index) {
  return index == 0 ? 0 : ends[static_cast<size_t>(index - 1)];
}

size_t find(const std::unordered_map<int64_t, size_t>& known, int64_t id, const detect::Annotation& annotation,
            std::string_view what) {
  const auto found = known.find(id);
  if (found != known.end()) return found->second;
  fail(ErrorKind::bad_data, fmt::format("annotation {} is of the unknown {} {}", annotation.id, what, id), "",
       "give the data set the class list and images of the same file");
}

}  // namespace

CocoDataset::CocoDataset(const detect::Annotations& annotations, const std::filesystem::path& image_dir,
                         std::vector<detect::Category> classes)
    : root_(image_dir), classes_(std::move(classes)) {
  add_images(annotations);
  add_targets(annotations);
}

void CocoDataset::add_images(const detect::Annotations& annotations) {
  const size_t n = annotations.images.size();
  image_ids_.reserve(n);
  sizes_.reserve(n);
  name_ends_.reserve(n);
  for (const detect::ImageInfo& image : annotations.images) {
    const int64_t side = std::max(image.height, image.width);
    if (std::min(image.height, image.width) < 1 || side > std::numeric_limits<int32_t>::max()) {
      fail(ErrorKind::bad_data, fmt::format("an image of {} x {} pixels (width x height)", image.width, image.height),
           image.file_name);
    }
    image_ids_.push_back(image.id);
    sizes_.push_back({static_cast<int32_t>(image.height), static_cast<int32_t>(image.width)});
    names_ += image.file_name;
    name_ends_.push_back(static_cast<int64_t>(names_.size()));
  }
  names_.shrink_to_fit();
}

// A counting sort by image: how many each gets, then every box to its place.
void CocoDataset::add_targets(const detect::Annotations& annotations) {
  std::unordered_map<int64_t, size_t> image_of_id;
  for (size_t i = 0; i < image_ids_.size(); ++i) image_of_id.emplace(image_ids_[i], i);
  std::unordered_map<int64_t, size_t> label_of_id;
  for (size_t i = 0; i < classes_.size(); ++i) label_of_id.emplace(classes_[i].id, i);

  struct Placed {
    size_t image, annotation;
    Target target;
  };
  std::vector<Placed> boxes;
  boxes.reserve(annotations.annotations.size());
  target_ends_.assign(image_ids_.size(), 0);
  for (size_t i = 0; i < annotations.annotations.size(); ++i) {
    const detect::Annotation& annotation = annotations.annotations[i];
    const size_t image = find(image_of_id, annotation.image_id, annotation, "image");
    const size_t label = find(label_of_id, annotation.category_id, annotation, "category");
    const auto& [x, y, w, h] = annotation.bbox;
    const detect::Box whole{static_cast<float>(x), static_cast<float>(y), static_cast<float>(x + w),
                            static_cast<float>(y + h)};
    const detect::Box box =
        detect::clip(whole, static_cast<float>(sizes_[image].width), static_cast<float>(sizes_[image].height));
    if (!(box.width() > 0 && box.height() > 0)) {
      ++dropped_boxes_;
      continue;
    }
    boxes.push_back({image, i, {box, static_cast<int>(label), annotation.crowd}});
    ++target_ends_[image];
  }
  std::partial_sum(target_ends_.begin(), target_ends_.end(), target_ends_.begin());
  targets_.resize(boxes.size());
  std::vector<int64_t> next(image_ids_.size());
  for (size_t i = 0; i < next.size(); ++i) next[i] = begin_of(target_ends_, static_cast<int64_t>(i));
  std::vector<size_t> order(boxes.size());
  for (const Placed& placed : boxes) {
    const auto place = static_cast<size_t>(next[placed.image]++);
    targets_[place] = placed.target;
    order[place] = placed.annotation;
  }
  add_masks(annotations, order);
}

void CocoDataset::add_masks(const detect::Annotations& annotations, const std::vector<size_t>& order) {
  for (size_t i = 0; i < order.size(); ++i) {
    if (targets_[i].crowd) continue;
    ++(annotations.annotations[order[i]].segmentation.empty() ? without_mask_ : with_mask_);
  }
  if (with_mask_ == 0) return;
  for (size_t i = 0; i < order.size(); ++i) {
    masks_.add(targets_[i].crowd ? detect::Segmentation{} : annotations.annotations[order[i]].segmentation);
  }
}

std::span<const Target> CocoDataset::targets(int64_t index) const {
  const int64_t begin = begin_of(target_ends_, index);
  const int64_t end = target_ends_[static_cast<size_t>(index)];
  return std::span(targets_).subspan(static_cast<size_t>(begin), static_cast<size_t>(end - begin));
}

detect::Extent CocoDataset::extent(int64_t index) const {
  const Size& size = sizes_[static_cast<size_t>(index)];
  return {size.height, size.width};
}

std::string_view CocoDataset::file_name(int64_t index) const {
  const int64_t begin = begin_of(name_ends_, index);
  const int64_t end = name_ends_[static_cast<size_t>(index)];
  return std::string_view(names_).substr(static_cast<size_t>(begin), static_cast<size_t>(end - begin));
}

LabelledImage CocoDataset::get(int64_t index) const {
  const std::filesystem::path path = root_.resolve(file_name(index));
  LabelledImage sample;
  sample.image_id = image_ids_[static_cast<size_t>(index)];
  sample.image = image::read_image(path);
  const Size& size = sizes_[static_cast<size_t>(index)];
  if (sample.image.height != size.height || sample.image.width != size.width) {
    fail(ErrorKind::bad_data,
         fmt::format("the upright image is {} x {} (width x height), its annotations say {} x {}", sample.image.width,
                     sample.image.height, size.width, size.height),
         path.string(), "see `spinenet data check`; `spinenet data fix` takes the sizes from the files");
  }
  const std::span<const Target> found = targets(index);
  sample.targets.assign(found.begin(), found.end());
  const int64_t first = begin_of(target_ends_, index);
  for (int64_t i = first; masks_.size() > 0 && i < target_ends_[static_cast<size_t>(index)]; ++i) {
    sample.masks.push_back({masks_.get(i), {}, {}});
  }
  return sample;
}

int64_t CocoDataset::index_bytes() const {
  return heap_bytes(classes_) + heap_bytes(image_ids_) + heap_bytes(sizes_) + static_cast<int64_t>(names_.capacity()) +
         heap_bytes(name_ends_) + heap_bytes(targets_) + heap_bytes(target_ends_) + masks_.heap_bytes();
}

}  // namespace spinenet::data
