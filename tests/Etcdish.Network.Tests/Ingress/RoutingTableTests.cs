using Etcdish.Kubernetes.Objects;
using Etcdish.Network.Ingress;

namespace Etcdish.Network.Tests.Ingress;

public sealed class RoutingTableTests
{
    [TestCase("/", "Prefix", "/", true)]
    [TestCase("/", "Prefix", "/any/thing", true)]
    [TestCase("/foo", "Exact", "/foo", true)]
    [TestCase("/foo", "Exact", "/bar", false)]
    [TestCase("/foo", "Exact", "/foo/", false)]
    [TestCase("/foo/", "Exact", "/foo", false)]
    [TestCase("/foo", "Exact", "/Foo", false)]
    [TestCase("/foo", "Prefix", "/foo", true)]
    [TestCase("/foo", "Prefix", "/foo/", true)]
    [TestCase("/foo", "Prefix", "/foobar", false)]
    [TestCase("/foo", "Prefix", "/Foo", false)]
    [TestCase("/foo/", "Prefix", "/foo", true)]
    [TestCase("/foo/", "Prefix", "/foo/", true)]
    [TestCase("/aaa/bb", "Prefix", "/aaa/bbb", false)]
    [TestCase("/aaa/bbb", "Prefix", "/aaa/bbb", true)]
    [TestCase("/aaa/bbb/", "Prefix", "/aaa/bbb", true)]
    [TestCase("/aaa/bbb", "Prefix", "/aaa/bbb/ccc", true)]
    [TestCase("/aaa/bbb", "Prefix", "/aaa/bbbxyz", false)]
    [TestCase("/aaa", "ImplementationSpecific", "/aaa/b", true)]
    [TestCase("", "ImplementationSpecific", "/aaa/b", true)]
    public async Task APathMatches(string rule, string type, string path, bool matches)
    {
        await using var bench = new IngressBench();
        bench.AddService("a", "");
        bench.AddIngress(IngressBench.Rule("h", rule, type, "a"));
        Assert.That(bench.Router.Table.Match("h", path), matches ? Is.Not.Null : Is.Null);
    }

    [TestCase("*.foo.com", "bar.foo.com", true)]
    [TestCase("*.foo.com", "BAR.foo.com.", true)]
    [TestCase("*.foo.com", "baz.bar.foo.com", false)]
    [TestCase("*.foo.com", "foo.com", false)]
    [TestCase("foo.com", "FOO.com", true)]
    [TestCase("foo.com", "a.foo.com", false)]
    [TestCase("", "whatever", true)]
    [TestCase("", "", true)]
    public async Task AHostMatches(string rule, string host, bool matches)
    {
        await using var bench = new IngressBench();
        bench.AddService("a", "");
        bench.AddIngress(IngressBench.Rule(rule, "/", "Prefix", "a"));
        Assert.That(bench.Router.Table.Match(host, "/x"), matches ? Is.Not.Null : Is.Null);
    }

    [TestCase("h", "/a/b/c", "longest")]
    [TestCase("h", "/a/b", "exact")]
    [TestCase("h", "/a/x", "short")]
    [TestCase("h", "/x", "root")]
    [TestCase("w.wild", "/", "wild")]
    [TestCase("own.wild", "/", "own")]
    [TestCase("own.wild", "/elsewhere", "own")]
    [TestCase("other", "/", "all")]
    public async Task TheMostSpecificRuleWins(string host, string path, string service)
    {
        await using var bench = new IngressBench();
        var ports = new Dictionary<string, int>();
        foreach (var name in (string[])["short", "exact", "longest", "root", "wild", "own", "all"])
        {
            ports[name] = ports.Count + 1;
            bench.AddService(name, "", [.. Enumerable.Range(1, ports[name])]);
        }

        bench.AddIngress(string.Join(
            ',',
            IngressBench.Rule("h", "/a", "Prefix", "short"),
            IngressBench.Rule("h", "/a/b", "Prefix", "longest"),
            IngressBench.Rule("h", "/a/b", "Exact", "exact"),
            IngressBench.Rule("h", "/", "Prefix", "root"),
            IngressBench.Rule("*.wild", "/", "Prefix", "wild"),
            IngressBench.Rule("own.wild", "/", "Prefix", "own"),
            IngressBench.Rule("", "/", "Prefix", "all")));
        Assert.That(bench.Router.Table.Match(host, path)!.Pool!.Count, Is.EqualTo(ports[service]));
    }

