#include "eval/cells.h"

#include <algorithm>
#include <array>
#include <limits>

#include "base/error.h"
#include "base/format.h"

namespace spinenet::eval {
namespace {

constexpr uint32_t kNone = std::numeric_limits<uint32_t>::max();

// From an id to its place in a list without repetition. Ids within a moderate range are looked up in a table.
class IdPlaces {
 public:
  explicit IdPlaces(std::span<const int64_t> list) : ids_(list.begin(), list.end()), places_(list.size()) {
    constexpr uint64_t kLargestTable = 1 << 22;
    if (ids_.empty()) return;
    for (size_t i = 0; i < places_.size(); ++i) places_[i] = static_cast<uint32_t>(i);
    std::sort(places_.begin(), places_.end(), [list](uint32_t a, uint32_t b) { return list[a] < list[b]; });
    for (size_t i = 0; i < ids_.size(); ++i) ids_[i] = list[places_[i]];
    const uint64_t range = static_cast<uint64_t>(ids_.back()) - static_cast<uint64_t>(ids_.front());
    if (range >= kLargestTable) return;
    table_.assign(range + 1, kNone);
    for (size_t i = 0; i < ids_.size(); ++i) table_[offset(ids_[i])] = places_[i];
  }

  uint32_t operator()(int64_t id) const {
    if (ids_.empty() || id < ids_.front() || id > ids_.back()) return kNone;
    if (!table_.empty()) return table_[offset(id)];
    const auto at = std::lower_bound(ids_.begin(), ids_.end(), id);
    return *at == id ? places_[static_cast<size_t>(at - ids_.begin())] : kNone;
  }

 private:
  size_t offset(int64_t id) const { return static_cast<uint64_t>(id) - static_cast<uint64_t>(ids_.front()); }

  std::vector<int64_t> ids_;  // ascending
  std::vector<uint32_t> places_;
  std::vector<uint32_t> table_;
};

template <class Item>
std::vector<const Item*> in_id_order(const std::vector<Item>& items) {
  std::vector<const Item*> order;
  order.reserve(items.size());
  for (const Item& item : items) order.push_back(&item);
  std::stable_sort(order.begin(), order.end(), [](const Item* a, const Item* b) { return a->id < b->id; });
  order.erase(std::unique(order.begin(), order.end(), [](const Item* a, const Item* b) { return a->id == b->id; }),
              order.end());
  return order;
}

template <class Item>
std::vector<int64_t> ids_of(const std::vector<const Item*>& items) {
  std::vector<int64_t> ids;
  ids.reserve(items.size());
  for (const Item* item : items) ids.push_back(item->id);
  return ids;
}

// Category and image of each item, as places; items without either are left out.
struct Keys {
  std::vector<uint32_t> item, category, image;

