#include "formats/import/file_bytes.h"

#include <chrono>
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/output_fixture.h"
#include "base/scratch_folder_fixture.h"

namespace spinenet::formats {
namespace {

std::string change_of(const FileBytes& file) {
  try {
    file.require_unchanged();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::io);
    return error.what();
  }
  return "none";
}

// As a download that goes on does, and a program that writes into the same bytes.
TEST(FileBytes, AFileThatIsWrittenToWhileItIsReadIsRefused) {
  const fixture::ScratchFolder folder;
  fixture::put_file(folder / "a", "0123456789");
  const auto file = FileBytes::open(folder / "a");
  EXPECT_EQ(file->read(2, 3), "234");
  EXPECT_EQ(change_of(*file), "none");
  const auto written = std::filesystem::last_write_time(folder / "a");
  std::ofstream(folder / "a", std::ios::app) << "more";
  std::filesystem::last_write_time(folder / "a", written);
  EXPECT_NE(change_of(*file).find("another program wrote to it"), std::string::npos) << "only the size";
  const auto again = FileBytes::open(folder / "a");
  std::filesystem::last_write_time(folder / "a", written + std::chrono::milliseconds(10));
  EXPECT_NE(change_of(*again).find("another program wrote to it"), std::string::npos) << "only the time";
}

// Whoever puts another file in its place leaves the one that was opened whole.
TEST(FileBytes, AnotherFileInItsPlaceChangesNothing) {
  const fixture::ScratchFolder folder;
  fixture::put_file(folder / "a", "0123456789");
  const auto file = FileBytes::open(folder / "a");
  fixture::put_file(folder / "b", "other");
  std::filesystem::rename(folder / "b", folder / "a");
  EXPECT_EQ(file->read(0, 10), "0123456789");
  EXPECT_EQ(change_of(*file), "none");
}

}  // namespace
}  // namespace spinenet::formats
