// What a batch costs a detector with a YOLO head.
//
// All three losses are divided by the number of anchor cells with an object plus the number of images, both of the
// whole global batch: by the objects, so that a step is as long with few as with many, whatever the input size; by the
// images as well, so that batches of images without objects are no steps of another size (nn/yolo_loss.h).
//
// Thread contract: as Trainer.
#pragma once

#include <span>

#include "detect/yolo_head.h"
#include "nn/yolo_loss.h"
#include "train/trainer.h"

namespace spinenet::train {

// The parts: objectness_loss, classification_loss and box_loss. The batch has yolo_labels; the one program has the
// outputs yolo.p3.. of these levels.
BatchLosses yolo_batch_losses(const BatchPass& pass, std::span<const detect::YoloLevel> levels,
                              const nn::YoloLossOptions& options);

}  // namespace spinenet::train
