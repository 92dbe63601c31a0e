// What was measured about convolutions on machines like this one, kept in a file between runs.
//
// Invariant: a file that is broken or of another kind is never an error: it is named in a warning and written again.
// The file is replaced as a whole, with what others have added since it was read; of two that write at once one may
// lose what it added, which is then measured again. Thread contract: one thread at a time; several processes at once.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>

#include "engine/plan/plan.h"

namespace spinenet::engine {

// "" when the environment names no folder for such files.
std::filesystem::path default_choice_file();

class ChoiceCache {
 public:
  // `machine`: what the choices were measured on; "" as `file`: nothing is kept.
  ChoiceCache(std::filesystem::path file, std::string machine);

  std::optional<ConvChoice> find(const std::string& shape) const;
  void add(const std::string& shape, const ConvChoice& choice);
  // Writes what was added, if anything; a file that cannot be written is a warning.
  void save();

 private:
  std::filesystem::path file_;
  std::string machine_;
  std::map<std::string, std::string> known_, added_;
};

// Processor, instruction set and the version of the kernels.
std::string machine_text(std::string_view instructions);

}  // namespace spinenet::engine
