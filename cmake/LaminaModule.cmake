# SPDX-License-Identifier: Apache-2.0
# A module is one directory of src/: *.cc make lamina_<name>, testing/*.cc make lamina_<name>_testing,
# *_test.cc make the program <name>_test. TEST_DEPENDS names modules that only the tests may include from.

function(lamina_module name)
  cmake_parse_arguments(M "" "" "DEPENDS;TEST_DEPENDS;LIBRARIES" ${ARGN})
  set(dir ${CMAKE_CURRENT_SOURCE_DIR}/src/${name})
  file(GLOB sources CONFIGURE_DEPENDS ${dir}/*.cc)
  set(tests ${sources})
  list(FILTER sources EXCLUDE REGEX "(_test|/main)\\.cc$")
  list(FILTER tests INCLUDE REGEX "_test\\.cc$")
  list(TRANSFORM M_DEPENDS PREPEND lamina_ OUTPUT_VARIABLE dependencies)

  if(sources)
    add_library(lamina_${name} STATIC ${sources})
    set(scope PUBLIC)
    target_link_libraries(lamina_${name} PRIVATE $<BUILD_INTERFACE:lamina_options>)
  else()
    add_library(lamina_${name} INTERFACE)
    set(scope INTERFACE)
  endif()
  target_include_directories(lamina_${name} ${scope}
    $<BUILD_INTERFACE:${CMAKE_CURRENT_SOURCE_DIR}/include>
    $<BUILD_INTERFACE:${CMAKE_CURRENT_SOURCE_DIR}/src>
    $<INSTALL_INTERFACE:include>)
  target_compile_features(lamina_${name} ${scope} cxx_std_23)
  target_link_libraries(lamina_${name} ${scope} ${dependencies} ${M_LIBRARIES})

  file(GLOB testing CONFIGURE_DEPENDS ${dir}/testing/*.cc)
  if(testing AND LAMINA_TESTS)
    add_library(lamina_${name}_testing STATIC ${testing})
    target_link_libraries(lamina_${name}_testing PUBLIC lamina_${name} GTest::gmock PRIVATE lamina_options)
    foreach(module ${M_DEPENDS} ${M_TEST_DEPENDS})
      if(TARGET lamina_${module}_testing)
        target_link_libraries(lamina_${name}_testing PUBLIC lamina_${module}_testing)
      endif()
    endforeach()
  endif()

  if(tests AND LAMINA_TESTS)
    add_executable(${name}_test ${tests})
    target_link_libraries(${name}_test PRIVATE lamina_options lamina_${name} GTest::gmock GTest::gtest_main)
    foreach(module ${name} ${M_DEPENDS} ${M_TEST_DEPENDS})
      if(TARGET lamina_${module}_testing)
        target_link_libraries(${name}_test PRIVATE lamina_${module}_testing)
      endif()
    endforeach()
    gtest_discover_tests(${name}_test TEST_PREFIX "${name}/" DISCOVERY_TIMEOUT 60
      PROPERTIES TIMEOUT 300 LABELS ${name})
  endif()
endfunction()

function(lamina_program name)
  cmake_parse_arguments(P "" "MODULE" "" ${ARGN})
  set(main ${CMAKE_CURRENT_SOURCE_DIR}/src/${P_MODULE}/main.cc)
  if(EXISTS ${main})
    add_executable(${name} ${main})
    target_link_libraries(${name} PRIVATE lamina_options lamina_${P_MODULE})
    set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
  endif()
endfunction()
