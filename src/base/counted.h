// Counted: one more in a count while it lives, however it ends.
#pragma once

namespace base {

template <class Number>
class Counted {
public:
    // `count` outlives it.
    explicit Counted(Number& count) : count_(count) { ++count_; }
    Counted(const Counted&) = delete;
    Counted& operator=(const Counted&) = delete;
    ~Counted() { --count_; }

private:
    Number& count_;
};

}  // namespace base
