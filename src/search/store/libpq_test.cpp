#include "search/store/libpq.h"

#include <string>

#include <gtest/gtest.h>

#include "base/error.h"

namespace spinenet::search {
namespace {

// The message of the error that the file gives.
std::string refusal_of_file(const char* file) {
  try {
    load_libpq(file);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::unsupported);
    return error.what();
  }
  ADD_FAILURE() << file << " was taken";
  return "";
}

TEST(LibpqLibrary, IsLoadedOnceAndHasWhatIsUsed) {
  EXPECT_EQ(&libpq(), &libpq());
  char* reason = nullptr;
  PQconninfoOption* options = libpq().parse_connection_options("postgresql://me@here/db", &reason);
  EXPECT_NE(options, nullptr);
  libpq().free_connection_options(options);
}

TEST(LibpqLibrary, OneThatIsMissingIsNamedWithItsPackage) {
  const std::string message = refusal_of_file("libpq-of-another-machine.so.5");
  EXPECT_NE(message.find("libpq-of-another-machine.so.5"), std::string::npos) << message;
  EXPECT_NE(message.find("apt install libpq5"), std::string::npos) << message;
}

TEST(LibpqLibrary, OneWithoutAFunctionIsRefused) {
  const std::string message = refusal_of_file("libm.so.6");
  EXPECT_NE(message.find("libm.so.6"), std::string::npos) << message;
  EXPECT_NE(message.find("PQclear"), std::string::npos) << message;
  EXPECT_NE(message.find("apt install libpq5"), std::string::npos) << message;
}

TEST(LibpqLibrary, AFileThatIsNoLibraryIsRefused) {
  const std::string message = refusal_of_file("/proc/self/status");
  EXPECT_NE(message.find("/proc/self/status"), std::string::npos) << message;
  EXPECT_NE(message.find("apt install libpq5"), std::string::npos) << message;
}

}  // namespace
}  // namespace spinenet::search
