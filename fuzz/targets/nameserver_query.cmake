fuzz(nameserver_query DEPS certwright::nameserver)
