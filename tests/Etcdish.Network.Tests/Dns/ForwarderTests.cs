using System.Net;
using System.Net.Sockets;
using Etcdish.Network.Dns.Forwarding;
using Etcdish.Network.Dns.Messages;
using Etcdish.Network.Dns.Serving;
using Etcdish.Testing;

namespace Etcdish.Network.Tests.Dns;

/// <summary>Names outside of the cluster, asked of servers with all their faults.</summary>
internal sealed class ForwarderTests
{
    private const string Name = "www.example.com";
    private static readonly string _answered = $"NoError | {Name}. 60 A 192.0.2.1";
    private readonly ManualClock _clock = new();
    private readonly ZoneBench _bench = new();

    [Test]
    public async Task An_answer_is_passed_on_and_kept_for_its_time()
    {
        await using var server = new StubNameServer((query, _) => [Good(query)]);
        var forwarder = Forward(server.Address);
        Assert.That(await AskAsync(forwarder), Is.EqualTo(_answered));
        _clock.Advance(TimeSpan.FromSeconds(59));
        Assert.That(await AskAsync(forwarder), Is.EqualTo(_answered.Replace("60", "1")));
        Assert.That(server.Count, Is.EqualTo(1));
        _clock.Advance(TimeSpan.FromSeconds(1));
        Assert.That(await AskAsync(forwarder), Is.EqualTo(_answered));
        Assert.That(server.Count, Is.EqualTo(2));
    }

    [Test]
    public async Task The_letters_of_the_question_are_the_clients()
    {
        await using var server = new StubNameServer((query, _) => [Good(query)]);
        Assert.That(await AskAsync(Forward(server.Address), "WWW.Example.com"), Is.EqualTo(_answered.Replace(Name, "WWW.Example.com")));
    }

    [TestCase(ResponseCode.NameError)]
    [TestCase(ResponseCode.NoError)]
    public async Task A_denial_is_kept_as_long_as_it_says(ResponseCode code)
    {
        await using var server = new StubNameServer((query, _) =>
            [Messages.Reply(query, code, [(Section.Authority, "example.com", RecordType.Soa, 100, Messages.Soa("ns.example.com", 7))])]);
        var forwarder = Forward(server.Address);
        Assert.That(await AskAsync(forwarder), Is.EqualTo($"{code} | example.com. 100 SOA ns.example.com."));
        _clock.Advance(TimeSpan.FromSeconds(6));
        await AskAsync(forwarder);
        Assert.That(server.Count, Is.EqualTo(1));
        _clock.Advance(TimeSpan.FromSeconds(1));
        await AskAsync(forwarder);
        Assert.That(server.Count, Is.EqualTo(2));
    }

    [Test]
    public async Task What_answers_something_else_is_not_heard()
    {
        await using var server = new StubNameServer((query, _) =>
        {
            var other = Messages.Reply(Messages.Query("evil.example.com", RecordType.A), ResponseCode.NoError, []);
            query.AsSpan(0, 2).CopyTo(other);
            var wrongId = Messages.Reply(query, ResponseCode.NameError, []);
            wrongId[0] ^= 1;
            return [[1], query, wrongId, other, Good(query)];
        });
        Assert.That(await AskAsync(Forward(server.Address)), Is.EqualTo(_answered));
    }

    [Test]
    public async Task An_answer_that_was_cut_off_is_asked_for_again_on_a_connection()
    {
        var records = Enumerable.Range(0, 200).Select(i => (Section.Answer, Name, RecordType.A, 60u, new byte[] { 192, 0, 2, (byte)i }));
        await using var server = new StubNameServer((query, isStream) =>
            [isStream ? Messages.Reply(query, ResponseCode.NoError, records) : Messages.Reply(query, ResponseCode.NoError, [], DnsHeader.IsTruncated)]);
        var forwarder = Forward(server.Address);
        Assert.That(await AskAsync(forwarder, isStream: true), Does.StartWith("NoError | ").And.EndsWith("192.0.2.199"));
        Assert.That(await AskAsync(forwarder), Does.StartWith("NoError tc | "));
        Assert.That(server.Count, Is.EqualTo(2));
    }

    [Test]
    public async Task A_server_that_is_silent_is_left_for_the_next()
    {
        await using var silent = new StubNameServer((_, _) => []);
        await using var server = new StubNameServer((query, _) => [Good(query)]);
        var forwarder = Forward(silent.Address, server.Address);
        var asking = AskAsync(forwarder);
        await silent.NextAsync();
        _clock.Advance(new ForwarderLimits().Patience);
        Assert.That(await asking, Is.EqualTo(_answered));
        Assert.That(await AskAsync(forwarder, "other.example.com"), Does.StartWith("NoError"));
        Assert.That(silent.Count, Is.EqualTo(1), "the next question goes to the one that answers");
    }

    [Test]
    public async Task A_server_that_is_not_there_is_left_for_the_next()
    {
        await using var server = new StubNameServer((query, _) => [Good(query)]);
        Assert.That(await AskAsync(Forward(Dead(), server.Address)), Is.EqualTo(_answered));
    }

    [TestCase(ResponseCode.ServerFailure)]
    [TestCase(ResponseCode.Refused)]
    public async Task A_server_that_fails_is_left_for_the_next(ResponseCode code)
    {
        await using var failing = new StubNameServer((query, _) => [Messages.Reply(query, code, [])]);
        await using var server = new StubNameServer((query, _) => [Good(query)]);
        Assert.That(await AskAsync(Forward(failing.Address, server.Address)), Is.EqualTo(_answered));
        Assert.That(await AskAsync(Forward(failing.Address)), Is.EqualTo(code.ToString()));
    }

