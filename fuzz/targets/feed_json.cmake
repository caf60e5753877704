fuzz(feed_json DEPS certwright::feed)
