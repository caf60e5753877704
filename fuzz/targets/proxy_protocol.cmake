fuzz(proxy_protocol DEPS certwright::net)
