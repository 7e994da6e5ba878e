// SPDX-License-Identifier: Apache-2.0
#include "cmd/progress.h"

#include <gtest/gtest.h>

namespace lamina::cmd {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::uint64_t kMiB = 1024 * 1024;

TEST(RenderProgress, FitsTheWidth) {
  const ProgressState half{
      .verb = "pushing", .label = "chart.tgz", .done = 50 * kMiB, .total = 100 * kMiB, .rate = 5.0 * kMiB};
  const struct {
    std::size_t width;
    std::string_view expected;
  } kCases[] = {
      {200,
       "pushing chart.tgz  [===================>                  ]   50%  50.0 MiB/100.0 MiB  5.0 MiB/s  "
       "0:10 left"},
      {79, "pushing chart.tgz  [====>   ]   50%  50.0 MiB/100.0 MiB  5.0 MiB/s  0:10 left"},
      {70, "pushing chart.tgz   50%  50.0 MiB/100.0 MiB  5.0 MiB/s  0:10 left"},
      {60, "pushing   50%  50.0 MiB/100.0 MiB  5.0 MiB/s  0:10 left"},
      {50, "pushing ...gz   50%  50.0 MiB/100.0 MiB  0:10 left"},
      {40, "pushing ...tgz   50%  50.0 MiB/100.0 MiB"},
      {39, "pushing ...gz   50%  50.0 MiB/100.0 MiB"},
      {20, "pushing ...tgz   50%"},
      {10, " 50%"},
      {6, " 50%"},
      {3, "..."},
      {0, ""},
  };
  for (const auto& c : kCases) EXPECT_EQ(render_progress(half, c.width), c.expected) << c.width;
}

TEST(RenderProgress, NeverPassesTheWidth) {
  const ProgressState states[] = {
      {.verb = "pushing",
       .label = "日本語のファイル名はとても長いことがあります.tar.gz",
       .done = 1,
       .total = 3,
       .rate = 0.5},
      {.verb = "pushing", .label = "-", .done = kMiB, .total = std::nullopt, .rate = 1e12},
      {.label = "", .done = 0, .total = 0, .rate = std::nullopt},
      {.label = std::string(1000, 'x'), .done = ~std::uint64_t{0}, .total = ~std::uint64_t{0}, .rate = 1e18},
  };
  for (const auto& state : states) {
    for (std::size_t width = 0; width < 200; ++width) {
      const std::string line = render_progress(state, width);
      std::size_t columns = 0;  // Characters outside of ASCII here are two columns wide.
      for (const char c : line) {
        const auto byte = static_cast<unsigned char>(c);
        if ((byte & 0xc0) != 0x80) columns += byte < 0x80 ? 1 : 2;
      }
      EXPECT_LE(columns, width) << line;
    }
  }
}

TEST(RenderProgress, ShowsWhatIsKnown) {
  EXPECT_EQ(render_progress({.verb = "pushing", .label = "-", .done = kMiB, .total = {}, .rate = {}}, 80),
            "pushing -  1.0 MiB");
  EXPECT_EQ(render_progress({.verb = "pushing", .label = "-", .done = kMiB, .total = {}, .rate = 1024.0}, 80),
            "pushing -  1.0 MiB  1.0 KiB/s");
  // A total that was passed is none.
  EXPECT_EQ(render_progress({.label = "x", .done = 2048, .total = 1024, .rate = {}}, 80), "x  2.0 KiB");
  // Of nothing, everything is done.
  EXPECT_EQ(render_progress({.label = "x", .done = 0, .total = 0, .rate = {}}, 20), "x  100%  0 B/0 B");
  // Not 100 % before the end; no remaining time where nothing moves.
  EXPECT_EQ(render_progress({.label = "x", .done = 9999, .total = 10000, .rate = 0.0}, 46),
            "x  [=======>]   99%  9.8 KiB/9.8 KiB  0 B/s");
  EXPECT_EQ(render_progress({.label = "a\x1b[2Jb\n", .done = 1, .total = {}, .rate = {}}, 80),
            "a?[2Jb?  1 B");
}

TEST(ProgressMeter, SumsUpTransfers) {
  ProgressMeter meter;
  SteadyTime now{};
  meter.update({.phase = Progress::Phase::kDownloading, .what = "a", .done = 10, .total = 100}, now);
  meter.update({.phase = Progress::Phase::kDownloading, .what = "b", .done = 30, .total = 50}, now);
  auto state = meter.state();
  EXPECT_EQ(state.verb, "pulling");
  EXPECT_EQ(state.label, "b and 1 more");
  EXPECT_EQ(state.done, 40U);
  EXPECT_EQ(state.total, 150U);
  EXPECT_FALSE(state.rate);

  meter.update(
      {.phase = Progress::Phase::kDownloading, .what = "a", .done = 100, .total = 100, .finished = true},
      now + seconds(1));
  state = meter.state();
  EXPECT_EQ(state.verb, "pulling");
  EXPECT_EQ(state.label, "a");
  EXPECT_EQ(state.done, 130U);
  ASSERT_TRUE(state.rate);
  EXPECT_DOUBLE_EQ(*state.rate, 120);  // From the first report on, when 10 were done.

  meter.update({.phase = Progress::Phase::kDownloading, .what = "c", .done = 1, .total = {}},
               now + seconds(1));
  EXPECT_FALSE(meter.state().total);
}

TEST(ProgressMeter, ASubjectStandsForAllTransfers) {
  ProgressMeter meter("r.example/a:1");
  for (const auto what : {"sha256:00", "sha256:01"})
    meter.update({.phase = Progress::Phase::kDownloading, .what = what, .done = 1, .total = 2}, {});
  EXPECT_EQ(meter.state().label, "r.example/a:1");
  EXPECT_EQ(meter.state().done, 2U);
}

TEST(ProgressMeter, ThePhasesOfOneFileAreNotAddedUp) {
  ProgressMeter meter;
  meter.update({.phase = Progress::Phase::kHashing, .what = "a", .done = 100, .total = 100, .finished = true},
               {});
  EXPECT_EQ(meter.state().verb, "hashing");
  meter.update({.phase = Progress::Phase::kUploading, .what = "a", .done = 7, .total = 100}, {});
  EXPECT_EQ(meter.state().verb, "pushing");
  EXPECT_EQ(meter.state().done, 7U);
  EXPECT_EQ(meter.state().total, 100U);
}

TEST(ProgressMeter, TheRateIsThatOfTheLastSeconds) {
  ProgressMeter meter;
  SteadyTime now{};
  std::uint64_t done = 0;
  for (int second = 0; second < 20; ++second) {
    meter.update({.what = "a", .done = done, .total = {}}, now);
    now += seconds(1);
    done += 1000;
  }
  for (int second = 0; second < 20; ++second) {
    meter.update({.what = "a", .done = done, .total = {}}, now);
    now += seconds(1);
    done += 10;
  }
  EXPECT_NEAR(meter.state().rate.value(), 10, 0.01);
}

class FakeTerminal final : public Terminal {
 public:
  bool interactive() const override { return true; }
  std::size_t width() const override { return columns; }
  void write(std::string_view text) override { written.emplace_back(text); }
  std::size_t columns = 30;
  std::vector<std::string> written;
};

TEST(ProgressDisplay, DrawsTenTimesASecondAndClears) {
  FakeTerminal terminal;
  SteadyTime now{};
  {
    ProgressDisplay display(terminal, [&] { return now; });
    display.update({.what = "a", .done = 1, .total = {}});
    now += milliseconds(99);
    display.update({.what = "a", .done = 2, .total = {}});
    now += milliseconds(1);
    terminal.columns = 8;
    display.update({.what = "a", .done = 3, .total = {}});
  }
  EXPECT_EQ(terminal.written,
            (std::vector<std::string>{"\rpushing a  1 B\x1b[K", "\r3 B\x1b[K", "\r\x1b[K"}));
}

TEST(ProgressDisplay, ClearsNothingThatItDidNotDraw) {
  FakeTerminal terminal;
  {
    ProgressDisplay display(terminal, [] { return SteadyTime{}; });
  }
  EXPECT_TRUE(terminal.written.empty());
}

}  // namespace
}  // namespace lamina::cmd
