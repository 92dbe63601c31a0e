// One list of fields per config struct. A function beside the struct names each field once, with its meaning and range:
//
//   void fields(FieldList& list, TrainOptions& options) {
//     list("epochs", options.epochs, "Passes over the training images", at_least(1));
//     list("rule", options.rule, "Update rule");          // an enum with a list of names
//     list.group("data", options.data, "Where pictures come from");  // a struct with its own fields()
//   }
//
// That list alone gives reading, setting, writing, the table of the documentation and the hash.
//
// Invariant: read_yaml(to_yaml(c)) gives c back, bit for bit. A failed read or setting leaves the config as it was.
// Thread contract: pure functions; a FieldList refers to its config and must not outlive it.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/field_value.h"
#include "base/yaml.h"

namespace spinenet {

struct FieldList;

template <class T>
concept Config = std::copyable<T> && requires(FieldList& list, T& config) {
  fields(list, config);
};

// Where a value comes from, for messages.
struct FieldSource {
  std::string_view place;
  ErrorKind kind = ErrorKind::bad_data;
};

// A field bound to its place in a config.
struct Field {
  std::string name;
  std::string meaning;
  std::string type;             // "a number above 0"; of a group empty
  bool takes_any_text = false;  // a setting's value is then text as it stands, not YAML
  bool can_be_null = false;
  std::function<void(const YamlNode& value, std::string_view key, const FieldSource& source)> read;
  std::function<std::string()> write;  // the value as YAML on one line
  std::vector<Field> members;          // of a group

  bool is_group() const { return !read; }
};

struct FieldList {
  std::vector<Field> items;

  template <class T>
  void operator()(std::string_view name, T& value, std::string_view meaning, Range range = {}) {
    const std::string type = FieldValue<T>::describe(range);
    const auto read = [&value, type, range](const YamlNode& node, std::string_view key, const FieldSource& source) {
      value = FieldValue<T>::read(node, {key, type, source.place, source.kind, range});
    };
    Field field{std::string(name), std::string(meaning), type, false, false, read, {}, {}};
    field.takes_any_text = std::same_as<T, std::string> || std::same_as<T, std::optional<std::string>>;
    field.can_be_null = std::constructible_from<T, std::nullopt_t>;
    field.write = [&value] { return FieldValue<T>::write(value); };
    items.push_back(std::move(field));
  }

  // For a list that also gives JSON, which is then written only where it differs from the default (json_fields.h).
  template <class T>
  void if_changed(std::string_view name, T& value, std::string_view meaning, Range range = {}) {
    (*this)(name, value, meaning, range);
  }

  template <Config T>
  void group(std::string_view name, T& value, std::string_view meaning) {
    FieldList members;
    fields(members, value);
    items.push_back({std::string(name), std::string(meaning), {}, false, false, {}, {}, std::move(members.items)});
  }
  template <Config T>
  void group_if_changed(std::string_view name, T& value, std::string_view meaning) {
    group(name, value, meaning);
  }
};

// The field of a path such as "optimizer.learning_rate"; nullptr where there is none.
const Field* find_field(const FieldList& list, std::string_view path);

void assign_yaml(const FieldList& list, std::string_view text, std::string_view place);
void assign_setting(const FieldList& list, std::string_view setting);
std::string fields_to_yaml(const FieldList& list);
std::string fields_to_table(const FieldList& list);

template <Config T>
FieldList fields_of(T& config) {
  FieldList list;
  fields(list, config);
  return list;
}

// Sets the fields that the text names and leaves the others. ErrorKind::bad_data names place, line, column and key: an
// unknown key with the nearest known one, a value of the wrong type or range with what was wanted and found.
template <Config T>
void read_yaml(std::string_view text, std::string_view place, T& config) {
  T changed = config;
  assign_yaml(fields_of(changed), text, place);
  config = std::move(changed);
}

// "optimizer.learning_rate=0.1", as given to --set; the value is YAML. ErrorKind::usage.
template <Config T>
void apply_setting(T& config, std::string_view setting) {
  T changed = config;
  assign_setting(fields_of(changed), setting);
  config = std::move(changed);
}

// Every field with its present value.
template <Config T>
std::string to_yaml(T config) {
  return fields_to_yaml(fields_of(config));
}

// A Markdown table: key, type, default, meaning.
template <Config T>
std::string document(T defaults) {
  return fields_to_table(fields_of(defaults));
}

// The same for equal configs on every machine; changes with any value, not with the meanings.
uint64_t hash_of_fields(const FieldList& list);
template <Config T>
uint64_t hash_of(T config) {
  return hash_of_fields(fields_of(config));
}

}  // namespace spinenet
