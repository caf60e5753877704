fuzz(relay_request DEPS certwright::relay)
