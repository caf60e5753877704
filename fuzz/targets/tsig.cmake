fuzz(tsig DEPS certwright::dns)
