// SPDX-License-Identifier: Apache-2.0
#include "cmd/config.h"

#include <gtest/gtest.h>

namespace lamina::cmd {
namespace {

TEST(Config, ReadsValuesOfEveryKind) {
  const auto config = parse_config(
      "serve:\n"
      "  addr: '[::]:5000'\n"
      "  accept-sparse: [a/*, b/**]\n"
      "  workers: 16\n"
      "  max-header-size: 64KiB\n"
      "  idle-timeout: 1m30s\n"
      "  advertise-url:\n"
      "client:\n"
      "  insecure: true\n"
      "  tls: never\n",
      "f");
  ASSERT_TRUE(config) << config.error().message;
  const Config expected{{"addr", {"[::]:5000"}},     {"accept-sparse", {"a/*", "b/**"}},
                        {"workers", {"16"}},         {"max-header-size", {"64KiB"}},
                        {"idle-timeout", {"1m30s"}}, {"insecure", {"true"}},
                        {"tls", {"never"}}};
  EXPECT_EQ(*config, expected);
}

TEST(Config, EmptyFilesSayNothing) {
  for (const auto yaml : {"", "# nothing\n", "---\n", "serve:\n", "{}"}) {
    const auto config = parse_config(yaml, "f");
    ASSERT_TRUE(config) << yaml << ": " << config.error().message;
    EXPECT_TRUE(config->empty()) << yaml;
  }
}

TEST(Config, FaultsAreToldWithTheirPlace) {
  constexpr struct {
    std::string_view yaml, expected;
  } kCases[] = {
      {"serve:\n  adr: x", "f:2:3: unknown key 'adr' in serve (did you mean 'addr'?)"},
      {"serv:\n  addr: x", "f:1:1: unknown key 'serv' in the file (did you mean 'serve'?)"},
      {"zzz: 1", "f:1:1: unknown key 'zzz' in the file; known are client, controller, kubernetes, serve"},
      {"addr: x", "f:1:1: unknown key 'addr' in the file; known are client, controller, kubernetes, serve"},
      {"serve:\n  registry: x", "f:2:3: unknown key 'registry' in serve; known are addr, "},
      {"serve:\n  addr: a\n  addr: b", "f:3:3: key 'addr' comes twice in serve"},
      {"serve: {}\nserve: {}", "f:2:1: key 'serve' comes twice in the file"},
      {"serve:\n  addr: [a]", "f:2:9: expected one value for addr, found a list"},
      {"serve:\n  addr: {a: b}", "f:2:9: expected one value for addr, found a map"},
      {"serve:\n  accept-sparse: a/*", "f:2:18: expected a list for accept-sparse, found a text"},
      {"serve:\n  accept-sparse:\n  - a\n  - [b]",
       "f:4:5: expected one value for accept-sparse, found a list"},
      {"serve:\n  workers: many", "f:2:12: workers: expected a whole number, found 'many'"},
      {"serve:\n  max-header-size: 1 KB", "f:2:20: max-header-size: expected a size such as"},
      {"serve:\n  grace: 30", "f:2:10: grace: expected a duration such as"},
      {"client:\n  insecure: yes", "f:2:13: insecure: expected true or false, found 'yes'"},
      {"client:\n  tls: maybe", "f:2:8: tls: expected one of auto|always|never, found 'maybe'"},
      {"serve: on", "f:1:8: expected keys and values for serve, found a text"},
      {"[serve]", "f:1:1: expected sections, found a list"},
      {"serve: [", "f:1:1: end of sequence flow not found"},
      {"? [a]\n: b", "f:1:3: expected a key, found a list"},
      {"serve: {}\n---\nserve: {}", "f:3:1: expected one document, found 2"},
      {"serve:\n  addr: *nowhere", "f:2:9: "},
  };
  for (const auto& c : kCases) {
    const auto config = parse_config(c.yaml, "f");
    ASSERT_FALSE(config) << c.yaml;
    EXPECT_EQ(config.error().code, Code::kInvalid);
    EXPECT_TRUE(config.error().message.starts_with(c.expected))
        << c.yaml << "\n  got " << config.error().message;
  }
}

}  // namespace
}  // namespace lamina::cmd
