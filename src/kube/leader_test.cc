// SPDX-License-Identifier: Apache-2.0
#include "kube/leader.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <latch>
#include <memory>
#include <string>
#include <thread>

#include "kube/deadline.h"
#include "kube/election.h"
#include "kube/testing/fake_api.h"
#include "kube/testing/said.h"

namespace lamina::kube {
namespace {

using namespace std::chrono_literals;
using testing::Call;
using testing::FakeApi;
using testing::Said;

const ResourceType kLeases{"coordination.k8s.io", "v1", "leases", "Lease"};
const ObjectKey kKey{"n", "l"};
const Error kDown{Code::kUnavailable, About::kNothing, "no connection", {}};

/// Tries again at once, and has all the time of the world.
LeaderOptions patient(std::string identity) {
  return {.namespace_name = kKey.namespace_name,
          .lease_name = kKey.name,
          .identity = std::move(identity),
          .lease = 2h,
          .renew_deadline = 1h,
          .retry = 1ms};
}

LeaderOptions hasty(std::string identity) {
  LeaderOptions options = patient(std::move(identity));
  options.lease = 500ms;
  options.renew_deadline = 300ms;
  return options;
}

/// A candidate on a thread of its own, which leads until it is stopped. Says `leads TERM` and `ends`.
class Runner {
 public:
  Runner(Api& api, const LeaderOptions& options, Said& said) {
    result_ = std::async(std::launch::async, [this, &api, options, &said] {
      return lead_when_elected(
          api, options, clock_,
          [&](const Leadership& leadership, const std::stop_token& lost) {
            said.add("leads " + std::to_string(leadership.term));
            while (pause(1h, lost)) {
            }
            said.add("ends");
          },
          stop_.get_token());
    });
  }
  ~Runner() { stop_.request_stop(); }

  Result<void> stop() {
    stop_.request_stop();
    return result_.get();
  }

 private:
  SystemMonotonicClock clock_;
  std::stop_source stop_;
  std::future<Result<void>> result_;
};

class LeaderTest : public ::testing::Test {
 protected:
  LeaderTest() { api_.add_type(kLeases); }

  Lease lease() const { return *parse_lease(*api_.find(kLeases, kKey)); }
  void put(const std::string& holder, std::uint64_t transitions) {
    api_.put(kLeases, to_json({.holder = holder, .duration = 0s, .transitions = transitions}, kKey));
  }
  /// Waits for `count` more calls.
  void let_it_try(std::size_t count) {
    const std::size_t until = api_.calls().size() + count;
    while (api_.calls().size() < until) std::this_thread::yield();
  }

