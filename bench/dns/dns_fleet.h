// The zone of a fleet, made from its size alone: the same for every server and for the questions.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <string>

namespace fleet {

inline constexpr const char* apex = "dev.bench.test";

inline std::uint64_t scramble(std::uint64_t state)
{
    state += 0x9e3779b97f4a7c15;
    state = (state ^ state >> 30) * 0xbf58476d1ce4e5b9;
    state = (state ^ state >> 27) * 0x94d049bb133111eb;
    return state ^ state >> 31;
}

// Thirteen characters, as devices have.
inline std::string label(std::uint64_t device)
{
    constexpr const char* alphabet = "abcdefghijklmnopqrstuvwxyz234567";
    std::uint64_t bits = scramble(device);
    std::string made;
    for (int i = 0; i < 13; ++i, bits >>= 5) {
        made += alphabet[bits & 31];
    }
    return made;
}

inline std::string address(std::uint64_t device)
{
    return fmt::format("10.{}.{}.{}", device >> 16 & 255, device >> 8 & 255, device & 255);
}

// One device of 45 has a proof.
inline bool has_proof(std::uint64_t device)
{
    return device % 45 == 0;
}

inline std::string proof(std::uint64_t device)
{
    return fmt::format("{:043}", device);
}

}  // namespace fleet
