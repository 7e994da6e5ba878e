// SPDX-License-Identifier: Apache-2.0
#include "kube/election.h"

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <functional>
#include <map>
#include <random>
#include <string>

namespace lamina::kube {
namespace {

using namespace std::chrono_literals;

LeaderOptions options_of(std::string identity) {
  return {.lease_name = "l", .identity = std::move(identity)};
}

Lease lease_of(std::string holder, std::string version, std::uint64_t transitions = 3) {
  return {.holder = std::move(holder),
          .duration = 15s,
          .acquired = "then",
          .renewed = "then",
          .transitions = transitions,
          .resource_version = std::move(version)};
}

class ElectionTest : public testing::Test {
 protected:
  Instant now_ = Instant() + 1h;
  Election election_{options_of("me")};
};

TEST_F(ElectionTest, CreatesALeaseThatIsNotThere) {
  EXPECT_TRUE(election_.must_read());
  election_.saw(std::nullopt, now_);
  const auto claim = election_.claim(now_, "now");
  ASSERT_TRUE(claim);
  EXPECT_EQ(claim->holder, "me");
  EXPECT_EQ(claim->duration, 15s);
  EXPECT_EQ(claim->acquired, "now");
  EXPECT_EQ(claim->renewed, "now");
  EXPECT_EQ(claim->transitions, 0U);
  EXPECT_EQ(claim->resource_version, "");
  EXPECT_FALSE(election_.leads(now_));
  election_.won(*claim, now_);
  EXPECT_TRUE(election_.leads(now_));
}

TEST_F(ElectionTest, TakesALeaseThatWasGivenBackAtOnce) {
  election_.saw(lease_of("", "5"), now_);
  const auto claim = election_.claim(now_, "now");
  ASSERT_TRUE(claim);
  EXPECT_EQ(claim->transitions, 4U);
  EXPECT_EQ(claim->resource_version, "5");
}

TEST_F(ElectionTest, TakesALeaseOverThatHasNotChangedForSoLong) {
  for (auto waited = 0s; waited < 15s; waited += 2s) {
    ASSERT_TRUE(election_.must_read());
    election_.saw(lease_of("other", "5"), now_ + waited);
    EXPECT_FALSE(election_.claim(now_ + waited, "now"));
  }
  election_.saw(lease_of("other", "6"), now_ + 14s);  // It lives.
  EXPECT_FALSE(election_.claim(now_ + 28s, "now"));
  const auto claim = election_.claim(now_ + 29s, "now");
  ASSERT_TRUE(claim);
  EXPECT_EQ(claim->holder, "me");
  EXPECT_EQ(claim->acquired, "now");
  EXPECT_EQ(claim->transitions, 4U);
  EXPECT_EQ(claim->resource_version, "6");
}

TEST_F(ElectionTest, GrantsTheHolderTheLongerLeaseThatItHasAskedFor) {
  Lease lease = lease_of("other", "5");
  lease.duration = 60s;
  election_.saw(lease, now_);
  EXPECT_FALSE(election_.claim(now_ + 59s, "now"));
  EXPECT_TRUE(election_.claim(now_ + 60s, "now"));
}

TEST_F(ElectionTest, RenewsWithoutReadingAndCountsFromWhenItAsked) {
  election_.saw(std::nullopt, now_);
  Lease lease = *election_.claim(now_, "now");
  lease.resource_version = "1";
  election_.won(lease, now_);
  EXPECT_EQ(election_.leads_until(), now_ + 10s);
  EXPECT_FALSE(election_.must_read());

  const auto renewal = election_.claim(now_ + 2s, "later");
  ASSERT_TRUE(renewal);
  EXPECT_EQ(renewal->resource_version, "1");
  EXPECT_EQ(renewal->acquired, "now");
  EXPECT_EQ(renewal->renewed, "later");
  EXPECT_EQ(renewal->transitions, 0U);
  election_.won(*renewal, now_ + 2s);  // The answer comes whenever it comes.
  EXPECT_TRUE(election_.leads(now_ + 11s));
  EXPECT_FALSE(election_.leads(now_ + 12s));
}

TEST_F(ElectionTest, LeadsOnAfterAFailedRenewalUntilAnotherIsSeen) {
  election_.saw(lease_of("me", "5"), now_);
  election_.won(*election_.claim(now_, "now"), now_);
  EXPECT_EQ(election_.term(), 3U);
  election_.lost();
  EXPECT_TRUE(election_.leads(now_ + 9s));
  EXPECT_TRUE(election_.must_read());
  election_.saw(lease_of("me", "6"), now_ + 1s);  // The renewal was written after all.
  EXPECT_TRUE(election_.leads(now_ + 9s));
  election_.saw(lease_of("other", "7", 4), now_ + 2s);
  EXPECT_FALSE(election_.leads(now_ + 2s));
}

TEST_F(ElectionTest, LeadsNoMoreWhereTheLeaseHasGone) {
  election_.saw(lease_of("me", "5"), now_);
  election_.won(*election_.claim(now_, "now"), now_);
  election_.saw(std::nullopt, now_);
  EXPECT_FALSE(election_.leads(now_));
}

TEST_F(ElectionTest, GivesBackOnlyWhatItHas) {
  EXPECT_FALSE(election_.release("now"));
  election_.saw(lease_of("other", "5"), now_);
  EXPECT_FALSE(election_.release("now"));
  election_.saw(lease_of("me", "6"), now_);
  election_.won(*election_.claim(now_, "now"), now_);
  const auto release = election_.release("end");
  ASSERT_TRUE(release);
  EXPECT_EQ(release->holder, "");
  EXPECT_EQ(release->duration, 1s);
  EXPECT_EQ(release->transitions, 3U);
  EXPECT_EQ(release->resource_version, "6");
  EXPECT_FALSE(election_.leads(now_));
  EXPECT_TRUE(election_.must_read());
}

TEST(Lease, IsReadAsItIsWritten) {
  const Lease lease = lease_of("me_1", "17");
  const auto object = parse_object(to_json(lease, {"n", "l"}));
  ASSERT_TRUE(object);
  EXPECT_EQ(object->key, (ObjectKey{"n", "l"}));
  const auto read = parse_lease(*object);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->holder, "me_1");
  EXPECT_EQ(read->duration, 15s);
  EXPECT_EQ(read->acquired, "then");
  EXPECT_EQ(read->renewed, "then");
  EXPECT_EQ(read->transitions, 3U);
  EXPECT_EQ(read->resource_version, "17");
}

TEST(Lease, MayHaveNoSpec) {
  const auto read = parse_lease({.resource_version = "2", .json = R"({"metadata":{"name":"l"}})"});
  ASSERT_TRUE(read);
  EXPECT_EQ(read->holder, "");
  EXPECT_EQ(read->transitions, 0U);
}

/// Things that happen at their times, in simulated time.
class Simulation {
 public:
  void at(Instant when, std::function<void()> what) { agenda_.emplace(when, std::move(what)); }
  void run_until(Instant end) {
    while (!agenda_.empty() && agenda_.begin()->first < end) {
      auto next = agenda_.extract(agenda_.begin());
      now = next.key();
      next.mapped()();
    }
    now = end;
  }

