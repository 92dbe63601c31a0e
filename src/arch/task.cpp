#include "arch/task.h"

#include <array>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/files.h"
#include "base/format.h"

namespace spinenet::arch {
namespace {

constexpr std::array kTasks{Task::detect, Task::segment, Task::classify};

}  // namespace

std::span<const Task> tasks() {
  return kTasks;
}

std::string_view name_of(Task task) {
  switch (task) {
    case Task::detect:
      return "detect";
    case Task::segment:
      return "segment";
    case Task::classify:
      return "classify";
  }
  return "";
}

Task task_named(std::string_view name) {
  std::vector<std::string> names;
  for (const Task task : kTasks) {
    if (name_of(task) == name) return task;
    names.emplace_back(name_of(task));
  }
  const std::string near = nearest_name(name, names);
  fail(ErrorKind::usage, fmt::format("unknown task \"{}\"", name), "",
       near.empty() ? fmt::format("use {}", fmt::join(names, ", ")) : fmt::format("did you mean {}?", near));
}

bool can_do(const Architecture& architecture, Task task) {
  return task == Task::classify || !std::holds_alternative<ResNet>(architecture.backbone);
}

void require_task(const Architecture& architecture, Task task) {
  if (can_do(architecture, task)) return;
  fail(ErrorKind::usage, fmt::format("a ResNet without a pyramid of levels cannot {}", name_of(task)),
       fmt::format("architecture {}", architecture.name), "use one with a pyramid, resnet-50-fpn say");
}

Task default_task(const Architecture& architecture) {
  return can_do(architecture, Task::detect) ? Task::detect : Task::classify;
}

}  // namespace spinenet::arch
