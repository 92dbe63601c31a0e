#include "cli/bench_subject.h"

#include "arch/families.h"
#include "cli/description.h"
#include "cli/precision.h"
#include "graph/weights.h"
#include "runtime/detector.h"
#include "runtime/model.h"

namespace spinenet::cli {
namespace {

void lower_into(Subject& subject) {
  const graph::LowerOptions lower{
      .height = subject.input_size, .width = subject.input_size, .classes = subject.classes};
  switch (subject.task) {
    case arch::Task::detect:
      subject.program = graph::lower_detector(subject.architecture, lower);
      break;
    case arch::Task::classify:
      subject.program = graph::lower_classifier(subject.architecture, lower);
      break;
    case arch::Task::segment:
      subject.network = graph::lower_two_stage(subject.architecture, lower);
      subject.program = subject.network.trunk;
      break;
  }
}

Weights first_weights(const Subject& subject) {
  if (subject.task != arch::Task::segment) return graph::initial_weights(subject.program, {}, 1);
  Weights all;
  for (const graph::Program& program : graph::programs_of(subject.network))
    all.merge(graph::initial_weights(program, {}, 1));
  return all;
}

}  // namespace

Subject open_subject(const SubjectOptions& options) {
  Subject subject;
  subject.image_size = options.size;
  subject.classes = options.classes;
  if (runtime::is_model_path(options.name)) {
    runtime::Model model = runtime::open_model(options.name);
    subject.architecture = std::move(model.architecture);
    subject.task = arch::task_named(model.file.task);
    subject.classes = static_cast<int>(model.file.classes.size());
    if (options.size == 0) subject.image_size = model.file.image_size;
    subject.calibration = calibration_of(model.file, options.name);
    subject.weights = std::move(model.file.weights);
  } else {
    subject.architecture = arch::find_architecture(options.name);
    subject.task = options.task.empty() ? arch::default_task(subject.architecture) : arch::task_named(options.task);
    const DescribeOptions usual = default_describe_options(subject.task);
    if (options.size == 0) subject.image_size = usual.image_size;
    if (options.classes == 0) subject.classes = usual.classes;
  }
  arch::require_task(subject.architecture, subject.task);
  subject.input_size = subject.task == arch::Task::classify
                           ? subject.image_size
                           : runtime::input_size(subject.image_size, subject.architecture.max_level);
  lower_into(subject);
  if (subject.weights.empty()) subject.weights = first_weights(subject);
  return subject;
}

}  // namespace spinenet::cli
