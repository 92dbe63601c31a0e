#include "base/fields.h"

#include <algorithm>
#include <span>

#include "base/files.h"
#include "base/known_names.h"

namespace spinenet {
namespace {

constexpr std::string_view kSettingPlace = "--set";

std::string joined(std::string_view prefix, std::string_view name) {
  return prefix.empty() ? std::string(name) : fmt::format("{}.{}", prefix, name);
}

const Field* find(std::span<const Field> fields, std::string_view name) {
  const auto found = std::find_if(fields.begin(), fields.end(), [&](const Field& f) { return f.name == name; });
  return found == fields.end() ? nullptr : &*found;
}

// Every key with its groups, the groups themselves included.
void list_keys(std::span<const Field> fields, std::string_view prefix, std::vector<std::string>& keys) {
  for (const Field& field : fields) {
    const std::string key = joined(prefix, field.name);
    keys.push_back(key);
    list_keys(field.members, key, keys);
  }
}

struct KeyFault {
  std::string_view prefix;  // group in which the key stands
  std::string_view key;
  std::string place;
  ErrorKind kind;
};

// Nearest in the same group; else the same name in another group; else what there is.
[[noreturn]] void unknown_key(const FieldList& all, std::span<const Field> group, const KeyFault& fault) {
  std::vector<std::string> names;
  for (const Field& field : group) names.push_back(field.name);
  std::string near = nearest_name(fault.key, names);
  if (!near.empty()) {
    near = joined(fault.prefix, near);
  } else {
    std::vector<std::string> keys;
    list_keys(all.items, "", keys);
    const auto elsewhere = std::find_if(keys.begin(), keys.end(), [&](const std::string& key) {
      return key == fault.key || key.ends_with(fmt::format(".{}", fault.key));
    });
    if (elsewhere != keys.end()) near = *elsewhere;
  }
  fail(fault.kind, fmt::format("unknown key {}", short_quote(joined(fault.prefix, fault.key))), fault.place,
       near.empty() ? use_one_of(names) : did_you_mean(near));
}

void assign(const FieldList& all, std::span<const Field> group, std::string_view prefix, const YamlNode& map,
            const FieldSource& source) {
  for (size_t i = 0; i < map.items.size(); ++i) {
    const YamlNode& value = map.items[i];
    const YamlNode& name = map.keys[i];
    const Field* field = find(group, name.text);
    if (field == nullptr) unknown_key(all, group, {prefix, name.text, place_of(name, source.place), source.kind});
    const std::string key = joined(prefix, field->name);
    if (!field->is_group()) {
      field->read(value, key, source);
    } else if (value.kind == YamlNode::Kind::map) {
      assign(all, field->members, key, value, source);
    } else {
      mismatch(value, {key, "a group of keys", source.place, source.kind, {}});
    }
  }
}

const Field* find_path(std::span<const Field> fields, std::string_view path) {
  const size_t dot = path.find('.');
  const Field* field = find(fields, path.substr(0, dot));
  return field == nullptr || dot == std::string_view::npos ? field : find_path(field->members, path.substr(dot + 1));
}

// Text goes in as it stands, so that paths and names need no quotes within quotes.
YamlNode setting_value(const Field* field, std::string_view text) {
  YamlNode value;
  if (field == nullptr || !field->takes_any_text) {
    value = parse_yaml(text, kSettingPlace, ErrorKind::usage);
  } else if (!is_utf8(text)) {
    fail(ErrorKind::usage, "not UTF-8 text", kSettingPlace);
  } else if (text != "null" || !field->can_be_null) {
    value.kind = YamlNode::Kind::quoted;
    value.text = text;
  }
  value.line = 0;
  return value;
}

void write_yaml(std::span<const Field> fields, size_t depth, std::string& out) {
  for (const Field& field : fields) {
    out.append(2 * depth, ' ').append(field.name).append(":");
    if (!field.is_group()) {
      out.append(" ").append(field.write()).append("\n");
    } else {
      out.append(field.members.empty() ? " {}\n" : "\n");
      write_yaml(field.members, depth + 1, out);
    }
  }
}

std::string cell(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '|') escaped.push_back('\\');
    escaped.push_back(c);
  }
  return escaped;
}

void write_rows(std::span<const Field> fields, std::string_view prefix, std::string& out) {
  for (const Field& field : fields) {
    const std::string key = joined(prefix, field.name);
    const std::string type = field.is_group() ? "group" : cell(field.type);
    const std::string value = field.is_group() ? "" : fmt::format("`{}`", cell(field.write()));
    out += fmt::format("| `{}` | {} | {} | {} |\n", key, type, value, cell(field.meaning));
    write_rows(field.members, key, out);
  }
}

}  // namespace

const Field* find_field(const FieldList& list, std::string_view path) {
  return find_path(list.items, path);
}

void assign_yaml(const FieldList& list, std::string_view text, std::string_view place) {
  const YamlNode root = parse_yaml(text, place);
  if (root.kind == YamlNode::Kind::null) return;
  if (root.kind != YamlNode::Kind::map)
    fail(ErrorKind::bad_data, "wants lines of \"key: value\"", place_of(root, place));
  assign(list, list.items, "", root, {place, ErrorKind::bad_data});
}

void assign_setting(const FieldList& list, std::string_view setting) {
  const size_t equals = setting.find('=');
  if (equals == std::string_view::npos || equals == 0) {
    fail(ErrorKind::usage, fmt::format("{} sets nothing", short_quote(setting)), "", "write key=value");
  }
  std::string_view path = setting.substr(0, equals);
  YamlNode node = setting_value(find_field(list, path), setting.substr(equals + 1));
  for (size_t dot = 0; dot != std::string_view::npos; path = path.substr(0, dot)) {
    dot = path.rfind('.');
    YamlNode key{YamlNode::Kind::plain, std::string(path.substr(dot + 1)), {}, {}, 0, 0};
    node = {YamlNode::Kind::map, {}, {std::move(node)}, {std::move(key)}, 0, 0};
  }
  assign(list, list.items, "", node, {kSettingPlace, ErrorKind::usage});
}

std::string fields_to_yaml(const FieldList& list) {
  std::string text;
  write_yaml(list.items, 0, text);
  return text;
}

std::string fields_to_table(const FieldList& list) {
  std::string table = "| key | type | default | meaning |\n|---|---|---|---|\n";
  write_rows(list.items, "", table);
  return table;
}

uint64_t hash_of_fields(const FieldList& list) {
  return checksum(fields_to_yaml(list));
}

}  // namespace spinenet
