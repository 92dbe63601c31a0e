// Which results of a cell overlap which of its truths, as far as a match is possible at all.
//
// Invariant: the numbers are those of the COCO API to the last bit: boxes in double precision, masks by their pixels,
// a crowd region by the share of the result that lies in it. Pairs below `lowest` are left out, most of them
// uncomputed. Thread contract: one CellOverlaps per thread.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "base/enum_names.h"
#include "eval/cells.h"

namespace spinenet::eval {

enum class IouType { bbox, segm };
constexpr auto names(IouType) {
  using enum IouType;
  return named<IouType>({{bbox, "bbox"}, {segm, "segm"}});
}

// Of x, y, width, height; with `crowd` the share of `detected` that lies in `truth`.
double box_iou(const std::array<double, 4>& detected, const std::array<double, 4>& truth, bool crowd);

struct Overlap {
  uint32_t truth = 0;  // place in the cell
  double iou = 0;
};

struct CellOverlaps {
  std::vector<Overlap> pairs;   // by result, then truth
  std::vector<uint32_t> begin;  // first pair of each result, and the end

  std::span<const Overlap> of(size_t result) const {
    return std::span(pairs).subspan(begin[result], begin[result + 1] - begin[result]);
  }
};

struct OverlapQuestion {
  const detect::Annotations* annotations = nullptr;
  std::span<const detect::Result> results;
  const CellIndex* index = nullptr;
  IouType iou = IouType::bbox;
  double lowest = 0;
};

// `kept` are places in question.results, in the order of the answer. ErrorKind::bad_data when masks are asked for and a
// truth has none.
void find_overlaps(const OverlapQuestion& question, const Cell& cell, std::span<const uint32_t> kept,
                   CellOverlaps& overlaps);

// Places in `results` of the cell's results by falling score (ties in their order), `limit` at most.
void by_score(const CellIndex& index, const Cell& cell, std::span<const detect::Result> results, size_t limit,
              std::vector<uint32_t>& order);

}  // namespace spinenet::eval
