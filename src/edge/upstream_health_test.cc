#include "edge/upstream_health.h"

#include <gtest/gtest.h>

#include <set>

namespace edge {
namespace {

Route three()
{
    Route route;
    for (const auto* url : {"http://10.0.0.1", "http://10.0.0.2:81", "https://10.0.0.3"}) {
        route.upstreams.push_back(parse_upstream(url).value());
    }
    return route;
}

std::set<std::string> chosen(UpstreamHealth& health, const Route& route)
{
    std::set<std::string> names;
    for (int i = 0; i < 12; ++i) {
        names.insert(health.choose(route).name);
    }
    return names;
}

TEST(UpstreamHealth, AllTakeTurns)
{
    UpstreamHealth health;
    const auto route = three();
    EXPECT_EQ(chosen(health, route),
              (std::set<std::string>{"http://10.0.0.1:80", "http://10.0.0.2:81", "https://10.0.0.3:443"}));
}

TEST(UpstreamHealth, OneThatFailsTwiceInARowIsLeftAloneUntilItAnswers)
{
    UpstreamHealth health;
    const auto route = three();
    const auto& bad = route.upstreams[1];
    health.failed(route, bad);
    EXPECT_EQ(chosen(health, route).size(), 3U) << "once is nothing";
    health.answered(route, bad);
    health.failed(route, bad);
    EXPECT_EQ(chosen(health, route).size(), 3U);
    health.failed(route, bad);
    EXPECT_FALSE(chosen(health, route).contains(bad.name));
    health.answered(route, bad);
    EXPECT_TRUE(chosen(health, route).contains(bad.name));
}

TEST(UpstreamHealth, WhatFailsForOneEndpointIsNoOthersMatter)
{
    UpstreamHealth health;
    auto route = three();
    route.endpoint = "ep_a";
    auto other = three();
    other.endpoint = "ep_b";
    const auto& bad = route.upstreams[1];
    health.failed(route, bad);
    health.failed(route, bad);
    EXPECT_FALSE(chosen(health, route).contains(bad.name));
    EXPECT_TRUE(chosen(health, other).contains(bad.name));
}

TEST(UpstreamHealth, NeverAllAreLeftAlone)
{
    UpstreamHealth health;
    const auto route = three();
    for (const auto& each : route.upstreams) {
        health.failed(route, each);
        health.failed(route, each);
    }
    EXPECT_EQ(chosen(health, route), (std::set<std::string>{route.upstreams.front().name}))
        << "the first to be tried";
}

TEST(UpstreamHealth, AnotherThanTheOneThatWasAskedInVain)
{
    UpstreamHealth health;
    auto route = three();
    route.upstreams.pop_back();
    for (int i = 0; i < 4; ++i) {
        EXPECT_EQ(&health.choose(route, &route.upstreams[0]), &route.upstreams[1]);
    }
    route.upstreams.pop_back();
    EXPECT_EQ(&health.choose(route, &route.upstreams[0]), &route.upstreams[0]) << "there is no other";
}

}  // namespace
}  // namespace edge
