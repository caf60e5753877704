# Not a Google Benchmark: one long run that is judged and reported.
add_executable(soak_bench soak_bench.cc)
target_link_libraries(soak_bench PRIVATE certwright::test_soak)
target_precompile_headers(soak_bench REUSE_FROM certwright_pch)
