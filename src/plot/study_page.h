// The page of an architecture search: how scores rose over trials, what they cost, what the good networks have in
// common, the best ones drawn. One HTML text that needs no network.
//
// Thread contract: render_study_page is a function of its argument.
#pragma once

#include <string>
#include <vector>

#include "plot/bars.h"
#include "plot/curves.h"
#include "plot/heat_map.h"
#include "plot/page.h"

namespace spinenet::plot {

struct StudyNetwork {
  std::string label;  // "trial 12: AP 0.431, 124 M multiply-adds"
  std::string svg;    // architecture_svg
};

struct StudyPage {
  std::string title, subtitle;
  std::vector<ReportFact> headline, facts;
  std::vector<std::string> notes;
  std::string score_name = "AP";
  Series scores;                               // x trial, y score
  std::vector<Series> best_so_far;             // this study first, then those it is compared with
  std::vector<Series> costs;                   // x multiply-adds in millions, y score: all, then the Pareto front
  HeatMap levels_all, levels_best;             // rows places in the order, columns levels; of all and of the best
  std::vector<Bar> parents_all, parents_best;  // how far back a parent stands: share of the connections
  std::vector<StudyNetwork> networks;
  PageTable best, failures;
  std::string recipe;
};

std::string render_study_page(const StudyPage& page);

}  // namespace spinenet::plot
