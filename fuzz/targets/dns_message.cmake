fuzz(dns_message DEPS certwright::dns)
