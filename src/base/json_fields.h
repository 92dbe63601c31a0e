// JSON objects by one list of fields per struct, the same list that gives YAML (fields.h) where it is a template:
//
//   template <class List>
//   void fields(List& list, BlockSpec& b) {
//     list.needed("level", b.level, "2 to 7");                         // may not be left out
//     list("output", b.output, "Whether a head reads it");             // keeps its value where it is left out
//     list.if_changed("width", b.width, "On the filters of a level");  // written only where it is not the default
//   }
//
// Invariant: from_json(to_json(v)) gives v back. Keys are written in the order of the list.
// Errors are ErrorKind::bad_data with the JSON pointer; an unknown key is answered with the nearest known one.
// Thread contract: pure functions; a reader or writer belongs to one thread and must not outlive what it reads.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/field_value.h"
#include "base/json.h"

namespace spinenet {

// A JSON value and where it stands; `wanted` is what the field means, for messages about a list.
struct JsonPlace {
  const Json& json;
  std::string place;
  std::string_view wanted;
};

void read_json_value(const JsonPlace& from, bool& value);
void read_json_value(const JsonPlace& from, int& value);
void read_json_value(const JsonPlace& from, double& value);
void read_json_value(const JsonPlace& from, std::string& value);
void read_json_value(const JsonPlace& from, std::vector<double>& value);
// As many as the list has.
void read_json_integers(const JsonPlace& from, std::span<int> values);
void read_json_numbers(const JsonPlace& from, std::span<double> values);
// The items of a list, each with its place.
std::vector<JsonPlace> json_items(const JsonPlace& from);

template <size_t N>
void read_json_value(const JsonPlace& from, std::array<int, N>& value) {
  read_json_integers(from, value);
}
template <size_t N>
void read_json_value(const JsonPlace& from, std::array<double, N>& value) {
  read_json_numbers(from, value);
}
// Of integers, or a list of lists.
template <class T>
void read_json_value(const JsonPlace& from, std::vector<T>& value) {
  value.clear();
  for (const JsonPlace& item : json_items(from)) read_json_value(item, value.emplace_back());
}

template <NamedEnum E>
void read_json_value(const JsonPlace& from, E& value) {
  std::string text;
  read_json_value(from, text);
  value = parse_enum<E>(ErrorKind::bad_data, "value", text, from.place);
}

template <class T>
Json json_of_value(const T& value) {
  if constexpr (NamedEnum<T>) {
    return name_of(value);
  } else {
    return value;
  }
}

// What the items of a list are called in messages, and how many it may have.
struct ListOf {
  std::string_view items;
  size_t least = 0, most = 0;
  bool needed = true;
};

// Reads one object. Every known key is asked for, then finish() refuses the others.
class JsonReader {
 public:
  // Refuses what is no object.
  JsonReader(const Json& json, std::string place);

  template <class T>
  void operator()(std::string_view name, T& value, std::string_view meaning, const Range& = {}) {
    if (const Json* found = find(name)) read_json_value({*found, place_of(name), meaning}, value);
  }
  template <class T>
  void if_changed(std::string_view name, T& value, std::string_view meaning, const Range& = {}) {
    (*this)(name, value, meaning);
  }
  template <class T>
  void needed(std::string_view name, T& value, std::string_view meaning) {
    read_json_value({need(name), place_of(name), meaning}, value);
  }
  template <class T>
  void group(std::string_view name, T& value, std::string_view) {
    if (const Json* found = find(name)) read_object(*found, place_of(name), value);
  }
  template <class T>
  void group_if_changed(std::string_view name, T& value, std::string_view meaning) {
    group(name, value, meaning);
  }
  void list_of(std::string_view name, std::vector<int>& values, const ListOf& of);
  // Of structs with fields of their own.
  template <class T>
  void list_of(std::string_view name, std::vector<T>& values, const ListOf& of) {
    const Json* found = find_list(name, of);
    if (found == nullptr) return;
    values.assign(found->size(), T{});
    for (size_t i = 0; i < values.size(); ++i) {
      read_object((*found)[i], place_of(name) + "/" + std::to_string(i), values[i]);
    }
  }
  // A needed object whose key "kind" says which of the alternatives it is; the first where it is left out.
  template <class... Kinds>
  void one_of(std::string_view name, std::variant<Kinds...>& value,
              const std::array<std::string_view, sizeof...(Kinds)>& kinds) {
    JsonReader reader(need(name), place_of(name));
    const size_t kind = reader.kind_among(kinds);
    const auto read = [&]<size_t... I>(std::index_sequence<I...>) {
      ((kind == I ? fields(reader, value.template emplace<I>()) : void()), ...);
    };
    read(std::index_sequence_for<Kinds...>());
    reader.finish();
  }
  void finish() const;

  template <class T>
  static void read_object(const Json& json, const std::string& place, T& value) {
    JsonReader reader(json, place);
    fields(reader, value);
    reader.finish();
  }

 private:
  const Json* find(std::string_view name);
  const Json& need(std::string_view name);
  const Json* find_list(std::string_view name, const ListOf& of);
  size_t kind_among(std::span<const std::string_view> kinds);
  std::string place_of(std::string_view name) const;

  const Json& json_;
  std::string place_;
  std::vector<std::string> known_;
};

// Writes one object: the fields of a value beside those of a value with all defaults.
class JsonWriter {
 public:
  template <class T>
  static Json object_of(T value) {
    T defaults{};
    JsonWriter of_value, of_defaults;
    fields(of_value, value);
    fields(of_defaults, defaults);
    return of_value.object_beside(of_defaults);
  }

  template <class T>
  void operator()(std::string_view name, const T& value, std::string_view, const Range& = {}) {
    add(name, json_of_value(value), false);
  }
  template <class T>
  void if_changed(std::string_view name, const T& value, std::string_view, const Range& = {}) {
    add(name, json_of_value(value), true);
  }
  template <class T>
  void needed(std::string_view name, const T& value, std::string_view) {
    add(name, json_of_value(value), false);
  }
  template <class T>
  void group(std::string_view name, const T& value, std::string_view) {
    add(name, object_of(value), false);
  }
  template <class T>
  void group_if_changed(std::string_view name, const T& value, std::string_view) {
    add(name, object_of(value), true);
  }
  void list_of(std::string_view name, const std::vector<int>& values, const ListOf&) { add(name, values, false); }
  template <class T>
  void list_of(std::string_view name, const std::vector<T>& values, const ListOf&) {
    Json items = Json::array();
    for (const T& value : values) items.push_back(object_of(value));
    add(name, std::move(items), false);
  }
  template <class... Kinds>
  void one_of(std::string_view name, const std::variant<Kinds...>& value,
              const std::array<std::string_view, sizeof...(Kinds)>& kinds) {
    Json object{{"kind", kinds[value.index()]}};
    object.update(std::visit([](const auto& kind) { return object_of(kind); }, value));
    add(name, std::move(object), false);
  }

 private:
  struct Entry {
    std::string name;
    Json value;
    bool if_changed = false;
  };
  void add(std::string_view name, Json value, bool if_changed);
  Json object_beside(const JsonWriter& defaults) const;

  std::vector<Entry> entries_;
};

// An object of all fields of `value`.
template <class T>
Json fields_to_json(const T& value) {
  return JsonWriter::object_of(value);
}

// Sets the fields that the object names and leaves the others.
template <class T>
void read_json_fields(const Json& json, std::string_view place, T& value) {
  T changed = value;
  JsonReader::read_object(json, std::string(place), changed);
  value = std::move(changed);
}

}  // namespace spinenet