    [Test]
    public async Task A_server_from_before_EDNS_is_asked_without()
    {
        await using var server = new StubNameServer((query, _) =>
            [DnsHeader.Read(query).Additionals > 0 ? Messages.Reply(query, ResponseCode.FormatError, []) : Good(query)]);
        Assert.That(await AskAsync(Forward(server.Address)), Is.EqualTo(_answered));
    }

    [Test]
    public async Task An_answer_that_cannot_be_read_is_a_failure()
    {
        await using var server = new StubNameServer((query, _) => [Good(query)[..^1]]);
        Assert.That(await AskAsync(Forward(server.Address)), Is.EqualTo("ServerFailure"));
    }

    [Test]
    public async Task A_failure_is_told_at_once_and_kept_for_a_second()
    {
        await using var server = new StubNameServer((query, _) => [Messages.Reply(query, ResponseCode.ServerFailure, [])]);
        var forwarder = Forward(server.Address);
        Assert.That(await AskAsync(Forward(Dead())), Is.EqualTo("ServerFailure"));
        Assert.That(await AskAsync(forwarder), Is.EqualTo("ServerFailure"));
        var count = server.Count;
        Assert.That(await AskAsync(forwarder), Is.EqualTo("ServerFailure"));
        Assert.That(server.Count, Is.EqualTo(count));
        _clock.Advance(TimeSpan.FromSeconds(1));
        await AskAsync(forwarder);
        Assert.That(server.Count, Is.EqualTo(2 * count));
    }

    [Test]
    public async Task The_same_question_is_asked_once()
    {
        using var go = new ManualResetEventSlim();
        await using var server = new StubNameServer((query, _) =>
        {
            go.Wait();
            return [Good(query)];
        });
        var forwarder = Forward(server.Address);
        var asking = Enumerable.Range(0, 20).Select(_ => AskAsync(forwarder)).ToArray();
        go.Set();
        Assert.That(await Task.WhenAll(asking), Is.All.EqualTo(_answered));
        Assert.That(server.Count, Is.EqualTo(1));
    }

    [Test]
    public async Task An_alias_to_a_name_outside_is_followed()
    {
        _bench.Put(ZoneBench.Alias("out", Name));
        await using var server = new StubNameServer((query, _) => [Good(query)]);
        Assert.That(await AskAsync(Forward(server.Address), "out.default.svc.cluster.local"), Is.EqualTo(
            $"NoError aa | out.default.svc.cluster.local. 5 CNAME {Name}., {Name}. 60 A 192.0.2.1"));
    }

    [Test]
    public async Task What_is_kept_is_bounded()
    {
        await using var server = new StubNameServer((query, _) => [Good(query)]);
        var forwarder = Forward(server.Address);
        for (var i = 0; i < 100; i++)
        {
            await AskAsync(forwarder, $"n{i}.example.com");
        }

        Assert.That(server.Count, Is.EqualTo(100));
        await AskAsync(forwarder, "n99.example.com");
        Assert.That(server.Count, Is.EqualTo(100));
        await AskAsync(forwarder, "n0.example.com");
        Assert.That(server.Count, Is.EqualTo(101));
    }

    [Test]
    public async Task A_question_that_comes_back_is_not_asked_again()
    {
        // A server that asks us what we ask it, and passes our answer on.
        Forwarder? forwarder = null;
        var asked = 0;
        await using var server = new StubNameServer((query, isStream) =>
        {
            asked++;
            _ = AskAsync(forwarder!);
            return [];
        });
        forwarder = Forward(server.Address);
        var asking = AskAsync(forwarder);
        for (var i = 0; i < new ForwarderLimits().Rounds; i++)
        {
            await server.NextAsync();
            _clock.Advance(new ForwarderLimits().Patience);
        }

        Assert.That(await asking, Is.EqualTo("ServerFailure"));
        Assert.That(asked, Is.EqualTo(new ForwarderLimits().Rounds));
    }

    [Test]
    public void Name_servers_of_a_machine()
    {
        var servers = ResolvConf.Parse("# none\nsearch a b\nnameserver 192.0.2.1\n nameserver\tfd00::1 # x\nnameserver\nnameserver x\n");
        Assert.That(servers.Select(server => server.ToString()), Is.EqualTo(["192.0.2.1:53", "[fd00::1]:53"]));
        Assert.That(ResolvConf.Read("/none"), Is.Empty);
    }

    private Forwarder Forward(params IPEndPoint[] servers) => new(servers, _clock, new ForwarderLimits { MostAnswers = 20 }, ZoneBench.Fail);

    private static byte[] Good(byte[] query)
    {
        var name = new byte[WireName.MaxBytes];
        DnsQuery.Read(query, name, out var asked);
        var owner = WireName.ToText(name.AsSpan(0, asked.Question.NameLength));
        return Messages.Reply(query, ResponseCode.NoError, [(Section.Answer, owner, RecordType.A, 60, [192, 0, 2, 1])]);
    }

    private async Task<string> AskAsync(Forwarder forwarder, string name = Name, bool isStream = false)
    {
        var responder = new Responder(_bench.Zone, forwarder, _clock, withPodNames: false, ZoneBench.Fail);
        var query = Messages.Query(name, RecordType.A, datagram: 1232);
        var reply = new byte[ushort.MaxValue];
        var length = responder.Answer(query, reply, isStream, known: null, out var question);
        if (length == Responder.NeedsUpstream)
        {
            var known = await forwarder.AskAsync(question!);
            length = responder.Answer(query, reply, isStream, known, out _);
        }

        return Messages.Text(reply.AsSpan(0, length));
    }

    private static IPEndPoint Dead()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return (IPEndPoint)socket.LocalEndPoint!;
    }
}
