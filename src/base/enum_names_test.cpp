#include "base/enum_names.h"

#include <gtest/gtest.h>

namespace spinenet {
namespace {

enum class Color { red, green, deep_blue };
constexpr auto names(Color) {
  using enum Color;
  return named<Color>({{red, "red"}, {green, "green"}, {deep_blue, "deep blue"}});
}

TEST(EnumNames, GoBothWays) {
  static_assert(name_of(Color::green) == "green");
  for (const Color color : values_of<Color>()) EXPECT_EQ(value_named<Color>(name_of(color)), color);
  EXPECT_EQ(value_named<Color>("deep_blue"), std::nullopt);
  EXPECT_EQ(value_named<Color>(""), std::nullopt);
  EXPECT_EQ(names_of<Color>(), (std::array<std::string_view, 3>{"red", "green", "deep blue"}));
}

// What makes the compiler refuse a list without one of the values.
TEST(EnumNames, TellDeclaredValuesFromOthers) {
  static_assert(is_declared_value<Color::deep_blue>());
  static_assert(!is_declared_value<static_cast<Color>(3)>());
  static_assert(!is_declared_value<static_cast<Color>(-1)>());
  static_assert(is_declared_value<ErrorKind::failed>());
  static_assert(!is_declared_value<static_cast<ErrorKind>(5)>());
}

TEST(EnumNames, RefuseAValueThatThereIsNot) {
  EXPECT_THROW(name_of(static_cast<Color>(3)), std::out_of_range);
}

TEST(ParseEnum, NamesTheNearestOrAll) {
  EXPECT_EQ(parse_enum<Color>(ErrorKind::usage, "color", "red"), Color::red);
  const auto refusal = [](std::string_view text) -> std::string {
    try {
      parse_enum<Color>(ErrorKind::usage, "color", text, "--color");
    } catch (const Error& error) {
      return error.what();
    }
    return "accepted";
  };
  EXPECT_EQ(refusal("gren"), "--color: unknown color \"gren\"; did you mean \"green\"?");
  EXPECT_EQ(refusal("turquoise"), "--color: unknown color \"turquoise\"; use one of red, green, deep blue");
}

}  // namespace
}  // namespace spinenet
