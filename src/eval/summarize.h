// The twelve numbers and the numbers per class, from an evaluation's arrays.
#pragma once

#include <span>

#include "eval/coco_ap.h"

namespace spinenet::eval {

// The mean in the order of additions of numpy before 2.3, so that the last digit is the same: chunks of 8192 values one
// after the other, each summed pairwise (down to blocks of 128 in eight lanes). numpy 2.3 and later sum all in one
// chunk, which changes the last digit of some means of more than 8192 values. -1 of nothing.
double numpy_mean(std::span<const double> values);

// Names and ids of `metrics.per_class` are given (one entry per category); all numbers are filled in.
void summarize(CocoEvaluation& evaluation);

}  // namespace spinenet::eval
