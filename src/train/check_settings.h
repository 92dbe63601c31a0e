// Settings that cannot train anything, found before the first step.
//
// Thread contract: pure functions.
#pragma once

#include "graph/program.h"
#include "train/class_data.h"
#include "train/recipe.h"
#include "train/run_data.h"

namespace spinenet::train {

// ErrorKind::bad_data for a training set without an object, and for one to measure on without an object where training
// ends early by what is measured (its AP is undefined).
void check_objects(const Recipe& recipe, const RunData& data);
// ErrorKind::bad_data for fewer than two classes: there is nothing to tell apart.
void check_classes(const ClassData& data);

// ErrorKind::bad_data for an augmentation that the task has no use for: what moves or mixes objects where there are
// none, masks that are pasted where none are read.
void check_augmentation(const Recipe& recipe);
// ErrorKind::usage for a setting that the kind of schedule has no use for.
void check_schedule(const Recipe& recipe);

// ErrorKind::usage where a batch norm would see one value of each channel: its output is then the same for every image.
// `images`: those of a batch that one process normalises together.
void check_batch_norms(const graph::Program& program, int64_t images);

}  // namespace spinenet::train
