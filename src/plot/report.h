// The report of a run: one HTML text that holds everything it shows (styles, charts, images) and needs no network.
//
// All text comes from outside (names of classes, recipes, file names) and is escaped. Sections without data are left
// out. Thread contract: render_report is a function of its argument.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "plot/curves.h"
#include "plot/page.h"

namespace spinenet::plot {

// A chart of one or more series over training steps, in the order in which they are given.
struct ReportCurve {
  std::string title;
  std::string y_label;
  bool log_y = false;
  std::vector<Series> series;
};

// COCO numbers in [0, 1]; a negative one is undefined and shown as a dash.
struct ReportClass {
  int64_t id = 0;
  std::string name;
  int64_t objects = 0;
  double ap = -1;
  double ap50 = -1;
  double ap75 = -1;
  double recall = -1;
};

// counts[t * names.size() + p]: objects of class t that were found as class p. A last name such as "background" stands
// for missed objects (as column) and false alarms (as row).
struct ConfusionTable {
  std::vector<std::string> names;
  std::vector<double> counts;
};

// Rows of names and numbers with a bar for one of the numbers.
struct ReportTable {
  struct Row {
    std::string name;
    std::vector<double> values;  // one for each column; negative or not finite: a dash
  };
  std::string title, name_column;
  std::vector<std::string> columns;  // a number of images or the like first, then shares in [0, 1]
  std::vector<Row> rows;
  size_t bar = 1;  // the column that the bar shows
};

struct ReportImage {
  std::string label;
  std::string bytes;       // a whole PNG or JPEG file
  std::string truth = {};  // another one, with what is there; "": there is none
};

struct ReportData {
  std::string title;
  std::string subtitle;
  std::vector<ReportFact> headline;  // the few numbers that matter, shown large
  std::vector<ReportFact> facts;
  std::vector<ReportCurve> curves;
  std::vector<Series> precision_recall;  // x recall, y precision, both in [0, 1]
  std::vector<ReportClass> classes;
  std::vector<ReportTable> tables;
  std::vector<Series> calibration;  // x score, y share that was right, both in [0, 1]
  ConfusionTable confusion;
  std::vector<ReportImage> images;
  std::vector<std::string> notes;
  std::string recipe;
};

// ErrorKind::failed for an image that is neither PNG nor JPEG and for a confusion matrix of the wrong size.
std::string render_report(const ReportData& data);

}  // namespace spinenet::plot
