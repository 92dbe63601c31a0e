// Annotations and results sorted into cells: what one image holds of one category (or of all, where categories do not
// count). The unit of matching and of work for a thread.
//
// Invariant: cells are ordered by category, then by image id; within a cell both lists keep the order of their files
// (with categories not counting: by category id, then file), as in the COCO API. Every cell has a truth or a result.
// Truths and results of unknown categories, and truths of unknown images, are in no cell.
// Thread contract: plain data.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "detect/annotations.h"
#include "detect/detections.h"

namespace spinenet::eval {

struct Cell {
  uint32_t category = 0;  // place in category order; 0 where categories do not count
  uint32_t image = 0;     // place in image order
  uint32_t truth_begin = 0, truth_end = 0;
  uint32_t result_begin = 0, result_end = 0;

  uint32_t truth_count() const { return truth_end - truth_begin; }
  uint32_t result_count() const { return result_end - result_begin; }
};

struct CellIndex {
  std::vector<const detect::Category*> categories;  // in their order; null for an id without a category
  std::vector<const detect::ImageInfo*> images;     // by id, each id once
  std::vector<uint32_t> truths;                     // places in Annotations::annotations
  std::vector<uint32_t> results;                    // places in the results
  std::vector<Cell> cells;
  std::vector<uint32_t> category_begin;  // first cell of each category, and the end; one category where none count

  uint32_t category_count() const { return static_cast<uint32_t>(category_begin.size()) - 1; }
};

// ErrorKind::bad_data when results name images that are not in `annotations` (the first five ids and how many).
// The index points into `annotations`.
CellIndex index_cells(const detect::Annotations& annotations, std::span<const detect::Result> results,
                      bool use_categories);

// What is counted: all else is in no cell.
struct CellSelection {
  std::vector<int64_t> image_ids;     // ascending, each once; those that the annotations do not have are passed over
  std::vector<int64_t> category_ids;  // each once, in the order of the cells
  bool use_categories = true;
};
CellIndex index_cells(const detect::Annotations& annotations, std::span<const detect::Result> results,
                      const CellSelection& selection);

}  // namespace spinenet::eval
