// A real PostgreSQL for one test program: a private cluster in a temporary folder, reached by a unix socket
// only.
#pragma once

#include "support/temp_dir.h"

#include <sys/types.h>

#include <string>

namespace test {

// Started on first use, stopped when the program ends (also when it crashes). Durability is off: tests kill
// clients, not this server. Needs Debian's postgresql package; run as root it becomes the user postgres, who
// owns the cluster.
class Postgres {
public:
    // Throws std::runtime_error when PostgreSQL is missing or does not start: such tests must fail, not be
    // skipped.
    static Postgres& shared();

    Postgres(const Postgres&) = delete;
    Postgres& operator=(const Postgres&) = delete;
    ~Postgres();

    // Makes an empty database and returns its URL.
    std::string new_database();
    // Runs SQL in the database of `url` as the superuser and returns the first value of the result, or "".
    std::string query(const std::string& url, const std::string& text);

private:
    Postgres();
    std::string url(const std::string& database) const;
    void wait_until_ready();

    TempDir folder_;
    pid_t server_ = -1;
    int databases_ = 0;
};

}  // namespace test
