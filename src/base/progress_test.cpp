#include "base/progress.h"

#include <cstdlib>
#include <limits>

#include <gtest/gtest.h>

namespace spinenet {
namespace {

// A Progress whose clock and screen belong to the test.
struct Stage {
  double time = 1000;
  std::string written;

  ProgressOptions options(bool terminal, int columns = 80) {
    ProgressOptions options;
    options.terminal = terminal;
    options.columns = columns;
    options.write = [this](std::string_view text) { written += text; };
    options.now = [this] { return time; };
    return options;
  }
};

std::string last_frame(const std::string& written) {
  return written.substr(written.rfind("\x1b[K") + 3);
}

TEST(Progress, PlainLinesComeAtIntervals) {
  Stage stage;
  {
    Progress progress("train", 100, stage.options(false));
    for (int i = 1; i <= 30; ++i) {
      stage.time += 1;
      progress.update(i, "loss 0.5");
    }
  }
  EXPECT_EQ(stage.written,
            "train: 10/100 (10%)  1.0/s  1:30 left  loss 0.5\n"
            "train: 20/100 (20%)  1.0/s  1:20 left  loss 0.5\n"
            "train: 30/100 (30%)  1.0/s  1:10 left  loss 0.5\n"
            "train: 30/100 (30%)  1.0/s  in 30 s  loss 0.5\n");
}

TEST(Progress, TerminalGetsOneLineDrawnOverAndOver) {
  Stage stage;
  Progress progress("eval", 4, stage.options(true));
  for (int i = 1; i <= 4; ++i) {
    stage.time += 1;
    progress.update(i);
  }
  EXPECT_EQ(stage.written.find('\n'), std::string::npos);
  EXPECT_EQ(last_frame(stage.written), "eval [################################] 4/4 (100%)  1.0/s  0 s left");
  progress.finish();
  progress.finish();
  progress.update(2);
  EXPECT_EQ(last_frame(stage.written), "eval [################################] 4/4 (100%)  1.0/s  in 4 s\n");
}

TEST(Progress, TerminalIsNotDrawnMoreOftenThanOneCanSee) {
  Stage stage;
  Progress progress("eval", 100000, stage.options(true));
  for (int i = 1; i <= 10000; ++i) {
    stage.time += 0.0001;
    progress.update(i);
  }
  size_t frames = 0;
  for (size_t at = 0; (at = stage.written.find('\r', at)) != std::string::npos; ++at) ++frames;
  EXPECT_LE(frames, 11U);
  EXPECT_GE(frames, 9U);
}

TEST(Progress, NoLineIsWiderThanTheTerminal) {
  for (int columns = 1; columns < 120; ++columns) {
    Stage stage;
    Progress progress("a long tïtle", 1000, stage.options(true, columns));
    stage.time += 1;
    progress.update(333, "löss 0.123456, reading /a/rather/long/path/of/a/file.jpg");
    int width = 0;
    for (const char c : last_frame(stage.written)) width += (static_cast<unsigned char>(c) & 0xC0) == 0x80 ? 0 : 1;
    EXPECT_LE(width, std::max(1, columns - 1)) << columns;
  }
}

TEST(Progress, ColourSurroundsTheBarOnly) {
  Stage stage;
  ProgressOptions options = stage.options(true);
  options.colour = true;
  Progress progress("x", 2, options);
  stage.time += 1;
  progress.update(1);
  EXPECT_TRUE(last_frame(stage.written).starts_with("x [\x1b[32m################\x1b[0m................] 1/2"))
      << last_frame(stage.written);
}

TEST(Progress, UnknownTotalShowsCountAndRate) {
  Stage stage;
  Progress progress("scan", 0, stage.options(true));
  stage.time += 10;
  progress.update(5000);
  EXPECT_EQ(last_frame(stage.written), "scan  5000  500/s");
}

TEST(Progress, ResumedWorkIsTimedFromWhereItBegan) {
  Stage stage;
  ProgressOptions options = stage.options(false);
  options.first = 900;
  Progress progress("train", 1000, options);
  stage.time += 10;
  progress.update(910);
  EXPECT_EQ(stage.written, "train: 910/1000 (91%)  1.0/s  1:30 left\n");
}

TEST(Progress, AnEndThatIsNearerThanTheTotalIsWhatItTells) {
  Stage stage;
  Progress progress("train", 1000, stage.options(true, 100));
  stage.time += 10;
  progress.set_nearer_end(NearerEnd{0.256, "10 minutes", 61});
  progress.update(50);
  EXPECT_EQ(last_frame(stage.written),
            "train [########........................] 50 (25% of 10 minutes)  5.0/s  1:01 left");
  progress.set_nearer_end(std::nullopt);
  progress.finish();
  EXPECT_EQ(last_frame(stage.written), "train [#...............................] 50/1000 (5%)  5.0/s  in 10 s\n");
}

TEST(Progress, TheTimeIsLeftToOthers) {
  Stage stage;
  ProgressOptions options = stage.options(false);
  options.tells_time = false;
  Progress progress("train", 20, options);
  stage.time += 10;
  progress.update(10);
  progress.update(20, "best AP 0.5");
  progress.finish();
  EXPECT_EQ(stage.written, "train: 10/20 (50%)  1.0/s  10 s left\ntrain: 20/20 (100%)  best AP 0.5\n");
}

TEST(Progress, ControlCharactersStayOut) {
  Stage stage;
  Progress progress("a\nb", 10, stage.options(false));
  stage.time += 20;
  progress.update(1, "file\r\x1b[2Jname");
  EXPECT_EQ(stage.written, "a b: 1/10 (10%)  20.0 s each  3:00 left  file  [2Jname\n");
}

TEST(Progress, MoreThanTheTotalIsShownAsItIs) {
  Stage stage;
  Progress progress("x", 2, stage.options(true));
  stage.time += 1;
  progress.update(3);
  EXPECT_NE(stage.written.find("[################################] 3/2 (150%)"), std::string::npos) << stage.written;
}

TEST(Progress, EnvironmentIsRespected) {
  ::setenv("COLUMNS", "57", 1);
  ::setenv("NO_COLOR", "1", 1);
  ::setenv("TERM", "dumb", 1);
  const ProgressOptions options = standard_progress();
  EXPECT_EQ(options.columns, 57);
  EXPECT_FALSE(options.terminal);
  EXPECT_FALSE(options.colour);
  ::setenv("COLUMNS", "wide", 1);
  EXPECT_GT(standard_progress().columns, 0);
  EXPECT_GE(options.now(), 0);
}

TEST(Progress, DurationsAreShort) {
  EXPECT_EQ(duration_text(0), "0 s");
  EXPECT_EQ(duration_text(59.4), "59 s");
  EXPECT_EQ(duration_text(59.6), "1:00");
  EXPECT_EQ(duration_text(3599), "59:59");
  EXPECT_EQ(duration_text(3765), "1:02:45");
  EXPECT_EQ(duration_text(2 * 86400 + 3 * 3600 + 600), "2 d 03:10");
  EXPECT_EQ(duration_text(-1), "-");
  EXPECT_EQ(duration_text(std::numeric_limits<double>::infinity()), "-");
}

}  // namespace
}  // namespace spinenet
