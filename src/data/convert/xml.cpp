#include "data/convert/xml.h"

#include <algorithm>
#include <memory>

#include <expat.h>

#include "base/error.h"
#include "base/format.h"
#include "base/printable.h"
#include "data/convert/set_text.h"

namespace spinenet::data {
namespace {

constexpr size_t kMaxXmlDepth = 64;
constexpr int64_t kMaxXmlNodes = 20'000'000;

// The callbacks are called by C code, so they throw nothing: a fault stops the parser and is kept.
class XmlReader {
 public:
  XmlReader() : parser_(XML_ParserCreate(nullptr)) {
    if (!parser_) fail(ErrorKind::failed, "no memory for the XML parser");
    XML_SetUserData(parser_.get(), this);
    XML_SetElementHandler(parser_.get(), open, close);
    XML_SetCharacterDataHandler(parser_.get(), add_text);
    XML_SetStartDoctypeDeclHandler(parser_.get(), refuse_doctype);
  }

  XmlNode read(std::string_view text, std::string_view place) {
    constexpr size_t kPart = size_t{1} << 20;
    do {
      const size_t length = std::min(kPart, text.size());
      const bool last = length == text.size();
      if (XML_Parse(parser_.get(), text.data(), static_cast<int>(length), last) != XML_STATUS_OK) refuse(place);
      text.remove_prefix(length);
      if (last) break;
    } while (true);
    return std::move(root_);
  }

 private:
  struct Free {
    void operator()(XML_Parser parser) const { XML_ParserFree(parser); }
  };

  [[noreturn]] void refuse(std::string_view place) {
    XML_Parser parser = parser_.get();
    const std::string why = fault_.empty() ? XML_ErrorString(XML_GetErrorCode(parser)) : fault_;
    fail(ErrorKind::bad_data,
         fmt::format("line {}, column {}: {}", XML_GetCurrentLineNumber(parser), XML_GetCurrentColumnNumber(parser) + 1,
                     why),
         place, fault_.empty() ? "write it again, as well-formed XML" : "leave that out");
  }

  void stop(std::string why) {
    fault_ = std::move(why);
    XML_StopParser(parser_.get(), XML_FALSE);
  }

  static void open(void* user, const XML_Char* name, const XML_Char** attributes) {
    auto& reader = *static_cast<XmlReader*>(user);
    if (!reader.fault_.empty()) return;
    if (reader.path_.size() >= kMaxXmlDepth) return reader.stop("elements are nested deeper than 64 levels");
    if (++reader.nodes_ > kMaxXmlNodes) return reader.stop("there are more than 20,000,000 elements");
    XmlNode node;
    node.name = name;
    node.line = static_cast<int>(XML_GetCurrentLineNumber(reader.parser_.get()));
    for (; *attributes != nullptr; attributes += 2) node.attributes.emplace_back(attributes[0], attributes[1]);
    XmlNode& placed = reader.path_.empty() ? reader.root_ : reader.path_.back()->children.emplace_back();
    placed = std::move(node);
    reader.path_.push_back(&placed);  // stays where it is: its siblings come after it has closed
  }

  static void close(void* user, const XML_Char* /*name*/) {
    auto& reader = *static_cast<XmlReader*>(user);
    if (!reader.fault_.empty() || reader.path_.empty()) return;
    std::string& text = reader.path_.back()->text;
    text = std::string(trimmed(text));
    reader.path_.pop_back();
  }

  static void add_text(void* user, const XML_Char* text, int length) {
    auto& reader = *static_cast<XmlReader*>(user);
    if (reader.fault_.empty() && !reader.path_.empty()) {
      reader.path_.back()->text.append(text, static_cast<size_t>(length));
    }
  }

  static void refuse_doctype(void* user, const XML_Char* /*name*/, const XML_Char* /*system*/,
                             const XML_Char* /*public_name*/, int /*has_inner*/) {
    static_cast<XmlReader*>(user)->stop("has a document type, which could define or fetch entities");
  }

  std::unique_ptr<XML_ParserStruct, Free> parser_;
  XmlNode root_;
  std::vector<XmlNode*> path_;
  int64_t nodes_ = 0;
  std::string fault_;
};

[[noreturn]] void refuse_in_xml(std::string_view text) {
  fail(ErrorKind::unsupported, fmt::format("XML cannot say the name \"{}\"", printable(text)), "",
       "name it without control characters");
}

}  // namespace

const XmlNode* XmlNode::child(std::string_view wanted) const {
  const auto found = std::find_if(children.begin(), children.end(), [&](const XmlNode& c) { return c.name == wanted; });
  return found == children.end() ? nullptr : &*found;
}

const std::string* XmlNode::attribute(std::string_view wanted) const {
  for (const auto& [key, value] : attributes) {
    if (key == wanted) return &value;
  }
  return nullptr;
}

std::string_view XmlNode::text_of(std::string_view wanted) const {
  const XmlNode* found = child(wanted);
  return found == nullptr ? std::string_view() : std::string_view(found->text);
}

XmlNode parse_xml(std::string_view text, std::string_view place) {
  return XmlReader().read(text, place);
}

std::string xml_text(std::string_view text) {
  const bool has_no_character =  // U+FFFE and U+FFFF
      text.find("\xEF\xBF\xBE") != std::string_view::npos || text.find("\xEF\xBF\xBF") != std::string_view::npos;
  if (has_no_character) refuse_in_xml(text);
  std::string escaped;
  for (const char c : text) {
    switch (c) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      case '\t':
      case '\n':
      case '\r':
        escaped += fmt::format("&#{};", static_cast<int>(c));
        break;
      default:
        if (static_cast<unsigned char>(c) < 0x20) refuse_in_xml(text);
        escaped += c;
    }
  }
  return escaped;
}

}  // namespace spinenet::data
