// A model made of weights that another program published, and the account of every tensor.
//
// Nothing is guessed: a parameter of the network is taken by a rule of the source's naming, or begins with a first
// value; a source tensor is taken, or left and listed. The import fails where a tensor that a rule wants is missing, of
// another shape, or unreadable; but the last layer of a classifier (head.dense) may be missing or have other classes,
// it then begins with first values, as do the predicting layers of a YOLO head for other classes.
//
// Thread contract: pure function.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "arch/task.h"
#include "base/json.h"
#include "formats/model_file.h"

namespace spinenet::runtime {

struct ImportOptions {
  std::string architecture;                       // a known name or the path of an architecture JSON
  std::optional<arch::Task> task = {};            // nothing: the architecture's usual one
  std::vector<formats::ModelClass> classes = {};  // empty: as many as the source has
  bool number_classes = false;  // gives them ids from the source's first on, and those names that are ""
  int image_size = 0;           // 0: what the source was measured at, or the task's usual one
  uint64_t seed = 0;            // of first values
  bool averages = false;        // those of a TensorFlow checkpoint in place of its weights
  std::optional<arch::Activation> activation = {};  // nothing: the source's, or the architecture's
  std::optional<double> epsilon = {};               // of the batch norms; nothing: the usual one of such sources
};

// Each list in the order of names.
struct ImportReport {
  std::string format, naming;        // "PyTorch (ZIP)", "torchvision, timm"
  std::string opened;                // the entry of the file that was taken ("model_ema"); "" for the whole
  std::string prefix;                // dropped from all names ("module.")
  size_t taken = 0;                  // parameters of the network
  size_t averages = 0;               // moving averages beside the weights
  bool averages_taken = false;       // in place of them
  std::vector<std::string> left;     // source tensors that nothing wants
  std::vector<std::string> other;    // parameters that begin with first values for the source's have another shape
  std::vector<std::string> missing;  // and those that it does not have
  std::vector<std::string> entries;  // of the source that are no tensors, with what they are
  size_t ignored = 0;                // tensors that no network needs: counts of batches and operations
  uint64_t seed = 0;                 // of the first values
};

struct ImportedModel {
  formats::ModelFile model;
  ImportReport report;
};

ImportedModel import_model(const std::filesystem::path& source, const ImportOptions& options);

Json to_json(const ImportReport& report);
// For people: counts, and the first names of each list.
std::string to_table(const ImportReport& report);

}  // namespace spinenet::runtime
