# mlbuild_module(NAME SOURCES a.cpp ... [USES other modules] [LIBRARIES targets]): the static library mlbuild_NAME.
# USES must match src/LAYERS; the layering test checks the #include lines against that table.
add_library(mlbuild_options INTERFACE)
target_compile_options(mlbuild_options INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wnon-virtual-dtor -Woverloaded-virtual
  $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>)  # false alarms of g++ 12 about std::string at -O2 (GCC bug 105329)
target_include_directories(mlbuild_options INTERFACE ${PROJECT_SOURCE_DIR}/include)
target_link_libraries(mlbuild_options INTERFACE fmt::fmt Threads::Threads)
if(MLBUILD_SANITIZE)
  target_compile_options(mlbuild_options INTERFACE -fsanitize=${MLBUILD_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  target_link_options(mlbuild_options INTERFACE -fsanitize=${MLBUILD_SANITIZE})
endif()
if(MLBUILD_FUZZ)
  target_compile_options(mlbuild_options INTERFACE -fsanitize=fuzzer-no-link)  # coverage, which guides the fuzzer
endif()

function(mlbuild_module name)
  cmake_parse_arguments(arg "" "" "SOURCES;USES;LIBRARIES" ${ARGN})
  add_library(mlbuild_${name} STATIC ${arg_SOURCES})
  target_link_libraries(mlbuild_${name} PUBLIC mlbuild_options)
  foreach(used ${arg_USES})
    target_link_libraries(mlbuild_${name} PUBLIC mlbuild_${used})
  endforeach()
  target_link_libraries(mlbuild_${name} PRIVATE ${arg_LIBRARIES})
endfunction()

# mlbuild_test(NAME SOURCES ... [USES modules] [LIBRARIES targets] [LABELS network]): one GoogleTest program, each case a ctest test.
function(mlbuild_test name)
  cmake_parse_arguments(arg "" "TIMEOUT" "SOURCES;USES;LIBRARIES;LABELS" ${ARGN})
  add_executable(${name}_test ${arg_SOURCES})
  foreach(used ${arg_USES})
    target_link_libraries(${name}_test PRIVATE mlbuild_${used})
  endforeach()
  target_link_libraries(${name}_test PRIVATE mlbuild_options mlbuild_source_dir ${arg_LIBRARIES} GTest::gmock GTest::gtest_main)
  target_include_directories(${name}_test PRIVATE ${PROJECT_SOURCE_DIR}/tests)
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 120)
  endif()
  if(NOT arg_LABELS)
    set(arg_LABELS local)  # an empty one would be lost, and the next word taken for it
  endif()
  gtest_discover_tests(${name}_test DISCOVERY_MODE PRE_TEST
    PROPERTIES LABELS "${arg_LABELS}" TIMEOUT ${arg_TIMEOUT})
endfunction()
