fuzz(http01_path DEPS certwright::edge)
