using Etcdish.Network.Dns.Messages;
using Etcdish.Network.Dns.Zones;

namespace Etcdish.Network.Tests.Dns;

/// <summary>What the zone answers, record by record.</summary>
public sealed class AnswerTests
{
    private const string Denied = " | cluster.local. 5 SOA ns.dns.cluster.local.";
    private readonly ZoneBench _bench = new();

    [OneTimeSetUp]
    public void Fill()
    {
        _bench.Zone.Replace("default", ServiceNames.OfNamespace("default", _bench.Zone));
        _bench.Zone.Replace("bare", ServiceNames.OfNamespace("bare", _bench.Zone));
        _bench.Put(ZoneBench.Service("web", ["10.96.0.5", "fd00::5"], ("http", "TCP", 80), ("", "TCP", 81), ("dns", "UDP", 53)));
        _bench.Put(
            ZoneBench.Service("db", ["None"], ("sql", "TCP", 5432)),
            ZoneBench.Slice("sql", 5432, "10.0.0.1/db-0", "10.0.0.2/db-1", "10.0.0.3/db-2!"),
            ZoneBench.Slice("sql", 5432, "fd00::1/db-0"));
        _bench.Put(ZoneBench.Service("nameless", ["None"]), ZoneBench.Slice("", 80, "10.0.1.1"));
        _bench.Put(ZoneBench.Service("starting", ["None"]), ZoneBench.Slice("", 80, "10.0.2.1/a!"));
        var early = ZoneBench.Service("early", ["None"]);
        early.Spec.PublishNotReadyAddresses = true;
        _bench.Put(early, ZoneBench.Slice("", 80, "10.0.3.1/a!"));
        _bench.Put(ZoneBench.Alias("outside", "Example.com."));
        _bench.Put(ZoneBench.Alias("inside", "web.default.svc.cluster.local"));
        _bench.Put(ZoneBench.Alias("lost", "gone.default.svc.cluster.local"));
        _bench.Put(ZoneBench.Alias("a", "b.default.svc.cluster.local"));
        _bench.Put(ZoneBench.Alias("b", "a.default.svc.cluster.local"));
        _bench.Put(ZoneBench.Alias("broken", "x..y"));
    }

    [TestCase("web", 1, "NoError aa | web.default.svc.cluster.local. 5 A 10.96.0.5")]
    [TestCase("web", 28, "NoError aa | web.default.svc.cluster.local. 5 AAAA fd00::5")]
    [TestCase("web", 15, "NoError aa" + Denied)]
    [TestCase("_http._tcp.web", 33, "NoError aa | _http._tcp.web.default.svc.cluster.local. 5 SRV 0 100 80 web.default.svc.cluster.local."
        + " | web.default.svc.cluster.local. 5 A 10.96.0.5, web.default.svc.cluster.local. 5 AAAA fd00::5")]
    [TestCase("_dns._udp.web", 33, "NoError aa | _dns._udp.web.default.svc.cluster.local. 5 SRV 0 100 53 web.default.svc.cluster.local."
        + " | web.default.svc.cluster.local. 5 A 10.96.0.5, web.default.svc.cluster.local. 5 AAAA fd00::5")]
    [TestCase("_http._udp.web", 33, "NameError aa" + Denied)]
    [TestCase("_tcp.web", 33, "NoError aa" + Denied)]
    [TestCase("db", 1, "NoError aa | db.default.svc.cluster.local. 5 A 10.0.0.1, db.default.svc.cluster.local. 5 A 10.0.0.2")]
    [TestCase("db", 28, "NoError aa | db.default.svc.cluster.local. 5 AAAA fd00::1")]
    [TestCase("db-0.db", 1, "NoError aa | db-0.db.default.svc.cluster.local. 5 A 10.0.0.1")]
    [TestCase("db-1.db", 28, "NoError aa" + Denied)]
    [TestCase("db-2.db", 1, "NameError aa" + Denied)]
    [TestCase("_sql._tcp.db", 33, "NoError aa | _sql._tcp.db.default.svc.cluster.local. 5 SRV 0 100 5432 db-0.db.default.svc.cluster.local.,"
        + " _sql._tcp.db.default.svc.cluster.local. 5 SRV 0 100 5432 db-1.db.default.svc.cluster.local."
        + " | db-0.db.default.svc.cluster.local. 5 A 10.0.0.1, db-0.db.default.svc.cluster.local. 5 AAAA fd00::1,"
        + " db-1.db.default.svc.cluster.local. 5 A 10.0.0.2")]
    [TestCase("nameless", 1, "NoError aa | nameless.default.svc.cluster.local. 5 A 10.0.1.1")]
    [TestCase("10-0-1-1.nameless", 1, "NoError aa | 10-0-1-1.nameless.default.svc.cluster.local. 5 A 10.0.1.1")]
    [TestCase("starting", 1, "NameError aa" + Denied)]
    [TestCase("early", 1, "NoError aa | early.default.svc.cluster.local. 5 A 10.0.3.1")]
    [TestCase("outside", 1, "NoError aa | outside.default.svc.cluster.local. 5 CNAME example.com.")]
    [TestCase("outside", 5, "NoError aa | outside.default.svc.cluster.local. 5 CNAME example.com.")]
    [TestCase("inside", 1, "NoError aa | inside.default.svc.cluster.local. 5 CNAME web.default.svc.cluster.local.,"
        + " web.default.svc.cluster.local. 5 A 10.96.0.5")]
    [TestCase("inside", 15, "NoError aa | inside.default.svc.cluster.local. 5 CNAME web.default.svc.cluster.local." + Denied)]
    [TestCase("lost", 1, "NameError aa | lost.default.svc.cluster.local. 5 CNAME gone.default.svc.cluster.local." + Denied)]
    [TestCase("broken", 1, "NameError aa" + Denied)]
    [TestCase("none", 1, "NameError aa" + Denied)]
    [TestCase("x.web", 1, "NameError aa" + Denied)]
    [TestCase("web", 255, "NoError aa | web.default.svc.cluster.local. 5 A 10.96.0.5")]
    public void Names_of_services(string name, int type, string expected) =>
        Assert.That(_bench.Ask($"{name}.default.svc.cluster.local", (RecordType)type), Is.EqualTo(expected));

