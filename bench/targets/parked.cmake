# Not a Google Benchmark: it waits for turns of the ring.
add_executable(parked_bench parked_bench.cc)
target_link_libraries(parked_bench PRIVATE project_options certwright_pch certwright::diagnosis
  certwright::test_support GTest::gtest)
target_precompile_headers(parked_bench REUSE_FROM certwright_pch)
