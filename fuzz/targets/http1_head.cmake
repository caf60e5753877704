fuzz(http1_head DEPS certwright::http)
