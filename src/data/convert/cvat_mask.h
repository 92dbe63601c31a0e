// The run lengths of CVAT's masks: row by row of a rectangle, 0s first, while COCO's go column by column of the image.
//
// Thread contract: pure functions.
#pragma once

#include <string>
#include <string_view>

#include "detect/mask.h"

namespace spinenet::data {

struct CvatMask {
  detect::PixelRect rect;
  std::string runs;  // "3, 4, 2"
};

// Of a mask that is not empty.
CvatMask cvat_mask(const detect::Rle& rle);
// ErrorKind::bad_data for runs that do not fill the rectangle and for one that is not inside the image.
detect::Rle rle_of_cvat(const CvatMask& mask, int64_t height, int64_t width, std::string_view place);

}  // namespace spinenet::data
