#include "graph/network_cost.h"

#include "base/error.h"

namespace spinenet {

Cost network_cost(const Architecture& architecture, Task task, const LowerOptions& options) {
  switch (task) {
    case Task::detect:
      return cost(lower_detector(architecture, options));
    case Task::classify:
      return cost(lower_classifier(architecture, options));
    case Task::segment:
      break;
  }
  fail(ErrorKind::unsupported, "task segment", "", "this version detects and classifies");
}

}  // namespace spinenet
