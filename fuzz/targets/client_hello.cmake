fuzz(client_hello DEPS certwright::net OpenSSL::SSL OpenSSL::Crypto)
