// Splits a data set in two by image, so that an architecture search can measure on images that it did not train on
// without ever looking at the validation set (SpineNet, section 4.2: images held out from the training set).
//
// Thread contract: a pure function.
#pragma once

#include <utility>

#include "detect/annotations.h"

namespace spinenet::data {

// The share of images to hold out, at least one and never all. First what stays, then what is held out; both have every
// category, and images and annotations in their old order. Depends on image ids and seed alone, so a set that grows
// keeps most of its split. ErrorKind::bad_data when there are fewer than two images.
std::pair<detect::Annotations, detect::Annotations> hold_out(const detect::Annotations& annotations, double share,
                                                             uint64_t seed = 1);

}  // namespace spinenet::data
