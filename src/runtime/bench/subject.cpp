#include "runtime/bench/subject.h"

#include "arch/families.h"
#include "arch/task.h"
#include "arch/text.h"
#include "graph/description.h"
#include "graph/weights.h"
#include "runtime/networks.h"

namespace spinenet::runtime {
namespace {

Model untrained_model(const SubjectOptions& options) {
  Model model{options.name, {}, arch::find_architecture(options.name)};
  const arch::Task task =
      options.task.empty() ? arch::default_task(model.architecture) : arch::task_named(options.task);
  const graph::DescribeOptions usual = graph::default_describe_options(task);
  model.file.architecture = arch::to_json(model.architecture);
  model.file.task = name_of(task);
  model.file.image_size = options.size > 0 ? options.size : usual.image_size;
  const int classes = options.classes > 0 ? options.classes : usual.classes;
  for (int k = 0; k < classes; ++k) model.file.classes.push_back({k, ""});
  for (const graph::Program& program : lower_networks(model)) {
    model.file.weights.merge(graph::initial_weights(program, {}, 1));
  }
  return model;
}

}  // namespace

Model open_subject(const SubjectOptions& options) {
  if (!is_model_path(options.name)) return untrained_model(options);
  Model model = open_stored_model(options.name);
  model.stored->check_values();
  if (options.size > 0) model.file.image_size = options.size;
  return model;
}

}  // namespace spinenet::runtime
