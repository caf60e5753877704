add_executable(planner_bench planner_bench.cc planner_fill.cc)
target_link_libraries(planner_bench PRIVATE project_options certwright_pch certwright::api certwright::issuance
  certwright::test_support certwright::test_postgres)
target_precompile_headers(planner_bench REUSE_FROM certwright_pch)
