// Names of the pyramids in mmdetection's files of detectors ("neck."): of HRFPN, and of the FPN on a DetNet.
//
// mmdetection's RetinaNet has no activation between its two coarsest levels, which no architecture here has: of a
// ResNet the pyramid is not taken. Thread contract: pure function.
#pragma once

#include <string>
#include <string_view>

#include "formats/import/naming.h"

namespace spinenet::formats {

// The source's name of a pyramid's parameter; "" where the source has no pyramid of this architecture's kind and width,
// or not this level of it.
std::string neck_name(std::string_view ours, const NamingRequest& request);

}  // namespace spinenet::formats
