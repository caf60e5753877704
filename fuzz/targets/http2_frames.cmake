fuzz(http2_frames DEPS certwright::http)
