#include "base/yaml.h"

#include <algorithm>
#include <array>
#include <map>
#include <utility>

#include <yaml.h>

#include "base/format.h"
#include "base/printable.h"
#include "base/yaml_file.h"

namespace spinenet {
namespace {

constexpr size_t kMaxYamlDepth = 32;
constexpr size_t kLongestQuote = 60;

struct Reader {
  std::string_view place;
  ErrorKind kind;

  [[noreturn]] void refuse(int line, int column, std::string_view what, std::string_view remedy = {}) const {
    fail(kind, what, fmt::format("{}:{}:{}", place, line, column), remedy);
  }
};

// Said here, because the parser's own words for these faults name no place or no remedy.
void check_characters(std::string_view text, const Reader& reader) {
  int line = 1;
  int column = 1;
  bool indentation = true;
  while (!text.empty()) {
    const char c = text.front();
    const size_t size = symbol_at(text, 0).bytes;
    if (size == 0) reader.refuse(line, column, "not UTF-8 text", "save the file as UTF-8");
    if (c == '\t' && indentation) reader.refuse(line, column, "a tab in the indentation", "indent with spaces");
    const bool control = static_cast<unsigned char>(c) < 0x20 && c != '\t' && c != '\n' && c != '\r';
    if (control || c == 0x7F) reader.refuse(line, column, fmt::format("control character 0x{:02x}", int{c}));
    indentation = c == '\n' || (indentation && c == ' ');
    line += c == '\n' ? 1 : 0;
    column = c == '\n' ? 1 : column + 1;
    text.remove_prefix(size);
  }
}

// libyaml's parser over a text, one event at a time.
class EventStream {
 public:
  EventStream(std::string_view text, const Reader& reader) : reader_(reader) {
    if (yaml_parser_initialize(&parser_) == 0) fail(ErrorKind::failed, "no memory for the YAML parser", reader.place);
    yaml_parser_set_encoding(&parser_, YAML_UTF8_ENCODING);
    const char* bytes = text.data() != nullptr ? text.data() : "";  // the library ends the process without any
    yaml_parser_set_input_string(&parser_, reinterpret_cast<const unsigned char*>(bytes), text.size());
  }
  EventStream(const EventStream&) = delete;
  EventStream& operator=(const EventStream&) = delete;
  ~EventStream() {
    yaml_event_delete(&event_);
    yaml_parser_delete(&parser_);
  }

  // Valid until the next call.
  const yaml_event_t& next() {
    yaml_event_delete(&event_);
    if (yaml_parser_parse(&parser_, &event_) == 0) {
      const yaml_mark_t& mark = parser_.problem_mark;
      const std::string_view problem = parser_.problem == nullptr ? "out of memory" : parser_.problem;
      reader_.refuse(static_cast<int>(mark.line) + 1, static_cast<int>(mark.column) + 1,
                     fmt::format("not valid YAML: {}", problem));
    }
    return event_;
  }

 private:
  Reader reader_;
  yaml_parser_t parser_{};
  yaml_event_t event_{};
};

std::string_view text_of(const yaml_char_t* text) {
  return text == nullptr ? std::string_view() : reinterpret_cast<const char*>(text);
}

// Builds the tree from the events. `open_` holds the lists and maps around the next node, outermost first.
class TreeBuilder {
 public:
  explicit TreeBuilder(const Reader& reader) : reader_(reader) {}

  YamlNode take() { return std::move(root_); }

  void take_event(const yaml_event_t& event) {
    YamlNode node;
    node.line = static_cast<int>(event.start_mark.line) + 1;
    node.column = static_cast<int>(event.start_mark.column) + 1;
    switch (event.type) {
      case YAML_DOCUMENT_START_EVENT:
        if (++documents_ > 1) refuse(node, "a second document begins", "keep one document a file");
        break;
      case YAML_ALIAS_EVENT:
        refuse(node, "aliases (*name) are not supported", "write the value out");
      case YAML_SCALAR_EVENT:
        check_plain(node, event.data.scalar.anchor, event.data.scalar.tag);
        add(scalar(std::move(node), event));
        break;
      case YAML_SEQUENCE_START_EVENT:
        check_plain(node, event.data.sequence_start.anchor, event.data.sequence_start.tag);
        node.kind = YamlNode::Kind::list;
        open(std::move(node));
        break;
      case YAML_MAPPING_START_EVENT:
        check_plain(node, event.data.mapping_start.anchor, event.data.mapping_start.tag);
        node.kind = YamlNode::Kind::map;
        open(std::move(node));
        break;
      case YAML_SEQUENCE_END_EVENT:
      case YAML_MAPPING_END_EVENT:
        close();
        break;
      default:
        break;
    }
  }

 private:
  static YamlNode scalar(YamlNode node, const yaml_event_t& event) {
    const auto& scalar = event.data.scalar;
    node.text.assign(reinterpret_cast<const char*>(scalar.value), scalar.length);
    const bool plain = scalar.style == YAML_PLAIN_SCALAR_STYLE;
    node.kind = plain ? YamlNode::Kind::plain : YamlNode::Kind::quoted;
    if (plain && (node.text.empty() || node.text == "~" || node.text == "null")) node.kind = YamlNode::Kind::null;
    return node;
  }