  Instant now = Instant() + 1h;

 private:
  std::multimap<Instant, std::function<void()>> agenda_;
};

/// A store of one lease, at the end of a slow line that loses requests and answers.
class SlowStore {
 public:
  SlowStore(Simulation& simulation, std::mt19937& random) : simulation_(simulation), random_(random) {}

  /// `answer` gets the lease, or nothing where there is none; it may never be called.
  void read(std::function<void(std::optional<Lease>)> answer) {
    simulation_.at(later(), [this, answer = std::move(answer)] {
      if (!lost()) simulation_.at(later(), [answer, lease = lease_] { answer(lease); });
    });
  }

  void write(const Lease& lease, std::function<void(std::optional<Lease>)> answer) {
    if (lost()) return;
    simulation_.at(later(), [this, lease, answer = std::move(answer)] {
      const std::string version = lease_ ? lease_->resource_version : "";
      std::optional<Lease> stored;
      if (lease.resource_version == version) {
        stored = lease_ = lease;
        stored->resource_version = lease_->resource_version = std::to_string(++version_);
      }
      if (!lost()) simulation_.at(later(), [answer, stored] { answer(stored); });
    });
  }

  bool down = false;

 private:
  bool lost() { return down || std::bernoulli_distribution(0.1)(random_); }
  Instant later() {
    const bool slow = std::bernoulli_distribution(0.05)(random_);
    return simulation_.now +
           std::chrono::milliseconds(std::uniform_int_distribution(1, slow ? 20'000 : 200)(random_));
  }

  Simulation& simulation_;
  std::mt19937& random_;
  std::optional<Lease> lease_;
  std::uint64_t version_ = 0;
};

/// Drives an Election as leader.cc does, one request at a time, with a time limit for each.
class SimulatedCandidate {
 public:
  SimulatedCandidate(Simulation& simulation, SlowStore& store, std::string identity, Instant::duration offset)
      : simulation_(simulation), store_(store), offset_(offset), election_(options_of(std::move(identity))) {
    try_once();
  }

  bool leads() const { return election_.leads(clock()); }
  std::uint64_t term() const { return election_.term(); }

  void give_back() {
    ++round_;
    if (const auto release = election_.release("now")) store_.write(*release, [](auto) {});
    again_after(2s);
  }

 private:
  /// Each candidate has a clock of its own.
  Instant clock() const { return simulation_.now + offset_; }

  void again_after(std::chrono::seconds delay) {
    simulation_.at(simulation_.now + delay, [this, round = ++round_] {
      if (round == round_) try_once();
    });
  }

  void try_once() {
    again_after(5s);  // Where no answer comes.
    if (!election_.must_read()) return claim();
    store_.read([this, round = round_](const std::optional<Lease>& lease) {
      if (round != round_) return;
      election_.saw(lease, clock());
      claim();
    });
  }

  void claim() {
    const Instant asked = clock();
    const auto claim = election_.claim(asked, "now");
    if (!claim) return again_after(2s);
    election_.lost();  // Until the answer says otherwise.
    store_.write(*claim, [this, asked, round = round_](const std::optional<Lease>& stored) {
      if (round != round_) return;
      if (stored) election_.won(*stored, asked);
      again_after(2s);
    });
  }

  Simulation& simulation_;
  SlowStore& store_;
  Instant::duration offset_;
  Election election_;
  unsigned round_ = 0;
};

TEST(Election, HasNoTwoLeadersAtOnceHoweverSlowAndLossyTheStoreIs) {
  int elections = 0;
  for (unsigned seed = 0; seed < 60; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    Simulation simulation;
    SlowStore store(simulation, random);
    SimulatedCandidate one(simulation, store, "one", 0s);
    SimulatedCandidate two(simulation, store, "two", 17min);
    SimulatedCandidate three(simulation, store, "three", -5min);
    const std::array candidates = {&one, &two, &three};

    const SimulatedCandidate* leader = nullptr;
    std::uint64_t term = 0;
    const Instant end = simulation.now + 30min;
    while (simulation.now < end) {
      simulation.run_until(simulation.now + 50ms);
      if (std::bernoulli_distribution(0.0005)(random)) store.down = !store.down;
      for (SimulatedCandidate* candidate : candidates) {
        if (!candidate->leads()) continue;
        for (const SimulatedCandidate* other : candidates) {
          ASSERT_TRUE(other == candidate || !other->leads()) << "two leaders";
        }
        if (candidate != leader) {
          ASSERT_TRUE(leader == nullptr || candidate->term() > term) << "a new leader in an old term";
          ++elections;
        }
        leader = candidate;
        term = candidate->term();
        if (std::bernoulli_distribution(0.0005)(random)) candidate->give_back();
      }
    }
  }
  EXPECT_GT(elections, 300);
}

}  // namespace
}  // namespace lamina::kube
