// What a network answers of an image, and so which head stands on its backbone.
//
// Thread contract: pure functions.
#pragma once

#include <string_view>

#include "arch/architecture.h"

namespace spinenet::arch {

enum class Task {
  detect,    // boxes with classes: the head of RetinaNet or of YOLO
  segment,   // boxes with classes and masks: the two stages of Mask R-CNN
  classify,  // one class of the whole image
};
constexpr auto names(Task) {
  using enum Task;
  return named<Task>({{detect, "detect"}, {segment, "segment"}, {classify, "classify"}});
}

// ErrorKind::usage with the nearest name when there is none of that name.
Task task_named(std::string_view name);

// Every backbone classifies; boxes and masks need a pyramid of levels, and masks a head_kind that is not YOLO's.
bool can_do(const Architecture& architecture, Task task);
// ErrorKind::usage when it cannot.
void require_task(const Architecture& architecture, Task task);
// The task of a network when nothing else is said: detect where there is a pyramid, else classify.
Task default_task(const Architecture& architecture);

}  // namespace spinenet::arch