  void add(uint32_t at, uint32_t category_place, uint32_t image_place) {
    item.push_back(at);
    category.push_back(category_place);
    image.push_back(image_place);
  }
};

// A stable counting sort of `order` (places in `key`) by key.
void sort_by(const std::vector<uint32_t>& key, size_t values, std::vector<uint32_t>& order) {
  std::vector<uint32_t> begin(values + 1, 0);
  for (const uint32_t value : key) ++begin[value + 1];
  for (size_t i = 1; i < begin.size(); ++i) begin[i] += begin[i - 1];
  std::vector<uint32_t> sorted(order.size());
  for (const uint32_t at : order) sorted[begin[key[at]]++] = at;
  order.swap(sorted);
}

// Brings the keys into cell order.
void sort_keys(Keys& keys, size_t categories, size_t images, bool use_categories) {
  std::vector<uint32_t> order(keys.item.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = static_cast<uint32_t>(i);
  if (use_categories) {
    sort_by(keys.image, images, order);
    sort_by(keys.category, categories, order);
  } else {
    sort_by(keys.category, categories, order);
    sort_by(keys.image, images, order);
    std::fill(keys.category.begin(), keys.category.end(), 0);
  }
  const auto permute = [&order](std::vector<uint32_t>& values) {
    std::vector<uint32_t> sorted(values.size());
    for (size_t i = 0; i < order.size(); ++i) sorted[i] = values[order[i]];
    values.swap(sorted);
  };
  permute(keys.item);
  permute(keys.category);
  permute(keys.image);
}

Keys truth_keys(const detect::Annotations& annotations, const IdPlaces& categories, const IdPlaces& images) {
  Keys keys;
  for (size_t i = 0; i < annotations.annotations.size(); ++i) {
    const uint32_t category = categories(annotations.annotations[i].category_id);
    const uint32_t image = images(annotations.annotations[i].image_id);
    if (category != kNone && image != kNone) keys.add(static_cast<uint32_t>(i), category, image);
  }
  return keys;
}

[[noreturn]] void refuse_unknown_images(std::span<const detect::Result> results, const IdPlaces& images) {
  constexpr size_t kTold = 5;
  std::vector<int64_t> first;
  int64_t count = 0;
  for (const detect::Result& result : results) {
    if (images(result.image_id) != kNone) continue;
    ++count;
    const bool told = std::find(first.begin(), first.end(), result.image_id) != first.end();
    if (!told && first.size() < kTold) first.push_back(result.image_id);
  }
  fail(ErrorKind::bad_data,
       fmt::format("{} results are of images that the annotations do not have, such as image id {}", count,
                   fmt::join(first, ", ")),
       "results", "use the image ids of the annotation file");
}

Keys result_keys(std::span<const detect::Result> results, const IdPlaces& categories, const IdPlaces& images,
                 bool refuse_others) {
  Keys keys;
  for (std::vector<uint32_t>* list : {&keys.item, &keys.category, &keys.image}) list->reserve(results.size());
  for (size_t i = 0; i < results.size(); ++i) {
    const uint32_t category = categories(results[i].category_id);
    const uint32_t image = images(results[i].image_id);
    if (image == kNone && refuse_others) refuse_unknown_images(results, images);
    if (category != kNone && image != kNone) keys.add(static_cast<uint32_t>(i), category, image);
  }
  return keys;
}

// The runs of equal (category, image) in both lists, merged.
std::vector<Cell> merge_cells(const Keys& truths, const Keys& results) {
  std::vector<Cell> cells;
  const auto key = [](const Keys& keys, size_t at) {
    return at < keys.item.size() ? uint64_t{keys.category[at]} << 32 | keys.image[at] : ~uint64_t{0};
  };
  uint32_t truth = 0;
  uint32_t result = 0;
  while (truth < truths.item.size() || result < results.item.size()) {
    const uint64_t next = std::min(key(truths, truth), key(results, result));
    Cell cell;
    cell.category = static_cast<uint32_t>(next >> 32);
    cell.image = static_cast<uint32_t>(next);
    cell.truth_begin = truth;
    while (key(truths, truth) == next) ++truth;
    cell.truth_end = truth;
    cell.result_begin = result;
    while (key(results, result) == next) ++result;
    cell.result_end = result;
    cells.push_back(cell);
  }
  return cells;
}

// Fills in the cells of an index that has its categories and images.
void fill_cells(const detect::Annotations& annotations, std::span<const detect::Result> results,
                std::span<const int64_t> category_ids, bool use_categories, bool refuse_others, CellIndex& index) {
  const IdPlaces categories(category_ids);
  const IdPlaces images(ids_of(index.images));
  Keys truths = truth_keys(annotations, categories, images);
  Keys found = result_keys(results, categories, images, refuse_others);
  sort_keys(truths, index.categories.size(), index.images.size(), use_categories);
  sort_keys(found, index.categories.size(), index.images.size(), use_categories);
  index.cells = merge_cells(truths, found);
  index.truths = std::move(truths.item);
  index.results = std::move(found.item);
  const size_t count = use_categories ? index.categories.size() : 1;
  index.category_begin.assign(count + 1, 0);
  for (const Cell& cell : index.cells) ++index.category_begin[cell.category + 1];
  for (size_t k = 0; k < count; ++k) index.category_begin[k + 1] += index.category_begin[k];
}

}  // namespace

CellIndex index_cells(const detect::Annotations& annotations, std::span<const detect::Result> results,
                      bool use_categories) {
  CellIndex index;
  index.categories = in_id_order(annotations.categories);
  index.images = in_id_order(annotations.images);
  fill_cells(annotations, results, ids_of(index.categories), use_categories, true, index);
  return index;
}

CellIndex index_cells(const detect::Annotations& annotations, std::span<const detect::Result> results,
                      const CellSelection& selection) {
  CellIndex index;
  const std::vector<const detect::Category*> categories = in_id_order(annotations.categories);
  const std::vector<int64_t> known = ids_of(categories);
  const IdPlaces places(known);
  for (const int64_t id : selection.category_ids) {
    const uint32_t at = places(id);
    index.categories.push_back(at == kNone ? nullptr : categories[at]);
  }
  index.images = in_id_order(annotations.images);
  std::erase_if(index.images, [&selection](const detect::ImageInfo* image) {
    return !std::binary_search(selection.image_ids.begin(), selection.image_ids.end(), image->id);
  });
  fill_cells(annotations, results, selection.category_ids, selection.use_categories, false, index);
  return index;
}

}  // namespace spinenet::eval
