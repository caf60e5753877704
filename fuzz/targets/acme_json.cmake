fuzz(acme_json DEPS certwright::acme)
