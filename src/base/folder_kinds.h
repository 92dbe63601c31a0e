// The folders that more than one module knows.
#pragma once

#include <array>
#include <string_view>

#include "base/owned_folder.h"

namespace spinenet {

inline constexpr std::array<std::string_view, 12> kTrainingRunFiles{"recipe.yaml",
                                                                    "metrics.jsonl",
                                                                    "timing.jsonl",
                                                                    "tensorboard/events.out.tfevents.*",
                                                                    "best.safetensors",
                                                                    "last.safetensors",
                                                                    "report.html",
                                                                    "checkpoints/step-*.safetensors",
                                                                    "failure.json",
                                                                    "carried-weights.json",
                                                                    "non-finite-step-*.json",
                                                                    "record.json"};
inline constexpr FolderKind kTrainingRun{"a training run", kTrainingRunFiles};

}  // namespace spinenet