  FakeApi api_;
  Said said_;
};

TEST_F(LeaderTest, TakesAFreeLeaseAndGivesItBack) {
  Runner runner(api_, patient("me"), said_);
  EXPECT_EQ(said_.next(), "leads 0");
  EXPECT_EQ(lease().holder, "me");
  EXPECT_EQ(lease().duration, 2h);
  EXPECT_TRUE(runner.stop());
  EXPECT_EQ(said_.next(), "ends");
  EXPECT_EQ(lease().holder, "");
}

TEST_F(LeaderTest, TakesOverAtOnceFromWhoGivesTheLeaseBack) {
  Runner first(api_, patient("first"), said_);
  EXPECT_EQ(said_.next(), "leads 0");
  Said second_said;
  Runner second(api_, patient("second"), second_said);
  EXPECT_TRUE(first.stop());
  EXPECT_EQ(second_said.next(), "leads 1");
  EXPECT_EQ(lease().holder, "second");
}

TEST_F(LeaderTest, RenewsTheLease) {
  Runner runner(api_, patient("me"), said_);
  EXPECT_EQ(said_.next(), "leads 0");
  const Lease before = lease();
  while (lease().renewed == before.renewed) std::this_thread::yield();
  EXPECT_EQ(lease().acquired, before.acquired);
  EXPECT_EQ(lease().transitions, 0U);
}

TEST_F(LeaderTest, WaitsWhileAnotherLeads) {
  put("other", 7);
  Runner runner(api_, patient("me"), said_);
  let_it_try(20);
  EXPECT_TRUE(api_.writes().empty());
  put("", 7);
  EXPECT_EQ(said_.next(), "leads 8");
}

TEST_F(LeaderTest, TakesOverAnExpiredLease) {
  put("other", 7);
  Runner runner(api_, hasty("me"), said_);
  EXPECT_EQ(said_.next(), "leads 8");
}

TEST_F(LeaderTest, EndsWhenAnotherHasTakenTheLease) {
  Runner runner(api_, patient("me"), said_);
  EXPECT_EQ(said_.next(), "leads 0");
  put("other", 1);
  EXPECT_EQ(said_.next(), "ends");
  EXPECT_TRUE(runner.stop());
  EXPECT_EQ(lease().holder, "other");
}

TEST_F(LeaderTest, EndsWhenItCannotRenewAndLeadsAgainLater) {
  Runner runner(api_, hasty("me"), said_);
  EXPECT_EQ(said_.next(), "leads 0");
  api_.on_call([](const Call&) { return std::optional(kDown); });
  EXPECT_EQ(said_.next(), "ends");
  let_it_try(5);
  api_.on_call(nullptr);
  EXPECT_EQ(said_.next(), "leads 0");  // Nobody else has led since.
}

TEST_F(LeaderTest, EndsWhileARenewalHangs) {
  std::latch ended(1);
  std::atomic<bool> hangs = false;
  api_.on_call([&](const Call&) -> std::optional<Error> {
    if (hangs) ended.wait();
    return std::nullopt;
  });
  Runner runner(api_, hasty("me"), said_);
  EXPECT_EQ(said_.next(), "leads 0");
  hangs = true;
  EXPECT_EQ(said_.next(), "ends");
  ended.count_down();
}

TEST_F(LeaderTest, KeepsTheLeaseUntilWhatItLedHasReturned) {
  const SystemMonotonicClock clock;
  std::stop_source stop;
  std::string holder_at_end;
  const auto result = lead_when_elected(
      api_, patient("me"), clock,
      [&](const Leadership&, const std::stop_token& lost) {
        stop.request_stop();
        EXPECT_TRUE(lost.stop_requested());
        let_it_try(5);
        holder_at_end = lease().holder;
      },
      stop.get_token());
  EXPECT_TRUE(result);
  EXPECT_EQ(holder_at_end, "me");
  EXPECT_EQ(lease().holder, "");
}

TEST_F(LeaderTest, LeadsAgainOnlyWithTheLeaseWhereWhatItLedReturnsByItself) {
  const SystemMonotonicClock clock;
  std::stop_source stop;
  int times = 0;
  std::atomic<int> failures = 0;
  const auto result = lead_when_elected(
      api_, patient("me"), clock,
      [&](const Leadership& leadership, const std::stop_token&) {
        if (++times == 2) {
          EXPECT_EQ(failures, 20);
          EXPECT_EQ(leadership.term, 1U);
          return static_cast<void>(stop.request_stop());
        }
        api_.on_call([&](const Call& call) -> std::optional<Error> {
          // The lease is given back; then the server is out of reach for a while.
          if (call.is_write() || failures == 20) return std::nullopt;
          ++failures;
          return kDown;
        });
      },
      stop.get_token());
  EXPECT_TRUE(result);
  EXPECT_EQ(times, 2);
}

TEST_F(LeaderTest, SaysWhyItCannotReadOrWriteTheLease) {
  api_.on_call(
      [](const Call&) { return std::optional(Error{Code::kDenied, About::kNothing, "may not", {}}); });
  LeaderOptions options = patient("me");
  Said troubles;
  options.on_trouble = [&](const Error& error) { troubles.add(error.message); };
  Runner runner(api_, options, said_);
  EXPECT_EQ(troubles.next(), "may not");
  EXPECT_TRUE(runner.stop());
}

TEST_F(LeaderTest, RefusesTimesThatAllowTwoLeaders) {
  LeaderOptions same = patient("me");
  same.lease = same.renew_deadline;
  LeaderOptions seldom = patient("me");
  seldom.retry = seldom.renew_deadline;
  for (const LeaderOptions& options : {same, seldom}) {
    Runner runner(api_, options, said_);
    EXPECT_EQ(runner.stop().error().code, Code::kInvalid);
  }
}

}  // namespace
}  // namespace lamina::kube
