// Questions for a differential test of name servers: what clients ask, what broken ones ask, and what nobody
// should.
#pragma once

#include "base/bytes.h"
#include "dns/message.h"
#include "dns/rdata.h"
#include "dns/wire.h"

#include <fmt/format.h>

#include <random>
#include <string>
#include <vector>

namespace test {

struct DnsQuestion {
    base::Bytes wire;
    std::string about;        // for people
    bool well_formed = true;  // a whole question that a server should understand
};

// Makes the same questions for the same seed. `names` exist in the zone `apex`.
class DnsQuestions {
public:
    DnsQuestions(std::vector<std::string> names, std::string apex, unsigned seed)
        : names_(std::move(names)), apex_(std::move(apex)), random_(seed)
    {
    }

    DnsQuestion next()
    {
        std::string text = some_name();
        const auto type = this->type();
        const auto klass = this->klass();
        base::Bytes wire(600);
        dns::Writer writer(wire);
        const auto id = static_cast<std::uint16_t>(below(65'536));
        writer.u16(id);
        writer.u16(flags());
        writer.u16(1);
        writer.u16(0);
        writer.u16(0);
        writer.u16(0);
        const auto name = dns::Name::parse(text);  // A changed escape may be none.
        writer.name(name ? *name : dns::Name::parse(apex_).value(), false);
        writer.u16(type);
        writer.u16(klass);
        std::string about = fmt::format("{} class {} type {} flags {:#06x}", text, klass,
                                        dns::to_string(static_cast<dns::RecordType>(type)),
                                        static_cast<unsigned>(wire[2]) << 8 | wire[3]);
        about += add_edns(writer);
        wire.resize(writer.size());
        DnsQuestion question{std::move(wire), std::move(about), true};
        if (below(60) == 0) {
            spoil(question);
        }
        return question;
    }

private:
    unsigned below(unsigned limit) { return static_cast<unsigned>(random_() % limit); }
    template <class T, std::size_t N>
    T one_of(const T (&list)[N])
    {
        return list[below(N)];
    }
    // A short text, so that the lists of texts need no type.
    std::string one_text(std::initializer_list<const char*> list)
    {
        return *(list.begin() + below(static_cast<unsigned>(list.size())));
    }

    // One that exists, one beside, below or above it, or one that is not ours at all.
    std::string some_name()
    {
        std::string text = names_[below(static_cast<unsigned>(names_.size()))];
        switch (below(10)) {
            case 0:
                text = one_text({"x.", "nobody.", "_acme-challenge.", "*.", "a.b.", "ns1."}) + text;
                break;
            case 1:
                text = text.find('.') < text.size() ? text.substr(text.find('.') + 1) : text;
                break;
            case 2:
                text = fmt::format("n{}.{}", below(50), apex_);
                break;
            case 3:
                text[below(static_cast<unsigned>(text.find('.')))] = "abcxyz019"[below(9)];
                break;
            case 4:
                if (below(8) == 0) {
                    text = one_text({"test", ".", "elsewhere.example", "xdiff.test", "a.very.far.name"});
                }
                break;
            default:
                break;
        }
        return below(4) == 0 ? mixed_case(std::move(text)) : text;
    }

    std::string mixed_case(std::string text)
    {
        for (char& c : text) {
            if (c >= 'a' && c <= 'z' && below(2) == 0) {
                c = static_cast<char>(c - 32);
            }
        }
        return text;
    }

    std::uint16_t type()
    {
        static constexpr std::uint16_t usual[] = {1, 28, 16, 5, 2, 6, 15, 33, 257, 65, 43, 12, 13, 65'280};
        static constexpr std::uint16_t odd[] = {255, 46,  47,  48,  50,  51,  0,      3,  10, 41, 128, 249,
                                                250, 251, 252, 253, 254, 256, 65'535, 39, 35, 64, 99,  100};
        return below(12) == 0 ? one_of(odd) : one_of(usual);
    }

    std::uint16_t klass()
    {
        static constexpr std::uint16_t odd[] = {3, 4, 255, 254, 0, 2, 65'535};
        return below(60) == 0 ? one_of(odd) : dns::class_in;
    }

    // RD, AD, CD and Z are the client's business; seldom another opcode.
    std::uint16_t flags()
    {
        std::uint16_t made = below(2) == 0 ? 0x0100 : 0;
        if (below(10) == 0) {
            made |= one_of<std::uint16_t>({0x0020, 0x0010, 0x0040, 0x0070, 0x0400, 0x0200, 0x0080});
        }
        if (below(100) == 0) {
            made |= static_cast<std::uint16_t>(one_of<unsigned>({1, 2, 3, 6, 7, 15}) << 11);
        }
        return made;
    }

    std::string add_edns(dns::Writer& writer)
    {
        if (below(3) == 0) {
            return "";
        }
        const auto size = one_of<std::uint16_t>({1'232, 1'232, 4'096, 512, 0, 100, 65'535, 600});
        const unsigned version = below(50) == 0 ? one_of<unsigned>({1, 255}) : 0;
        const auto edns_flags = one_of<std::uint16_t>({0, 0, 0, 0x8000, 0x4000, 0x0001});
        base::Bytes options;
        if (below(5) == 0) {
            // Unknown ones, and ones that a client sends rightly: NSID, client subnet is left out on purpose.
            options = one_of<base::Bytes>(
                {{0xfd, 0xe9, 0, 0}, {0xfd, 0xe9, 0, 3, 1, 2, 3}, {0, 3, 0, 0}, {0, 12, 0, 4, 0, 0, 0, 0}});
        }
        writer.u8(0);
        writer.u16(41);
        writer.u16(size);
        writer.u8(0);
        writer.u8(static_cast<std::uint8_t>(version));
        writer.u16(edns_flags);
        writer.u16(static_cast<std::uint16_t>(options.size()));
        writer.bytes(options);
        writer.patch_u16(10, 1);
        return fmt::format(" edns {} version {} flags {:#x} options {}", size, version, edns_flags,
                           base::to_hex(options));
    }

    void spoil(DnsQuestion& question)
    {
        auto& wire = question.wire;
        question.well_formed = false;
        const unsigned how = below(6);
        question.about += fmt::format(" spoiled {}", how);
        switch (how) {
            case 0:
                wire.resize(below(static_cast<unsigned>(wire.size())));
                break;
            case 1:
                wire.push_back(0);
                break;
            case 2:
                wire[5] = static_cast<std::uint8_t>(below(3) * 2);  // no question, or two
                break;
            case 3:
                wire[7] = 1;  // an answer that is not there
                break;
            case 4:
                wire[12] = 0xc0;
                break;
            default:
                wire[2] |= 0x80;  // a reply
                break;
        }
    }

    std::vector<std::string> names_;
    std::string apex_;
    std::mt19937 random_;
};

}  // namespace test
