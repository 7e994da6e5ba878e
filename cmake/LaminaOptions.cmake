# SPDX-License-Identifier: Apache-2.0
set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

option(LAMINA_TESTS "Build the tests" ON)
option(LAMINA_FUZZ "Build the fuzzers; needs clang" OFF)
set(LAMINA_SANITIZE "" CACHE STRING "Sanitizers for every target, as given to -fsanitize=")

find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE})
endif()

# Everything that Lamina's own sources are compiled with; headers of libraries come in as SYSTEM.
add_library(lamina_options INTERFACE)
target_compile_options(lamina_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Wold-style-cast -Wcast-qual -Wconversion
  -Wno-missing-field-initializers  # the members of aggregates have defaults
  -fno-strict-overflow)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # Errors with the compiler that ships only. GCC 12 reports those switched off here in inlined
  # standard-library and coroutine code that is correct.
  target_compile_options(lamina_options INTERFACE
    -Werror -Wno-maybe-uninitialized -Wno-restrict -Wno-stringop-overflow -Wno-array-bounds -Wno-dangling-pointer
    -Wno-mismatched-new-delete)
else()
  target_compile_options(lamina_options INTERFACE -Wno-sign-conversion)  # GCC's -Wconversion is without signs
endif()
if(LAMINA_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()
if(LAMINA_SANITIZE)
  add_compile_options(-fsanitize=${LAMINA_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${LAMINA_SANITIZE})
  if(LAMINA_SANITIZE MATCHES thread)
    # The sanitizer does not understand fences; Asio's queues are ordered by their locks without them.
    add_compile_definitions(BOOST_ASIO_DISABLE_FENCED_BLOCK)
  endif()
endif()
