// What LibTorch does for the verbs, for the main of spinenet-train.
//
// Thread contract: the main thread alone.
#pragma once

#include "cli/training.h"
#include "runtime/device.h"

namespace spinenet::cli {

Training make_training();
runtime::DeviceForward make_other_device();

}  // namespace spinenet::cli
