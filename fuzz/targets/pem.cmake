fuzz(pem DEPS certwright::crypto)
