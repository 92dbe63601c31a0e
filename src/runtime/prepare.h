// The one place where the networks of a model are made ready to run: compiled for this processor, or handed to another
// device.
//
// Thread contract: free functions on their arguments; a PreparedModel does not change. Several threads may make their
// own functions (detect_function.h) of one that runs in the engine; those of one that runs on another device share its
// Forwards, so they answer one call at a time.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "engine/compile/compile.h"
#include "graph/forward.h"
#include "graph/program.h"
#include "runtime/compile_networks.h"
#include "runtime/device.h"
#include "runtime/model.h"

namespace spinenet::runtime {

struct RunOptions {
  int image_size = 0;  // the longer side of an image is scaled to it; 0: the model's own
  int threads = 1;
  int batch = 1;  // images that the engine computes together at most
  // Nothing: the fastest format whose answers were found near enough to those in fp32 (choose_precision.h).
  std::optional<engine::Precision> precision = engine::Precision::fp32;
  bool autotune = false;  // each convolution in the way that is measured to be the fastest here
  std::optional<std::string> autotune_cache = {};  // the file that keeps what was measured; nothing: the user's cache
  // Keep packed weights in this folder, so that the next start packs nothing (packed_weights.h); "": nowhere.
  std::filesystem::path packed_folder = {};
  int64_t memory_limit = 0;     // as in engine::CompileOptions
  std::string device = "auto";  // cpu, cuda, cuda:N or auto
  DeviceForward other_device = {};
};

using NetworkForwards = std::vector<graph::Forward>;

struct PreparedModel {
  Model model;         // without its weights: the networks hold them
  int image_size = 0;  // of the networks
  int threads = 1;
  std::variant<NetworkPlans, NetworkForwards>
      networks;  // in the engine, or on another device; as networks_of() has them
  engine::Precision precision = engine::Precision::fp32;
};

// ErrorKind::usage for options out of range and for int8 of a model without a calibration; ErrorKind::bad_data when the
// weights do not fit the networks; ErrorKind::unsupported for a device that this program or machine does not have, and
// for a number format that the device does not compute with.
PreparedModel prepare(Model model, const RunOptions& options);

// The options as the engine has them, without the calibration that int8 needs; fp32 where they leave the format open.
engine::CompileOptions engine_options(const RunOptions& options);

}  // namespace spinenet::runtime
