// What was measured about convolutions on machines like this one, kept in a file between runs.
//
// Invariant: a file that a user named and that is no such file is refused before anything is measured, and stays as it
// is. One that is broken in this program's own cache folder is named in a warning and written again.
// The file is replaced as a whole, with what others have added since it was read; of two that write at once one may
// lose what it added, which is then measured again. Thread contract: one thread at a time; several processes at once.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "engine/plan/plan.h"

namespace spinenet::engine {

// "" when the environment names no folder for such files.
std::filesystem::path default_choice_file();

// What such a file holds: of a machine and a shape the choice as text, which parse_choice takes.
using Choices = std::map<std::string, std::string>;
// ErrorKind::bad_data for a text that is none.
Choices parse_choices(std::string_view text, std::string_view place);
std::string to_text(const Choices& choices);

enum class ChoiceFile { named, own };  // by the user; in this program's cache folder

class ChoiceCache {
 public:
  // `machine`: what the choices were measured on; "" as `file`: nothing is kept. Of a named file ErrorKind::usage where
  // it is something else, ErrorKind::io where it cannot be written.
  ChoiceCache(std::filesystem::path file, std::string machine, ChoiceFile whose = ChoiceFile::named);

  std::optional<ConvChoice> find(const std::string& shape) const;
  void add(const std::string& shape, const ConvChoice& choice);
  // Writes what was added, if anything; a file that cannot be written is a warning.
  void save();

 private:
  void write(const std::string& text) const;

  std::filesystem::path file_;
  std::string machine_;
  ChoiceFile whose_;
  Choices known_, added_;
};

// Processor, instruction set and the version of the kernels.
std::string machine_text(std::string_view instructions);

}  // namespace spinenet::engine
