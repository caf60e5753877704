# What the benchmark of the name server is made with.
add_executable(dns_bench_server dns/dns_bench_server.cc)
target_link_libraries(dns_bench_server PRIVATE project_options certwright_pch certwright::nameserver)
target_precompile_headers(dns_bench_server REUSE_FROM certwright_pch)