    [TestCase("cluster.local", 6, "NoError aa | cluster.local. 5 SOA ns.dns.cluster.local.")]
    [TestCase("cluster.local", 2, "NoError aa | cluster.local. 5 NS ns.dns.cluster.local.")]
    [TestCase("cluster.local", 1, "NoError aa" + Denied)]
    [TestCase("ns.dns.cluster.local", 1, "NoError aa | ns.dns.cluster.local. 5 A 10.96.0.10")]
    [TestCase("dns-version.cluster.local", 16, "NoError aa | dns-version.cluster.local. 5 TXT \"1.1.0\"")]
    [TestCase("svc.cluster.local", 1, "NoError aa" + Denied)]
    [TestCase("bare.svc.cluster.local", 1, "NoError aa" + Denied)]
    [TestCase("nobody.svc.cluster.local", 1, "NameError aa" + Denied)]
    [TestCase("cluster.local", 252, "Refused")]
    [TestCase("xcluster.local", 1, "Refused")]
    [TestCase("example.com", 1, "Refused")]
    [TestCase(".", 1, "Refused")]
    [TestCase("10-1-2-3.bare.pod.cluster.local", 1, "NoError aa | 10-1-2-3.bare.pod.cluster.local. 5 A 10.1.2.3")]
    [TestCase("10-1-2-3.bare.pod.cluster.local", 28, "NoError aa" + Denied)]
    [TestCase("fd00--7.bare.pod.cluster.local", 28, "NoError aa | fd00--7.bare.pod.cluster.local. 5 AAAA fd00::7")]
    [TestCase("10-1-2-3.nobody.pod.cluster.local", 1, "NameError aa" + Denied)]
    [TestCase("10-1-2-300.bare.pod.cluster.local", 1, "NameError aa" + Denied)]
    [TestCase("10-1-2-03.bare.pod.cluster.local", 1, "NameError aa" + Denied)]
    [TestCase("x.10-1-2-3.bare.pod.cluster.local", 1, "NameError aa" + Denied)]
    [TestCase("10-1-2-3.pod.cluster.local", 1, "NameError aa" + Denied)]
    [TestCase("pod.cluster.local", 1, "NoError aa" + Denied)]
    [TestCase("5.0.96.10.in-addr.arpa", 12, "NoError aa | 5.0.96.10.in-addr.arpa. 5 PTR web.default.svc.cluster.local.")]
    [TestCase("5.0.96.10.in-addr.arpa", 1, "NoError aa | 5.0.96.10.in-addr.arpa. 5 SOA ns.dns.cluster.local.")]
    [TestCase("1.0.0.10.in-addr.arpa", 12, "NoError aa | 1.0.0.10.in-addr.arpa. 5 PTR db-0.db.default.svc.cluster.local.")]
    [TestCase("1.1.0.10.in-addr.arpa", 12, "Refused")]
    [TestCase("0.96.10.in-addr.arpa", 12, "Refused")]
    [TestCase("5.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.d.f.ip6.arpa", 12,
        "NoError aa | 5.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.d.f.ip6.arpa. 5 PTR web.default.svc.cluster.local.")]
    public void Other_names(string name, int type, string expected) => Assert.That(_bench.Ask(name, (RecordType)type), Is.EqualTo(expected));

