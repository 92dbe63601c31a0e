// The command line as plain data: what completion scripts (completion.h), manual pages (man_page.h) and help
// (help_text.h) are written from. Its one source is the program's own parser (cli/command_table.h).
//
// Thread contract: plain data and pure functions.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace spinenet::manual {

enum class PathKind { none, file, folder };

// What stands behind an option, or for an argument.
struct Value {
  std::string name;                       // as the help shows it: "FILE"; "" of an option that takes no value
  std::vector<std::string> choices = {};  // the names that it may be
  PathKind path = PathKind::none;         // what it may be beside them
  bool repeated = false;                  // there may be several
  bool operator==(const Value&) const = default;
};

struct Option {
  std::vector<std::string> names;  // "-q", "--quiet"
  std::string description;         // with what holds where it is not given
  Value value;
  bool required = false;
};

struct Argument {
  std::string description;
  Value value;
  bool required = false;
};

struct Command {
  std::string name;        // "check"; of the first one that of the program
  std::string summary;     // one line
  std::string notes = {};  // examples and remarks, as they stand below the help
  std::vector<Option> options = {};
  std::vector<Argument> arguments = {};
  std::vector<Command> commands = {};
  std::string group = {};  // what it is for, as a heading: "Search for a network"; commands of one group are neighbours
};

// How every text says what holds where an option is not given: "[default: 5]".
std::string default_text(std::string_view standard);

// Calls `visit` for the program and every command below it, with the words that lead there: "", "data", "data check".
void for_each_command(const Command& program,
                      const std::function<void(const std::string& words, const Command&)>& visit);

// The command that the words behind the program's name lead to. ErrorKind::usage with the nearest name.
const Command& find_command(const Command& program, std::span<const std::string> words);

}  // namespace spinenet::manual
