// XML files as trees, for Pascal VOC and CVAT. No document type is read, so there are no entities but the five of XML
// itself and nothing is fetched from elsewhere. At most 64 levels deep and 20,000,000 elements.
//
// Thread contract: pure functions.
// Source: XML 1.0; parsed by expat.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace spinenet::data {

struct XmlNode {
  std::string name;
  std::vector<std::pair<std::string, std::string>> attributes;
  std::string text;  // all of its own text, without spaces at the ends
  std::vector<XmlNode> children;
  int line = 0;

  const XmlNode* child(std::string_view wanted) const;          // the first; nullptr without one
  const std::string* attribute(std::string_view wanted) const;  // nullptr without one
  std::string_view text_of(std::string_view wanted) const;      // of the first child of that name, or ""
};

// ErrorKind::bad_data with place, line and column for what is no well-formed XML, and for a document type.
XmlNode parse_xml(std::string_view text, std::string_view place);

// As text or as a value in quotes. ErrorKind::unsupported for control characters, which XML cannot say.
std::string xml_text(std::string_view text);

}  // namespace spinenet::data
