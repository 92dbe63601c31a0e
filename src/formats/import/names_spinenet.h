// The names under which TensorFlow's two programs publish SpineNet: the Model Garden (tf.train.Checkpoint, "garden")
// and the older TPU repository (tf.compat.v1.train.Saver, "tpu"), with a RetinaNet head or the heads of Mask R-CNN.
//
// What follows from the source, and is in Naming::architecture: how strided layers are padded, how connections pool by
// 8, the epsilon of batch norms, the order of the aspect ratios. Kernels are turned from [height, width, in, out]; the
// class outputs of a RetinaNet head lose that of the background, which its program never shows, and so do the boxes and
// masks of Mask R-CNN, whose background has none. Box codes are (dy, dx, dh, dw) in both, as ours are.
//
// Thread contract: pure functions.
// Source: tensorflow/models official/vision and tensorflow/tpu models/official/detection, as families.md 7.2 and
// docs/pretrained.md describe them.
#pragma once

#include <cstdint>
#include <optional>

#include "arch/architecture.h"
#include "arch/task.h"
#include "formats/import/naming.h"
#include "formats/import/source_tensors.h"

namespace spinenet::formats {

enum class SpineNetSource { garden, tpu };
constexpr auto names(SpineNetSource) {
  using enum SpineNetSource;
  return named<SpineNetSource>({{garden, "TensorFlow Model Garden"}, {tpu, "TensorFlow TPU repository"}});
}

// Which of the two names the file has; nothing where it has neither.
std::optional<SpineNetSource> spinenet_source(const SourceTensors& source);

// The head that a file has, and its classes: the background is none of a detector's, but the first of a classifier's,
// whose scores it shares in.
struct SpineNetHeads {
  std::optional<arch::Task> task;
  int64_t classes = 0;
};
SpineNetHeads spinenet_heads(const SourceTensors& source, const arch::Architecture& architecture);

// Rules for the backbone, and for the head of this task where the file has it for as many classes. The architecture is
// a scale-permuted one. ErrorKind::bad_data where the file's layers cannot be those of this architecture.
Naming spinenet_naming(const SourceTensors& source, const arch::Architecture& architecture, arch::Task task,
                       int64_t classes);

}  // namespace spinenet::formats
