# Not a Google Benchmark: the edge is another process, whose memory is read.
add_executable(edge_idle_bench edge_idle_bench.cc)
target_link_libraries(edge_idle_bench PRIVATE project_options certwright_pch certwright::edge certwright::test_certificates)
target_precompile_headers(edge_idle_bench REUSE_FROM certwright_pch)
