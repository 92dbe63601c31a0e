// The names of an enum's values, written once beside the enum:
//
//   enum class OptimizerKind { sgd, adamw };
//   constexpr auto names(OptimizerKind) {
//     using enum OptimizerKind;
//     return named<OptimizerKind>({{sgd, "sgd"}, {adamw, "adamw"}});
//   }
//
// That list alone gives name_of, value_named, parse_enum, the values in order, and the fields of configs and JSON.
//
// Invariant, checked by the compiler: the list has every value of the enum in the order 0, 1, 2, ..., and no name is
// empty or given twice. Thread contract: pure functions.
#pragma once

#include <array>
#include <optional>
#include <string_view>
#include <type_traits>

#include "base/error.h"
#include "base/known_names.h"

namespace spinenet {

template <class E>
struct EnumName {
  E value;
  std::string_view name;
};

// Whether V is a value that its enum declares. The compiler prints such a value by its name, "Kind::sgd", and any other
// one as a cast, "(Kind)2".
template <auto V>
consteval bool is_declared_value() {
  const std::string_view function = __PRETTY_FUNCTION__;
  const std::string_view value = function.substr(function.find("V = ") + 4);
  const char first = value[value.find_last_of(":)") + 1];
  return first != '-' && (first < '0' || first > '9');
}

// A list of names; a program with a wrong one does not compile: the messages are what the compiler then shows.
template <class E, size_t N>
consteval std::array<EnumName<E>, N> named(const EnumName<E> (&list)[N]) {
  if (is_declared_value<static_cast<E>(N)>()) throw "a value of the enum has no name in this list";
  std::array<EnumName<E>, N> names{};
  for (size_t i = 0; i < N; ++i) {
    if (list[i].value != static_cast<E>(i)) throw "this list is not in the order of the enum's values";
    if (list[i].name.empty()) throw "a name is empty";
    for (size_t j = 0; j < i; ++j) {
      if (list[j].name == list[i].name) throw "two values have the same name";
    }
    names[i] = list[i];
  }
  return names;
}

template <class E>
concept NamedEnum = std::is_enum_v<E> && requires(E value) {
  std::tuple_size<decltype(names(value))>::value;
};

template <NamedEnum E>
constexpr std::string_view name_of(E value) {
  return names(E{}).at(static_cast<size_t>(value)).name;
}

template <NamedEnum E>
std::optional<E> value_named(std::string_view name) {
  for (const EnumName<E>& known : names(E{})) {
    if (known.name == name) return known.value;
  }
  return std::nullopt;
}

// Every value, in order.
template <NamedEnum E>
constexpr auto values_of() {
  std::array<E, std::tuple_size_v<decltype(names(E{}))>> values{};
  for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<E>(i);
  return values;
}

// Every name, in order.
template <NamedEnum E>
constexpr auto names_of() {
  std::array<std::string_view, std::tuple_size_v<decltype(names(E{}))>> all{};
  for (size_t i = 0; i < all.size(); ++i) all[i] = name_of(static_cast<E>(i));
  return all;
}

// Of text that a person wrote: `unknown precision "int9"; did you mean "int8"?`. `what` is the kind of thing:
// precision.
template <NamedEnum E>
E parse_enum(ErrorKind kind, std::string_view what, std::string_view text, std::string_view place = {}) {
  if (const std::optional<E> value = value_named<E>(text)) return *value;
  unknown_name(kind, what, text, names_of<E>(), place);
}

}  // namespace spinenet
