#include "arch/task.h"

#include "base/error.h"
#include "base/format.h"

namespace spinenet::arch {

Task task_named(std::string_view name) {
  return parse_enum<Task>(ErrorKind::usage, "task", name);
}

bool can_do(const Architecture& architecture, Task task) {
  if (task == Task::segment && architecture.head_kind == HeadKind::yolo) return false;
  return task == Task::classify || has_pyramid(architecture);
}

void require_task(const Architecture& architecture, Task task) {
  if (can_do(architecture, task)) return;
  if (has_pyramid(architecture)) {
    fail(ErrorKind::usage, "a YOLO head gives boxes and no masks", fmt::format("architecture {}", architecture.name),
         "use one whose head_kind is retina, spinenet-49 say");
  }
  fail(ErrorKind::usage, fmt::format("a backbone without a pyramid of levels cannot {}", name_of(task)),
       fmt::format("architecture {}", architecture.name), "use one with a pyramid, resnet-50-fpn say");
}

Task default_task(const Architecture& architecture) {
  return can_do(architecture, Task::detect) ? Task::detect : Task::classify;
}

}  // namespace spinenet::arch
