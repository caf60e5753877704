// Thousands of TLS clients that go wrong at some point of a connection: each has a flight of records broken
// in one of a dozen ways, the first, the second or one after the handshake, in TLS 1.2 and 1.3. The edge ends
// each, keeps no memory for it, and serves the others. The seed is fixed.
#include "edge_fixture.h"
#include "net/openssl_handles.h"
#include "support/memory.h"

#include <gmock/gmock.h>

#include <sys/socket.h>

#include <random>

namespace edge {
namespace {

using testing::HasSubstr;

struct Record {
    std::uint8_t type = 0;
    std::uint16_t version = 0x0303;
    std::string payload;
    int length_off = 0;  // what its length says beyond the truth
};

constexpr std::uint8_t change_cipher_spec = 20;
constexpr std::uint8_t alert = 21;
constexpr std::uint8_t handshake = 22;

std::uint16_t number16(std::string_view at)
{
    return static_cast<std::uint16_t>(static_cast<unsigned char>(at[0]) << 8 |
                                      static_cast<unsigned char>(at[1]));
}

std::vector<Record> records_of(std::string_view octets)
{
    std::vector<Record> out;
    while (octets.size() >= 5) {
        const std::size_t size = number16(octets.substr(3, 2));
        Record record{static_cast<std::uint8_t>(octets[0]), number16(octets.substr(1, 2)),
                      std::string(octets.substr(5, size))};
        out.push_back(std::move(record));
        octets.remove_prefix(std::min(octets.size(), 5 + size));
    }
    return out;
}

std::string octets_of(const std::vector<Record>& records)
{
    std::string out;
    for (const auto& each : records) {
        const auto length =
            static_cast<std::uint16_t>(static_cast<int>(each.payload.size()) + each.length_off);
        for (const int value :
             {int{each.type}, each.version >> 8, each.version & 0xFF, length >> 8, length & 0xFF}) {
            out += static_cast<char>(value);
        }
        out += each.payload;
    }
    return out;
}

class Mutator {
public:
    // `flight` in one of the ways; it may be good still.
    std::string mutate(const std::string& flight)
    {
        auto records = records_of(flight);
        if (records.empty()) {
            return noise(below(200));
        }
        auto& one = records[below(records.size())];
        switch (below(12)) {
            case 0:
                return flipped(flight);
            case 1:
                return flight.substr(0, below(flight.size()));
            case 2:
                one.type = static_cast<std::uint8_t>(below(4) == 0 ? below(256) : 20 + below(5));
                break;
            case 3:
                one.length_off = static_cast<int>(below(40)) - 20;
                break;
            case 4:
                records.push_back(one);
                break;
            case 5:
                records.erase(records.begin() + static_cast<std::ptrdiff_t>(below(records.size())));
                break;
            case 6:
                std::swap(one, records[below(records.size())]);
                break;
            case 7:
                records.insert(records.begin() + static_cast<std::ptrdiff_t>(below(records.size() + 1)),
                               stranger());
                break;
            case 8:
                return octets_of(split(records));
            case 9:  // the message's type and length
                one.payload[below(std::min<std::size_t>(4, one.payload.size()))] = octet();
                break;
            case 10:
                one.version = static_cast<std::uint16_t>(below(0x10000));
                break;
            default:
                records.insert(records.begin(), 1 + below(300), warning());
                break;
        }
        return octets_of(records);
    }
    std::size_t below(std::size_t limit) { return limit == 0 ? 0 : random_() % limit; }

private:
    char octet() { return static_cast<char>(random_() % 256); }
    std::string noise(std::size_t size)
    {
        std::string out(size, '\0');
        std::ranges::generate(out, [this] { return octet(); });
        return out;
    }
    std::string flipped(std::string flight)
    {
        for (auto changes = 1 + below(8); changes > 0; --changes) {
            flight[below(flight.size())] = octet();
        }
        return flight;
    }
    // What does not belong there: also a heartbeat that asks for more than it has (CVE-2014-0160), and
    // messages of 16 MB.
    Record stranger()
    {
        Record record;
        record.type = static_cast<std::uint8_t>(change_cipher_spec + below(5));
        record.payload = noise(below(4) == 0 ? below(20'000) : below(64));
        if (record.type == handshake && record.payload.size() > 3) {
            constexpr std::array messages{0, 1, 2, 4, 5, 8, 11, 13, 14, 15, 16, 20, 24, 254};
            record.payload[0] = static_cast<char>(messages[below(messages.size())]);
        }
        return record;
    }
    static Record warning() { return {alert, 0x0303, std::string("\x01\x5A", 2)}; }
    std::vector<Record> split(const std::vector<Record>& records)
    {
        std::vector<Record> out;
        for (const auto& each : records) {
            for (std::size_t at = 0; at < each.payload.size();) {
                const auto size = 1 + below(40);
                out.push_back({each.type, each.version, each.payload.substr(at, size)});
                at += size;
            }
        }
        return out;
    }

    std::minstd_rand random_{20261126};
};

// A real client of OpenSSL's whose octets the test carries.
class Client {
public:
    Client(SSL_CTX* context, int version) : ssl_(SSL_new(context))
    {
        SSL_set_min_proto_version(ssl_.get(), version);
        SSL_set_max_proto_version(ssl_.get(), version);
        SSL_set_tlsext_host_name(ssl_.get(), "shop.test");
        SSL_set_bio(ssl_.get(), BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
        SSL_set_connect_state(ssl_.get());
    }
    // Goes on with what has come; what it has to say, and whether the handshake is done.
    std::string go_on(std::string_view came)
    {
        BIO_write(SSL_get_rbio(ssl_.get()), came.data(), static_cast<int>(came.size()));
        done_ = SSL_do_handshake(ssl_.get()) == 1;
        return taken();
    }
    bool done() const { return done_; }
    std::string encrypted(std::string_view text)
    {
        SSL_write(ssl_.get(), text.data(), static_cast<int>(text.size()));
        return taken();
    }
    // Of TLS 1.2: the first flight of another handshake in this connection. Of TLS 1.3: a key update.
    std::string again()
    {
        if (SSL_version(ssl_.get()) == TLS1_3_VERSION) {
            SSL_key_update(ssl_.get(), SSL_KEY_UPDATE_REQUESTED);
        } else {
            SSL_renegotiate(ssl_.get());
        }
        SSL_do_handshake(ssl_.get());
        return taken();
    }

private:
    std::string taken()
    {
        std::string out(BIO_ctrl_pending(SSL_get_wbio(ssl_.get())), '\0');
        BIO_read(SSL_get_wbio(ssl_.get()), out.data(), static_cast<int>(out.size()));
        return out;
    }

    net::SslHandle ssl_;
    bool done_ = false;
};

class EdgeTlsFuzz : public EdgeTest {
protected:
    using Socket = boost::asio::ip::tcp::socket;

    Socket connect()
    {
        Socket socket(loop);
        socket.connect(edge->https().front());
        const timeval patience{.tv_sec = 30, .tv_usec = 0};
        ::setsockopt(socket.native_handle(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        ::setsockopt(socket.native_handle(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
        return socket;
    }
    static void send(Socket& socket, std::string_view octets)
    {
        for (std::size_t sent = 0; sent < octets.size();) {
            const auto count =
                ::send(socket.native_handle(), octets.data() + sent, octets.size() - sent, MSG_NOSIGNAL);
            if (count <= 0) {
                return;  // It has ended the connection already.
            }
            sent += static_cast<std::size_t>(count);
        }
    }
    // Empty: the end.
    std::string receive(Socket& socket)
    {
        std::array<char, 16 * 1024> buffer;
        const auto count = ::recv(socket.native_handle(), buffer.data(), buffer.size(), 0);
        hung += count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK) ? 1 : 0;
        return {buffer.data(), count > 0 ? static_cast<std::size_t>(count) : 0};
    }
    // Nothing more comes from us: whatever the edge waits for, it ends.
    void finish(Socket& socket)
    {
        ::shutdown(socket.native_handle(), SHUT_WR);
        while (!receive(socket).empty()) {}
    }

    // A connection that goes wrong at its first flight, at its second, or after the handshake.
    void go_wrong(std::size_t flight)
    {
        Client client(context.get(), mutator.below(2) == 0 ? TLS1_2_VERSION : TLS1_3_VERSION);
        auto socket = connect();
        auto said = client.go_on({});
        for (std::size_t number = 0; number < flight && !client.done(); ++number) {
            send(socket, said);
            do {
                const auto came = receive(socket);
                if (came.empty()) {
                    return;
                }
                said = client.go_on(came);
            } while (said.empty() && !client.done());
        }
        if (flight == 2) {
            send(socket, said);
            said = mutator.below(4) == 0
                       ? client.again()
                       : client.encrypted(
                             "GET /headers HTTP/1.1\r\nHost: shop.test\r\nConnection: close\r\n\r\n");
        }
        send(socket, mutator.mutate(said));
        finish(socket);
    }
    std::uint64_t sum(std::atomic<std::uint64_t> Counters::* counter)
    {
        std::uint64_t all = 0;
        for (const auto* each : edge->counters()) {
            all += each->*counter;
        }
        return all;
    }

    net::SslContextHandle context{SSL_CTX_new(TLS_client_method())};
    Mutator mutator;
    std::size_t hung = 0;
};

TEST_F(EdgeTlsFuzz, BrokenFlightsEndCostNothingAndDisturbNobody)
{
    serve_shop();
    // Somebody who is connected all the while.
    Client patient(context.get(), TLS1_3_VERSION);
    auto kept = connect();
    send(kept, patient.go_on({}));
    while (!patient.done()) {
        send(kept, patient.go_on(receive(kept)));
    }

    constexpr std::array<std::size_t, 4> flights{0, 0, 1, 2};
    const auto go_on = [&](int count) {
        for (int i = 0; i < count; ++i) {
            go_wrong(flights[mutator.below(flights.size())]);
        }
    };
    go_on(200);
    const auto before = test::settled_memory();
    const auto connections = sum(&Counters::connections);
    const auto failed = sum(&Counters::handshakes_failed);
    go_on(3'000);

    EXPECT_EQ(hung, 0U) << "connections that the edge did not end";
    EXPECT_LT(test::settled_memory(), before + (1U << 20));
    EXPECT_EQ(sum(&Counters::connections), connections + 3'000);
    EXPECT_GT(sum(&Counters::handshakes_failed), failed + 1'500) << "most of them break before a request";
    for (const std::string version : {"--tls-max 1.2", "--tlsv1.3", "--http2"}) {
        EXPECT_THAT(https("shop.test", "/", version), HasSubstr("hello\n")) << version;
    }
    send(kept, patient.encrypted("GET / HTTP/1.1\r\nHost: shop.test\r\n\r\n"));
    EXPECT_GT(receive(kept).size(), 100U) << "who was there before is served still";
}

}  // namespace
}  // namespace edge
