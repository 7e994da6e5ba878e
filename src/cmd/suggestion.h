// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace lamina::cmd {

/// Of `known`, the word that `word` was most likely meant to be; empty where none is near.
std::string_view nearest(std::string_view word, std::span<const std::string_view> known);

/// ` (did you mean 'push'?)`, or nothing.
std::string suggestion(std::string_view word, std::span<const std::string_view> known);

}  // namespace lamina::cmd
