#include "search/store/address.h"

#include <cstdlib>

#include <gtest/gtest.h>

#include "base/error.h"

namespace spinenet::search {
namespace {

std::string refusal(const std::string& text) {
  try {
    const StudyAddress address(text);
    ADD_FAILURE() << "not refused: " << text;
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::usage);
    return error.what();
  }
  return "";
}

TEST(StudyAddress, IsShownWithoutItsPassword) {
  const std::vector<std::pair<std::string, std::string>> cases{
      {"postgresql://u:secret@h:5432/d", "postgresql://u@h:5432/d"},
      {"postgresql://u:@h/d", "postgresql://u@h/d"},
      {"postgres://:secret@h", "postgres://@h"},
      {"postgresql://u:sec%40ret@h1,h2:7/d?sslmode=require", "postgresql://u@h1,h2:7/d?sslmode=require"},
      {"postgresql://u:a:secret@h/d", "postgresql://u@h/d"},
      {"postgresql://u@h/d?password=secret", "postgresql://u@h/d"},
      {"postgresql://u@h/d?a=1&password=secret&b=2", "postgresql://u@h/d?a=1&b=2"},
      {"postgresql://u@h/d?pass%77ord=secret", "postgresql://u@h/d"},
      {"postgresql://u@h/d?PASSWORD=secret&x=y", "postgresql://u@h/d?x=y"},
      {"postgresql://u@h/d?sslpassword=secret", "postgresql://u@h/d"},
      {"postgresql://u:secret@[::1]:5432/d?password=secret", "postgresql://u@[::1]:5432/d"},
      {"postgresql://u@h/d?password=sec@ret", "postgresql://u@h/d"},
      {"postgresql:///d?host=/run/x&password=secret&user=u", "postgresql:///d?host=/run/x&user=u"},
  };
  for (const auto& [text, shown] : cases) {
    const StudyAddress address(text);
    EXPECT_TRUE(address.is_server());
    EXPECT_EQ(address.shown(), shown);
    EXPECT_EQ(address.reveal(), text);
    EXPECT_TRUE(address.holds_password());
  }
}

TEST(StudyAddress, WithoutAPasswordItIsShownAsItIs) {
  for (const char* text :
       {"postgresql://u@h/d", "postgresql:///d?host=/run/x&passfile=/home/u/pass", "postgresql://h"}) {
    EXPECT_EQ(StudyAddress(text).shown(), text);
    EXPECT_FALSE(StudyAddress(text).holds_password());
  }
  for (const char* file : {"a.study", "/x/y:z@w.db", ":memory:", "file:x?mode=memory", "-", "a b'c\".db", "x/host=1"}) {
    EXPECT_FALSE(StudyAddress(file).is_server()) << file;
    EXPECT_EQ(StudyAddress(file).shown(), file);
  }
  EXPECT_TRUE(StudyAddress("").empty());
}

// Whatever could be read in two ways would be shown in part, here or in a message of the library.
TEST(StudyAddress, WhatIsNoAddressIsRefusedUnseen) {
  for (const char* text :
       {"postgresql://u:sec@ret@h/d", "postgresql://u:sec/ret@h/d", "postgresql://u:sec?ret@h/d",
        "mysql://u:secret@h/d", "POSTGRESQL://u:secret@h/d", "postgresql://u:secret@h/d@x", "postgresql://u@h/d?secret",
        "http://u:secret@h", "host=h password=secret dbname=d", "postgresql:/u:secret@h/d", "Postgres:u:secret@h/d",
        "password = secret", "user=u password='secret'", " host=h password=secret"}) {
    const std::string message = refusal(text);
    for (const char* part : {"secret", "ret@", "sec@", "sec/", "sec?"}) {
      EXPECT_EQ(message.find(part), std::string::npos) << message;
    }
  }
}

TEST(StudyAddress, ACommandLineLosesItsPasswords) {
  const std::vector<StudyAddress> addresses{"postgresql://u:secret@h/d", "plain.study", "postgresql://v:other@h/d"};
  const std::vector<std::string> cut = without_passwords(
      {"spinenet", "search", "--study", "postgresql://u:secret@h/d", "--begin-with=postgresql://v:other@h/d",
       "--study=postgresql://u:secret@h/d", "plain.study", "secret"},
      addresses);
  EXPECT_EQ(cut, (std::vector<std::string>{"spinenet", "search", "--study", "postgresql://u@h/d",
                                           "--begin-with=postgresql://v@h/d", "--study=postgresql://u@h/d",
                                           "plain.study", "secret"}));
}

TEST(StudyAddress, IsInheritedOnce) {
  ::setenv(kAddressVariable, "postgresql://u:secret@h/d", 1);
  EXPECT_EQ(inherited_address("postgresql://u@h/d").reveal(), "postgresql://u:secret@h/d");
  EXPECT_EQ(std::getenv(kAddressVariable), nullptr);
  EXPECT_EQ(inherited_address("postgresql://u@h/d").reveal(), "postgresql://u@h/d");
}

}  // namespace
}  // namespace spinenet::search