    [Test]
    public async Task TheOlderOfTwoIngressesWins()
    {
        await using var bench = new IngressBench();
        bench.AddService("young", "", 1);
        bench.AddService("old", "", 1, 2);
        bench.AddIngress(IngressBench.Rule("h", "/", "Prefix", "young"), age: 1);
        bench.AddIngress(IngressBench.Rule("h", "/", "Prefix", "old"), age: 2);
        Assert.That(bench.Router.Table.Match("h", "/")!.Pool!.Count, Is.EqualTo(2));
    }

    [Test]
    public async Task WhatNoRuleTakesGoesToTheDefault()
    {
        await using var bench = new IngressBench();
        bench.AddService("own", "", 1);
        bench.AddService("all", "", 1, 2);
        bench.AddIngress(
            IngressBench.Rule("h", "/a", "Prefix", "own"),
            "'defaultBackend':{'service':{'name':'own','port':{'number':80}}},");
        Assert.That(bench.Router.Table.Match("elsewhere", "/")!.Pool!.Count, Is.EqualTo(1));
        bench.AddIngress("", "'defaultBackend':{'service':{'name':'all','port':{'number':80}}},");
        Assert.That(bench.Router.Table.Match("elsewhere", "/")!.Pool!.Count, Is.EqualTo(2));
        Assert.That(bench.Router.Table.Match("h", "/b")!.Pool!.Count, Is.EqualTo(1));
    }

    [Test]
    public async Task APoolOutlivesTablesAndLeavesWithItsLastRule()
    {
        await using var bench = new IngressBench();
        bench.AddService("a", "", 1);
        bench.AddService("b", "", 1);
        bench.AddIngress(IngressBench.Rule("h", "/", "Prefix", "b"), age: 1);
        var pool = bench.Router.Table.Match("h", "/")!.Pool!;
        bench.AddIngress(IngressBench.Rule("i", "/", "Prefix", "a"));
        Assert.That(bench.Router.Table.Match("h", "/")!.Pool, Is.SameAs(pool));

        bench.RemoveIngresses();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(pool.HasLeft);
            Assert.That(pool.Enter(), Is.Null);
        }
    }

    [TestCase(true, null, null, "a")]
    [TestCase(null, null, null, "a")]
    [TestCase(false, true, true, "b")]
    [TestCase(false, true, false, "")]
    [TestCase(false, false, true, "")]
    public void AnEndpointIsChosenIfItIsReadyOrEndsAndNoneIs(bool? ready, bool? terminating, bool? serving, string expected)
    {
        var slice = new EndpointSlice
        {
            Ports = [new EndpointPort { Name = "http", Port = 80 }],
            Endpoints =
            [
                new Endpoint { Addresses = ["b"], Conditions = new() { Ready = false, Terminating = true, Serving = true } },
                new Endpoint { Addresses = ["a"], Conditions = new() { Ready = ready, Terminating = terminating, Serving = serving } },
            ],
        };
        if (expected.Length == 0)
        {
            slice.Endpoints = slice.Endpoints[1..];
        }

        var chosen = EndpointSelection.Select([slice], "http", "IPv4").Select(a => a.Host);
        Assert.That(chosen, expected switch { "" => Is.Empty, "b" => Is.EqualTo(["a", "b"]), _ => Is.EqualTo([expected]) });
        Assert.That(EndpointSelection.Select([slice], "other", "IPv4"), Is.Empty);
    }
}
