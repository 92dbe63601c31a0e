// The known architectures by name: SpineNet-49S/49/96/143/143L/190 and R0-SP53 (Figure 4, Tables 1 and 2),
// SpineNet-Mobile-49XS/49S/49 (section 4.4), and
// ResNet-50/101/152 with FPN, with NAS-FPN and alone as the baselines; VGG-16, CSPDarknet-53, EfficientNet-Lite0, HRNet
// and DetNet-59 alone and under a pyramid; YOLOv4 and YOLOv4-tiny. 49S has endpoints of width 256 under heads of
// 128, as the published figures; "spinenet-49s-e128" is the variant with endpoints of 128.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "arch/architecture.h"

namespace spinenet::arch {

std::span<const std::string> architecture_names();

// ErrorKind::usage with the nearest name when there is none of that name.
Architecture named_architecture(std::string_view name);

// A name of the list above, or the path of an architecture JSON file.
Architecture find_architecture(std::string_view name_or_path);

}  // namespace spinenet::arch
