# SPDX-License-Identifier: Apache-2.0
# `cmake --install`: the program, include/lamina, and the static libraries behind it for find_package(lamina).
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/lamina)

# lamina_installed(module...): lamina_<module> is installed as lamina::<module>.
function(lamina_installed)
  foreach(module ${ARGN})
    set_target_properties(lamina_${module} PROPERTIES EXPORT_NAME ${module})
    add_library(lamina::${module} ALIAS lamina_${module})
    install(TARGETS lamina_${module} EXPORT lamina COMPONENT library
      ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
  endforeach()
endfunction()

lamina_installed(base oci archive http client kube cluster)
install(EXPORT lamina NAMESPACE lamina:: FILE lamina-targets.cmake DESTINATION ${package_dir} COMPONENT library)
install(DIRECTORY include/lamina DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT library)

configure_package_config_file(cmake/lamina-config.cmake.in lamina-config.cmake INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(lamina-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/lamina-config.cmake ${CMAKE_CURRENT_BINARY_DIR}/lamina-config-version.cmake
  DESTINATION ${package_dir} COMPONENT library)

if(TARGET lamina)
  install(TARGETS lamina COMPONENT program)
endif()