    [Test]
    public void Aliases_without_end_are_a_failure() =>
        Assert.That(_bench.Ask("a.default.svc.cluster.local", RecordType.A), Does.StartWith("ServerFailure"));

    [Test]
    public void The_question_comes_back_as_it_was_asked()
    {
        var query = Messages.Query("wEb.Default.SVC.cluster.Local", RecordType.A, id: 77);
        var reply = _bench.Send(query);
        Assert.That(reply[DnsHeader.Bytes..query.Length], Is.EqualTo(query[DnsHeader.Bytes..]));
        Assert.That(Messages.Text(reply), Is.EqualTo("NoError aa | wEb.Default.SVC.cluster.Local. 5 A 10.96.0.5"));
        Assert.That(DnsHeader.Read(reply).Id, Is.EqualTo(77));
        Assert.That(DnsHeader.Read(reply).Flags & DnsHeader.RecursionDesired, Is.Not.Zero);
    }

    [Test]
    public void Each_address_is_the_first_in_turn()
    {
        var first = Enumerable.Range(0, 10).Select(id => _bench.Ask("db.default.svc.cluster.local", RecordType.A, (ushort)id)).Distinct();
        Assert.That(first.Count(), Is.EqualTo(2));
    }

    [Test]
    public void An_answer_that_is_too_long_is_cut_off()
    {
        _bench.Put(
            ZoneBench.Service("many", ["None"]),
            ZoneBench.Slice("", 80, [.. Enumerable.Range(0, 60).Select(i => $"10.9.0.{i}")]));
        var plain = _bench.Send(Messages.Query("many.default.svc.cluster.local", RecordType.A));
        Assert.That(plain, Has.Length.LessThanOrEqualTo(DnsQuery.PlainDatagram));
        Assert.That(Messages.Text(plain), Does.StartWith("NoError aa tc | "));
        Assert.That(_bench.Ask("many.default.svc.cluster.local", RecordType.A, datagram: 4096), Does.StartWith("NoError aa | "));
    }

    [Test]
    public void Nothing_is_said_of_the_cluster_before_it_is_known()
    {
        var bench = new ZoneBench();
        bench.Zone.IsComplete = false;
        Assert.That(bench.Ask("x.cluster.local", RecordType.A), Is.EqualTo("ServerFailure"));
        Assert.That(bench.Ask("1.0.0.10.in-addr.arpa", RecordType.Ptr), Is.EqualTo("ServerFailure"));
        Assert.That(bench.Ask("example.com", RecordType.A), Is.EqualTo("Refused"));
    }

    [Test]
    public void Queries_with_faults()
    {
        var query = Messages.Query("web.default.svc.cluster.local", RecordType.A, id: 9, datagram: 1232);
        var later = query.ToArray();
        later[^5] = 1;
        var operation = query.ToArray();
        operation[2] |= 0x10;
        var twice = query.ToArray();
        twice[5] = 2;
        using (Assert.EnterMultipleScope())
        {
            Assert.That(_bench.Send([1, 2, 3]), Is.Empty);
            Assert.That(_bench.Send([.. query[..2], 0x80, .. query[3..]]), Is.Empty, "an answer is not answered");
            Assert.That(Messages.Text(_bench.Send(query[..20])), Is.EqualTo("FormatError"));
            Assert.That(Messages.Text(_bench.Send(query[..^4])), Is.EqualTo("FormatError"));
            Assert.That(Messages.Text(_bench.Send(twice)), Is.EqualTo("FormatError"));
            Assert.That(Messages.Text(_bench.Send(later)), Is.EqualTo("BadVersion"));
            Assert.That(Messages.Text(_bench.Send(operation)), Is.EqualTo("NotImplemented"));
        }
    }

    [Test]
    public void Answers_from_the_zone_allocate_nothing()
    {
        var query = Messages.Query("_sql._tcp.db.default.svc.cluster.local", RecordType.Srv, datagram: 1232);
        var reply = new byte[DnsQuery.MaxDatagram];
        for (var i = 0; i < 200; i++)
        {
            _bench.Responder.Answer(query, reply, isStream: false, known: null, out _);
        }

        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1000; i++)
        {
            _bench.Responder.Answer(query, reply, isStream: false, known: null, out _);
        }

        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.LessThan(1000));
    }
}
