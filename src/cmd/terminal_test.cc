// SPDX-License-Identifier: Apache-2.0
#include "cmd/terminal.h"

#include <gtest/gtest.h>

namespace lamina::cmd {
namespace {

TEST(Printable, ReplacesControlCharacters) {
  EXPECT_EQ(printable("grüße/x"), "grüße/x");
  EXPECT_EQ(printable("a\x1b[31mb\r\nc\x7f"), "a?[31mb??c?");
  EXPECT_EQ(printable("a\xc2\x9b"
                      "31mb"),
            "a?31mb");  // CSI in one character.
  EXPECT_EQ(printable("\xc2"), "\xc2");
}

}  // namespace
}  // namespace lamina::cmd
