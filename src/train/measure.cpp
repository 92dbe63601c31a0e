#include "train/measure.h"

#include "base/progress.h"
#include "train/validate.h"

namespace spinenet {

std::vector<Result> detect_validation(const Program& program, const Parameters& parameters, Loader& loader,
                                      std::span<const Box> anchors, const RunData& data) {
  ValidateOptions options;
  options.classes = static_cast<int>(data.classes.size());
  options.category_ids = data.category_ids();
  Progress progress("measure", data.val->size());
  options.progress = [&](int64_t images) { progress.update(images); };
  return detect_all(program, parameters, loader, anchors, options);
}

Json metrics_line(int64_t step, const CocoEvaluation& evaluation) {
  Json line{{"step", step}};
  for (const auto& [name, value] : named_numbers(evaluation.metrics)) line[name] = value;
  return line;
}

}  // namespace spinenet
