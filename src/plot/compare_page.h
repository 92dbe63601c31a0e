// The page of a comparison of architectures: what they reach against what they cost, by how much they differ from one
// of them, by object size, how they learned, what each says of the same images. One HTML text that needs no network.
//
// Thread contract: render_compare_page is a function of its argument.
#pragma once

#include <string>
#include <vector>

#include "plot/bars.h"
#include "plot/curves.h"
#include "plot/page.h"

namespace spinenet::plot {

struct ComparedImage {
  std::string label;
  std::string jpeg;  // a whole file
};

struct ComparePage {
  struct BarGroup {
    std::string title;  // "small"
    std::vector<Bar> bars;
  };

  struct DifferenceCurves {
    std::string number;          // "AP_agnostic"
    std::vector<Series> curves;  // x step: the difference from the baseline, the interval as its spread
  };

  std::string title, subtitle;
  std::vector<std::string> notes;
  std::string metric;  // "AP"
  PageTable networks, table;
  std::vector<Series> costs;   // x multiply-adds in millions: one point for each architecture, with its spread
  std::vector<Series> curves;  // x step: the mean over the seeds, with its spread
  PageTable differences;
  std::string differences_note;
  std::vector<DifferenceCurves> difference_curves;
  std::vector<BarGroup> sizes;
  // One row for each image: the truth, then what each architecture predicts.
  std::vector<std::vector<ComparedImage>> images;
  std::vector<ReportFact> facts;
};

std::string render_compare_page(const ComparePage& page);

}  // namespace spinenet::plot
