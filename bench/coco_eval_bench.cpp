// Times the evaluator, loading included: coco_eval_bench ANNOTATIONS RESULTS bbox|segm [THREADS]. Prints one JSON line.
// coco_eval_peers.py makes the files and runs other evaluators beside this one.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "base/error.h"
#include "base/json.h"
#include "data/coco/coco.h"
#include "eval/coco_ap.h"

namespace spinenet {
namespace {

double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

void measure(const std::string& annotation_file, const std::string& result_file, const eval::CocoEvalOptions& options) {
  const double start = now();
  data::CocoReadOptions reading;
  reading.segmentations = options.iou == eval::IouType::segm;
  reading.pieces.threads = options.threads;
  const auto [annotations, results] = data::read_truth_and_results(annotation_file, reading, result_file);
  const double files_read = now();
  const eval::CocoEvaluation evaluation = eval::evaluate_coco(annotations, results, options);
  const double end = now();
  Json json{{"read_s", files_read - start}, {"evaluate_s", end - files_read}, {"total_s", end - start}};
  json["numbers"] = Json::array();
  for (const auto& [name, value] : eval::named_numbers(evaluation.metrics)) json["numbers"].push_back(value);
  std::puts(json.dump().c_str());
}

}  // namespace
}  // namespace spinenet

int main(int argc, char** argv) {
  if (argc < 4) {
    std::fputs("usage: coco_eval_bench ANNOTATIONS RESULTS bbox|segm [THREADS]\n", stderr);
    return 2;
  }
  spinenet::eval::CocoEvalOptions options;
  options.iou = std::string(argv[3]) == "segm" ? spinenet::eval::IouType::segm : spinenet::eval::IouType::bbox;
  if (argc > 4) options.threads = std::atoi(argv[4]);
  try {
    spinenet::measure(argv[1], argv[2], options);
  } catch (const spinenet::Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return spinenet::exit_status(error.kind());
  }
  return 0;
}
