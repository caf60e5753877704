// Wish: an edge of a pool was asked for a name that nobody added.
#pragma once

#include <chrono>
#include <string>

namespace model {

struct Wish {
    std::string name;    // as the visitor said it: not checked
    std::string client;  // the visitor's address, of IPv6 its network
};

struct WishAnswer {
    bool granted = false;         // the name is redirected here, and its certificate is on the way
    std::string code{};           // why not
    std::string message{};        // a sentence
    std::chrono::seconds keep{};  // how long a refusal may be taken for granted
};

}  // namespace model
