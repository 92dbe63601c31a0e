#include "runtime/class_names.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace spinenet::runtime {
namespace {

const std::vector<formats::ModelClass> kClasses{
    {3, "apple"}, {7, "pear"}, {8, "pear, dried"}, {9, "pear"}, {10, "fig"}};

std::string refusal_of(std::string_view names) {
  try {
    labels_named(names, kClasses, "--classes");
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::usage);
    return error.what();
  }
  return "";
}

TEST(ClassNames, AreLabelsInOrder) {
  EXPECT_EQ(labels_named("fig,apple", kClasses, "x"), (std::vector<int>{0, 4}));
  EXPECT_EQ(labels_named(" fig ,\tapple,fig", kClasses, "x"), (std::vector<int>{0, 4}));
  EXPECT_EQ(labels_named("pear", kClasses, "x"), (std::vector<int>{1, 3})) << "both classes of that name";
}

TEST(ClassNames, MayHaveCommas) {
  EXPECT_EQ(labels_named("pear, dried", kClasses, "x"), (std::vector<int>{2}));
  EXPECT_EQ(labels_named("apple,pear, dried,fig", kClasses, "x"), (std::vector<int>{0, 2, 4}));
  EXPECT_EQ(labels_named("pear,apple", kClasses, "x"), (std::vector<int>{0, 1, 3}));
}

TEST(ClassNames, ThatAreUnknownAreRefusedWithTheNearest) {
  EXPECT_NE(refusal_of("aple").find("did you mean \"apple\"?"), std::string::npos) << refusal_of("aple");
  EXPECT_NE(refusal_of("fig,appel").find("unknown class \"appel\""), std::string::npos) << refusal_of("fig,appel");
  EXPECT_NE(refusal_of("aeroplane").find("use one of apple, pear"), std::string::npos) << refusal_of("aeroplane");
  for (const char* names : {"", ",", "fig,", ",fig", "fig,,apple", "Fig"}) EXPECT_NE(refusal_of(names), "") << names;
}

}  // namespace
}  // namespace spinenet::runtime
