// YAML as people write it in recipes: maps, lists and scalars, each with its line and column for messages. A scalar
// stays text: the field it belongs to decides whether it is a number, so `no` and `1.10` are not turned into something
// else.
//
// Refused, because it hurts later: duplicate keys, keys that are not scalars, tabs in the indentation, anchors, aliases
// and tags, several documents, nesting deeper than 32, text that is not UTF-8, more than 1 MiB.
// Thread contract: pure functions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace spinenet {

struct YamlNode {
  enum class Kind { null, plain, quoted, list, map };

  Kind kind = Kind::null;
  std::string text;             // of a plain or quoted scalar
  std::vector<YamlNode> items;  // of a list; of a map the values
  std::vector<YamlNode> keys;   // of a map, one for each item
  int line = 0, column = 0;     // from 1; 0 where it came from no text
};

// Nothing but space and comments gives a null. Errors are of the given kind and begin with "place:line:column".
YamlNode parse_yaml(std::string_view text, std::string_view place, ErrorKind kind = ErrorKind::bad_data);

bool is_utf8(std::string_view text);

// UTF-8 text as a YAML scalar: double-quoted unless it reads back the same without.
std::string yaml_text(std::string_view text);

// For messages: the text in quotes, cut where it is long.
std::string short_quote(std::string_view text);

}  // namespace spinenet
