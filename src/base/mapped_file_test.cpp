#include "base/mapped_file.h"

#include <fstream>
#include <string>
#include <thread>

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/files.h"
#include "base/output_fixture.h"
#include "base/scratch_folder_fixture.h"

namespace spinenet {
namespace {

std::string text_of(const MappedFile& file) {
  return {file.bytes().begin(), file.bytes().end()};
}

TEST(MappedFile, IsTheWholeFile) {
  const fixture::ScratchFolder folder;
  for (const size_t size : {size_t{0}, size_t{1}, size_t{4096}, size_t{100'000}}) {
    std::string content(size, 'x');
    for (size_t i = 0; i < size; ++i) content[i] = static_cast<char>(i * 7 % 251);
    fixture::put_file(folder / "file", content);
    const MappedFile file(folder / "file");
    EXPECT_EQ(text_of(file), content);
    file.release(file.bytes());
    EXPECT_EQ(text_of(file), content) << "read again";
  }
}

TEST(MappedFile, StaysAsItWasWhenAnotherTakesItsPlace) {
  const fixture::ScratchFolder folder;
  fixture::put_file(folder / "file", "before");
  const MappedFile file(folder / "file");
  fixture::put_file(folder / "new", "after");
  std::filesystem::rename(folder / "new", folder / "file");
  EXPECT_EQ(text_of(file), "before");
}

TEST(MappedFile, ReadsAPipe) {
  const fixture::ScratchFolder folder;
  const std::string pipe = (folder / "pipe").string();
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  std::thread writer([&] { std::ofstream(pipe) << "through a pipe"; });
  const MappedFile file(pipe);
  writer.join();
  EXPECT_EQ(text_of(file), "through a pipe");
}

TEST(MappedFile, SaysWhyItCannotBeRead) {
  const fixture::ScratchFolder folder;
  EXPECT_THROW(MappedFile(folder / "missing"), Error);
  EXPECT_THROW(MappedFile(folder.path()), Error);
}

}  // namespace
}  // namespace spinenet
