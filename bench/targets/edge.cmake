# What the benchmarks of the edge are made with: the names that are served, and a client.
add_executable(edge_fill edge/edge_fill.cc)
target_link_libraries(edge_fill PRIVATE project_options certwright_pch certwright::edge certwright::test_certificates)
target_precompile_headers(edge_fill REUSE_FROM certwright_pch)

add_executable(tls_load edge/tls_load.cc)
target_link_libraries(tls_load PRIVATE project_options OpenSSL::SSL)

add_custom_target(bench_tools DEPENDS edge_fill tls_load)
