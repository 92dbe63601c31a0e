// The page of a comparison of architectures: what they reach against what they cost, by object size, how they learned,
// what each says of the same images. One HTML text that needs no network.
//
// Thread contract: render_compare_page is a function of its argument.
#pragma once

#include <string>
#include <vector>

#include "plot/bars.h"
#include "plot/curves.h"
#include "plot/page.h"

namespace spinenet::plot {

struct ComparedPicture {
  std::string label;
  std::string jpeg;  // a whole file
};

struct ComparePage {
  struct BarGroup {
    std::string title;  // "small"
    std::vector<Bar> bars;
  };

  std::string title, subtitle;
  std::vector<std::string> notes;
  std::string metric;  // "AP"
  PageTable table;
  std::vector<Series> costs;   // x multiply-adds in millions: one point for each architecture, with its spread
  std::vector<Series> curves;  // x step: the mean over the seeds, with its spread
  std::vector<BarGroup> sizes;
  // One row for each image: the truth, then what each architecture predicts.
  std::vector<std::vector<ComparedPicture>> pictures;
  std::vector<ReportFact> facts;
};

std::string render_compare_page(const ComparePage& page);

}  // namespace spinenet::plot
