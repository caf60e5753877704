// Heads of HTTP messages, the same for HTTP/1 and HTTP/2 (RFC 9110).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace http {

// Header fields in their order. Names compare without case.
class Headers {
public:
    using Field = std::pair<std::string, std::string>;

    Headers() = default;
    Headers(std::initializer_list<Field> fields) : fields_(fields) {}

    // The first field of that name.
    std::optional<std::string_view> find(std::string_view name) const;
    bool contains(std::string_view name) const { return find(name).has_value(); }
    void reserve(std::size_t count) { fields_.reserve(count); }
    void add(std::string name, std::string value) { fields_.emplace_back(std::move(name), std::move(value)); }
    // Replaces every field of that name.
    void set(std::string_view name, std::string value);
    void remove(std::string_view name);
    // Removes the fields that `unwanted` tells of.
    template <class Unwanted>
    void remove_if(Unwanted unwanted)
    {
        std::erase_if(fields_, unwanted);
    }
    // Names as HTTP/2 wants them.
    void lower_names();

    const std::vector<Field>& fields() const { return fields_; }
    bool empty() const { return fields_.empty(); }

private:
    std::vector<Field> fields_;
};

bool same_name(std::string_view a, std::string_view b);  // ASCII case-insensitive

struct RequestHead {
    std::string method;     // as sent: GET, POST, ...
    std::string target;     // path and query, begins with '/' (or "*")
    std::string authority;  // Host or :authority, lower case, port kept
    std::string scheme;     // http or https
    int version = 11;       // 10, 11, 20
    Headers headers;

    std::string_view path() const { return std::string_view(target).substr(0, target.find('?')); }
    std::string_view query() const;  // without '?'; empty when absent
    std::string_view host() const;   // authority without port
};

struct ResponseHead {
    int status = 200;
    Headers headers;
};

std::string_view reason_phrase(int status);

}  // namespace http
