# One function per kind of target, so that each folder's CMakeLists.txt is a line or two.

add_library(project_options INTERFACE)
target_compile_definitions(project_options INTERFACE
  BOOST_ASIO_SEPARATE_COMPILATION
  BOOST_BEAST_SEPARATE_COMPILATION
  BOOST_ASIO_NO_DEPRECATED
  # Coroutine frames come from malloc, whose cache aligned_alloc goes past: 3 % of a proxied request.
  BOOST_ASIO_DISABLE_STD_ALIGNED_ALLOC
  _GLIBCXX_ASSERTIONS)
target_compile_options(project_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wnon-virtual-dtor -Woverloaded-virtual
  -Wold-style-cast -Wcast-qual -Wvla -Wimplicit-fallthrough -Wundef -Wunused-result
  -fstack-protector-strong -fPIE)
# A precompiled header without a time in it is the same for every checkout, so compiler caches can share what uses it.
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  target_compile_options(project_options INTERFACE "SHELL:-Xclang -fno-pch-timestamp")
endif()
target_link_options(project_options INTERFACE -pie -fuse-ld=lld -Wl,-z,relro,-z,now)
target_include_directories(project_options INTERFACE ${PROJECT_SOURCE_DIR}/src)
if(WARNINGS_AS_ERRORS)
  target_compile_options(project_options INTERFACE -Werror)
endif()
if(SANITIZE)
  target_compile_options(project_options INTERFACE -fsanitize=${SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(project_options INTERFACE -fsanitize=${SANITIZE})
elseif(CMAKE_BUILD_TYPE MATCHES "Release|RelWithDebInfo")
  target_compile_options(project_options INTERFACE -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
endif()

# Eight files of a target are compiled as one, so that what they include is read once. Names in their anonymous
# namespaces must differ.
function(compile_together TARGET)
  if(TOGETHER)
    set_target_properties(${TARGET} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 8)
  endif()
endfunction()

# module(acme DEPS certwright::http PRIVATE_DEPS CURL::libcurl)
# A static library certwright::<name> from this folder's *.cc except tests, benchmarks and fuzzers.
# APART: its files have helpers of the same name and are compiled one by one.
function(module NAME)
  cmake_parse_arguments(ARG "NO_PCH;APART" "" "DEPS;PRIVATE_DEPS" ${ARGN})
  string(REPLACE "/" "_" TARGET "certwright_${NAME}")
  file(GLOB SOURCES CONFIGURE_DEPENDS *.cc *.h)
  list(FILTER SOURCES EXCLUDE REGEX "_(test|bench|fuzz)\\.cc$")
  add_library(${TARGET} STATIC ${SOURCES})
  string(REPLACE "/" "::" ALIAS "certwright::${NAME}")
  add_library(${ALIAS} ALIAS ${TARGET})
  target_link_libraries(${TARGET} PUBLIC project_options ${ARG_DEPS} PRIVATE ${ARG_PRIVATE_DEPS})
  if(NOT ARG_NO_PCH)
    target_precompile_headers(${TARGET} REUSE_FROM certwright_pch)
    target_link_libraries(${TARGET} PUBLIC certwright_pch)
  endif()
  if(NOT ARG_APART)
    compile_together(${TARGET})
  endif()
endfunction()

# What sanitizers run: every binary of unit tests, and nothing else.
add_custom_target(unit_tests)

# module_test(acme DEPS ...): one binary of every *_test.cc beside the code; each TEST is a ctest test with label `unit`.
function(module_test NAME)
  cmake_parse_arguments(ARG "" "LABEL;TIMEOUT;FILTER" "DEPS;PROPERTIES" ${ARGN})
  string(REPLACE "/" "_" STEM "${NAME}")
  string(REPLACE "/" "::" ALIAS "certwright::${NAME}")
  if(NOT ARG_LABEL)
    set(ARG_LABEL unit)
  endif()
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 60)
  endif()
  file(GLOB SOURCES CONFIGURE_DEPENDS *_test.cc)
  if(NOT SOURCES)
    return()
  endif()
  add_executable(${STEM}_test ${SOURCES})
  if(TARGET ${ALIAS})
    target_link_libraries(${STEM}_test PRIVATE ${ALIAS})
  endif()
  target_link_libraries(${STEM}_test PRIVATE certwright::test_support ${ARG_DEPS} GTest::gtest GTest::gmock GTest::gtest_main certwright_test_pch)
  target_precompile_headers(${STEM}_test REUSE_FROM certwright_test_pch)
  compile_together(${STEM}_test)
  add_dependencies(unit_tests ${STEM}_test)
  gtest_discover_tests(${STEM}_test DISCOVERY_MODE PRE_TEST DISCOVERY_TIMEOUT 60 TEST_FILTER "${ARG_FILTER}"
    PROPERTIES LABELS ${ARG_LABEL} TIMEOUT ${ARG_TIMEOUT} ${ARG_PROPERTIES})
endfunction()
include(GoogleTest)
