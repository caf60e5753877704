#include "store/testing/store_fixture.h"

#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

namespace store {

namespace {

class SqliteStore : public testing::Test {
protected:
    std::filesystem::path file() const { return folder_.path() / "certwright.db"; }
    base::Result<std::unique_ptr<Store>> open() { return open_sqlite(file(), clock_); }
    template <class F>
    auto run(base::Task<F> task)
    {
        return test::run(loop_, std::move(task));
    }

    boost::asio::io_context loop_{1};
    test::TempDir folder_;
    base::ManualClock clock_{test_start};
};

auto put(std::string name, std::string value = "")
{
    return [name, value](Transaction& tx) { return tx.settings.put(name, value); };
}

TEST_F(SqliteStore, IsPrivateToItsUser)
{
    const auto store = open().value();
    ASSERT_TRUE(run(store->write(put("a"))));

    for (const char* suffix : {"", "-wal", ".lock"}) {
        struct stat status{};
        ASSERT_EQ(::stat((file().string() + suffix).c_str(), &status), 0) << suffix;
        EXPECT_EQ(status.st_mode & 0777U, 0600U) << suffix;
    }
}

TEST_F(SqliteStore, TellsASecondProcessThatTheDatabaseIsHeld)
{
    const auto store = open().value();
    const auto second = open();

    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code(), "store_locked");
    EXPECT_NE(second.error().fix(), "");
}

TEST_F(SqliteStore, SaysWhenTheFolderIsMissingOrTheFileIsNoDatabase)
{
    const auto missing = open_sqlite(folder_.path() / "none" / "certwright.db", clock_);
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().code(), "store_not_writable");

    ::truncate(file().c_str(), 0);
    {
        std::FILE* raw = std::fopen(file().c_str(), "w");
        std::fputs(
            "this is a text file of more than a hundred characters, which is as long as the header of an "
            "SQLite database file is.",
            raw);
        std::fclose(raw);
    }
    const auto damaged = open();
    ASSERT_FALSE(damaged);
    EXPECT_EQ(damaged.error().code(), "store_damaged");
}

// Limits how large files of this process may grow, as a full disk does, until it goes out of scope.
class FullDisk {
public:
    explicit FullDisk(std::uintmax_t largest)
    {
        std::signal(SIGXFSZ, SIG_IGN);
        getrlimit(RLIMIT_FSIZE, &before_);
        const rlimit limit{.rlim_cur = largest, .rlim_max = before_.rlim_max};
        setrlimit(RLIMIT_FSIZE, &limit);
    }
    FullDisk(const FullDisk&) = delete;
    FullDisk& operator=(const FullDisk&) = delete;
    ~FullDisk() { setrlimit(RLIMIT_FSIZE, &before_); }

private:
    rlimit before_{};
};

TEST_F(SqliteStore, ReportsAFullDiskAndGoesOnOnceThereIsRoom)
{
    const auto store = open().value();
    ASSERT_TRUE(run(store->write(put("before", "value"))));
    {
        const FullDisk full(std::filesystem::file_size(file().string() + "-wal") + 20'000);
        const auto refused = run(store->write(put("large", std::string(5'000'000, 'x'))));
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().kind(), base::Errc::unavailable);
        EXPECT_EQ(refused.error().code(), "disk_full");
        EXPECT_NE(refused.error().fix(), "");
        EXPECT_EQ(run(store->read([](Transaction& tx) { return tx.settings.get("before"); })).value(),
                  "value");
    }
    EXPECT_TRUE(run(store->write(put("after", std::string(5'000'000, 'x')))));
    EXPECT_EQ(run(store->read([](Transaction& tx) { return tx.settings.get("large"); })).value(),
              std::nullopt);
}

// A process that writes until it is killed and reports each acknowledged number.
[[noreturn]] void write_until_killed(const std::filesystem::path& file, int report)
{
    base::ManualClock clock(test_start);
    const auto store = open_sqlite(file, clock).value();
    const auto writer = [](Store& target, int first, int pipe) -> boost::asio::awaitable<void> {
        for (int number = first;; number += 8) {
            auto done = co_await target.write([number](Transaction& tx) -> base::Result<> {
                tx.revisions.append(model::RevisionKind::route, std::to_string(number));
                return tx.settings.put(std::to_string(number), "");
            });
            if (!done || ::write(pipe, &number, sizeof number) != sizeof number) {
                _exit(1);
            }
        }
    };
    boost::asio::io_context loop(1);
    std::vector<boost::asio::awaitable<void>> writers;
    for (int first = 0; first < 8; ++first) {
        writers.push_back(writer(*store, first, report));
    }
    test::run(loop, together(std::move(writers)));
    _exit(0);
}

TEST_F(SqliteStore, KeepsEveryAcknowledgedWriteWhenTheProcessIsKilled)
{
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    const pid_t child = ::fork();
    if (child == 0) {
        ::close(ends[0]);
        write_until_killed(file(), ends[1]);
    }
    ::close(ends[1]);
    std::vector<int> acknowledged;
    for (int number = 0; ::read(ends[0], &number, sizeof number) == sizeof number;) {
        acknowledged.push_back(number);
        if (acknowledged.size() == 200) {
            ::kill(child, SIGKILL);  // Amid its writes; what it still reported is read below.
        }
    }
    ::close(ends[0]);
    ::waitpid(child, nullptr, 0);
    ASSERT_GE(acknowledged.size(), 200U);

    const auto store = open().value();
    for (const int number : acknowledged) {
        EXPECT_TRUE(run(store->read([=](Transaction& tx) {
                        return tx.settings.get(std::to_string(number));
                    })).value())
            << number;
    }
    // Revisions and rows belong together, also those whose acknowledgement got lost.
    const auto head = run(store->read([](Transaction& tx) { return tx.revisions.head(); })).value();
    const auto log = run(store->read([&](Transaction& tx) {
                         return tx.revisions.after({head.epoch, 0}, 1'000'000);
                     })).value();
    EXPECT_EQ(static_cast<std::int64_t>(log.size()), head.number);
    EXPECT_GE(log.size(), acknowledged.size());
}

}  // namespace

}  // namespace store