  void check_plain(const YamlNode& node, const yaml_char_t* anchor, const yaml_char_t* tag) const {
    if (anchor != nullptr) refuse(node, "anchors (&name) are not supported", "write the value out");
    if (tag != nullptr) refuse(node, fmt::format("tags ({}) are not supported", text_of(tag)));
  }

  void open(YamlNode node) {
    if (open_.size() >= kMaxYamlDepth) refuse(node, fmt::format("nested deeper than {} levels", kMaxYamlDepth));
    if (expects_key()) refuse(node, "a key has to be a plain word");
    open_.push_back(std::move(node));
    first_lines_.emplace_back();
  }

  void close() {
    YamlNode done = std::move(open_.back());
    open_.pop_back();
    first_lines_.pop_back();
    add(std::move(done));
  }

  void add(YamlNode node) {
    if (open_.empty()) {
      root_ = std::move(node);
    } else if (expects_key()) {
      add_key(std::move(node));
    } else {
      open_.back().items.push_back(std::move(node));
    }
  }

  void add_key(YamlNode node) {
    if (node.kind == YamlNode::Kind::null) refuse(node, "a key is missing");
    const auto [first, is_new] = first_lines_.back().emplace(node.text, node.line);
    if (!is_new) {
      refuse(node, fmt::format("key {} appears twice, first in line {}", short_quote(node.text), first->second),
             "keep one of the two");
    }
    open_.back().keys.push_back(std::move(node));
  }

  bool expects_key() const {
    return !open_.empty() && open_.back().kind == YamlNode::Kind::map &&
           open_.back().keys.size() == open_.back().items.size();
  }

  [[noreturn]] void refuse(const YamlNode& node, std::string_view what, std::string_view remedy = {}) const {
    reader_.refuse(node.line, node.column, what, remedy);
  }

  Reader reader_;
  int documents_ = 0;
  YamlNode root_;
  std::vector<YamlNode> open_;
  std::vector<std::map<std::string, int>> first_lines_;  // of open_: where each key stood first
};

bool reads_back_plain(std::string_view text) {
  constexpr std::array<std::string_view, 9> kOtherMeaning{"null", "true", "false", "yes", "no", "on", "off", "y", "n"};
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
  const auto allowed = [&](char c) { return letter(c) || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '/'; };
  if (text.empty() || !letter(text.front()) || !std::all_of(text.begin(), text.end(), allowed)) return false;
  std::string lower(text);
  for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return std::find(kOtherMeaning.begin(), kOtherMeaning.end(), lower) == kOtherMeaning.end();
}

}  // namespace

bool is_utf8(std::string_view text) {
  for (size_t size = 0; !text.empty(); text.remove_prefix(size)) {
    size = symbol_at(text, 0).bytes;
    if (size == 0) return false;
  }
  return true;
}

YamlNode parse_yaml(std::string_view text, std::string_view place, ErrorKind kind) {
  const Reader reader{place, kind};
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  if (static_cast<int64_t>(text.size()) > kMostYamlBytes) {
    fail(kind, fmt::format("{} bytes are more than the {} that are read", text.size(), kMostYamlBytes), place);
  }
  check_characters(text, reader);
  TreeBuilder builder(reader);
  EventStream events(text, reader);
  for (const yaml_event_t* event = &events.next(); event->type != YAML_STREAM_END_EVENT; event = &events.next()) {
    builder.take_event(*event);
  }
  return builder.take();
}

std::string short_quote(std::string_view text) {
  if (text.size() <= kLongestQuote) return fmt::format("\"{}\"", printable(text));
  size_t end = kLongestQuote;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;  // not inside a UTF-8 character
  return fmt::format("\"{}...\"", printable(text.substr(0, end)));
}

std::string yaml_text(std::string_view text) {
  if (reads_back_plain(text)) return std::string(text);
  std::string quoted = "\"";
  while (!text.empty()) {
    const Symbol symbol = symbol_at(text, 0);
    const std::string_view character = text.substr(0, std::max<size_t>(1, symbol.bytes));
    text.remove_prefix(character.size());
    const unsigned code = symbol.bytes > 0 ? symbol.code : static_cast<unsigned char>(character.front());
    if (code == '"' || code == '\\') {
      quoted.append("\\").append(character);
    } else if (code == '\n') {
      quoted.append("\\n");
    } else if (code < 0x20 || (code >= 0x7F && code < 0xA0) || code == 0x2028 || code == 0x2029 || code == 0xFEFF ||
               code == 0xFFFE || code == 0xFFFF) {
      quoted.append(fmt::format("\\u{:04x}", code));  // a line break to a YAML reader, or not allowed as it is
    } else {
      quoted.append(character);
    }
  }
  return quoted + '"';
}

}  // namespace spinenet
