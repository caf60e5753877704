fuzz(http1_connection DEPS certwright::http)
