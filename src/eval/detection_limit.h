// What COCO's protocol leaves uncounted: of each image and category only so many results of the highest scores count
// (100), and a model gives no more objects of an image either.
//
// Thread contract: pure functions.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "detect/annotations.h"
#include "detect/detections.h"

namespace spinenet::eval {

struct BeyondLimit {
  int64_t crowded_images = 0;  // with more objects to find than the limit, crowd regions aside
  int64_t most_objects = 0;    // of one image
  bool of_category = true;     // the limit of results is that of each category
  int64_t images = 0;          // with more results (of one category) than the limit
  int64_t results = 0;         // that do not count
};

// What counts for nothing of the results. Without categories all results of an image count together.
BeyondLimit beyond_limit(const detect::Annotations& annotations, std::span<const detect::Result> results, int limit,
                         bool use_categories = true);

// The images with more objects than a model gives; says nothing of results that are already there.
void add_crowded_images(const detect::Annotations& annotations, int limit, BeyondLimit& beyond);

// One line that counts them, or "" where all is within the limit.
std::string to_text(const BeyondLimit& beyond, int limit);

}  // namespace spinenet::eval
