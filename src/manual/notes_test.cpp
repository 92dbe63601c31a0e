#include "manual/notes.h"

#include <gtest/gtest.h>

namespace spinenet::manual {
namespace {

TEST(Notes, AreExamplesListsAndParagraphs) {
  const std::vector<Note> notes = notes_in("One\nline.\nExamples:\n  a\n  b: c\n\nNames:\n  x, y\nTwo:\n\nThree.");
  ASSERT_EQ(notes.size(), 5U);
  EXPECT_EQ(notes[0].lines, (std::vector<std::string>{"One", "line."}));
  EXPECT_EQ(notes[0].heading, "");
  EXPECT_EQ(notes[1].heading, "Examples");
  EXPECT_TRUE(notes[1].typed);
  EXPECT_EQ(notes[1].lines, (std::vector<std::string>{"a", "b: c"}));
  EXPECT_EQ(notes[2].heading, "Names");
  EXPECT_FALSE(notes[2].typed);
  EXPECT_EQ(notes[3].lines, std::vector<std::string>{"Two:"}) << "nothing is indented below it";
  EXPECT_EQ(notes[4].lines, std::vector<std::string>{"Three."});
  EXPECT_TRUE(notes_in("").empty());
}

}  // namespace
}  // namespace spinenet::manual
