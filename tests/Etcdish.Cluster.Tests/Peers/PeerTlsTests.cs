using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using Etcdish.Cluster.Peers;
using Etcdish.Testing;

namespace Etcdish.Cluster.Tests.Peers;

/// <summary>Who may speak to whom under TLS.</summary>
public class PeerTlsTests
{
    private static readonly TestAuthority _authority = new("peers");
    private static readonly TestAuthority _otherAuthority = new("others");
    private static readonly SslStreamCertificateContext _good = _authority.Sign("member", ["127.0.0.1"], ["localhost"]);

    [OneTimeTearDown]
    public void Dispose()
    {
        _authority.Dispose();
        _otherAuthority.Dispose();
    }

    [Test]
    public async Task Members_with_certificates_of_one_authority_speak_in_both_versions(
        [Values(SslProtocols.Tls12, SslProtocols.Tls13)] SslProtocols version)
    {
        await using TestPeer alice = Start(1, Tls() with { Protocols = version });
        await using TestPeer bob = Start(2, Tls());
        TestPeer.Introduce(alice, bob);

        await alice.SendUntilHeard(bob, 1);
        await bob.SendUntilHeard(alice, 2);

        var chunk = new byte[4 << 20];
        Assert.That((await alice.Network.AskAsync(2, chunk, CancellationToken.None)).Length, Is.EqualTo(chunk.Length));
        Assert.That((await alice.Network.AskAsync(2, new byte[1], CancellationToken.None)).Length, Is.EqualTo(1), "once more");
        Assert.That(alice.Inbox.Notices.Concat(bob.Inbox.Notices), Is.Empty);
    }

    [Test]
    public async Task Many_frames_keep_their_order_under_TLS()
    {
        await using TestPeer alice = Start(1, Tls());
        await using TestPeer bob = Start(2, Tls());
        TestPeer.Introduce(alice, bob);
        for (int number = 0; number < 5_000; number++)
        {
            Assert.That(alice.Network.Send(2, TestPeer.Numbered(number, 8 + (number % 1_000))));
        }

        await bob.Inbox.Until(inbox => inbox.Frames.Count == 5_000);
        Assert.That(bob.Inbox.Frames.Select(frame => TestPeer.NumberOf(frame.Frame)), Is.Ordered);
    }

    [TestCaseSource(nameof(RefusedNames))]
    public async Task Refused_is(string whom)
    {
        Meeting meeting = Refused().Single(meeting => meeting.Name == whom);
        await using TestPeer alice = Start(1, meeting.Listener);
        await using TestPeer bob = meeting.Dialler is null ? TestPeer.Start(2) : Start(2, meeting.Dialler);
        bob.Network.SetMembers([alice.Address], []);
        bob.Network.Send(1, TestPeer.Numbered(1));
        await bob.Inbox.Until(inbox => inbox.UnreachableMembers.Count >= 3);

        Assert.That(alice.Inbox.Frames, Is.Empty);
        Assert.That(alice.Inbox.Notices.Concat(bob.Inbox.Notices).Select(notice => notice.Message), Has.Some.Contains(meeting.Why));
        Assert.That(bob.Network.ReadTraffic().Single().IsActive, Is.False);
    }

    [TestCaseSource(nameof(AdmittedNames))]
    public async Task Admitted_is(string whom)
    {
        Meeting meeting = Admitted().Single(meeting => meeting.Name == whom);
        await using TestPeer alice = Start(1, meeting.Listener);
        await using TestPeer bob = Start(2, meeting.Dialler!);
        bob.Network.SetMembers([alice.Address], []);

        await bob.SendUntilHeard(alice, 1);
    }

    [Test]
    public async Task A_dialler_without_a_certificate_is_hung_up_on()
    {
        await using TestPeer alice = Start(1, Tls());
        await using NetworkStream socket = await alice.DialAsync();
        await using SslStream nobody = new(socket);
        try
        {
            await nobody.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
            {
                TargetHost = "localhost",
                RemoteCertificateValidationCallback = (_, certificate, _, _) => certificate is not null,
            });
            await nobody.WriteAsync(PeerHandshake.Encode(new PeerHello(PeerHandshake.Version, ConnectionKind.Log, TestPeer.Cluster, 2, 1)));
            Assert.That(await PeerNetworkTests.IsClosedAsync(nobody));
        }
        catch (Exception e) when (e is IOException or AuthenticationException)
        {
            // Refused during the handshake or right after it: the version of TLS decides.
        }

        await alice.Inbox.Until(inbox => inbox.Notices.Any(notice => notice.Message.Contains("no certificate", StringComparison.Ordinal)));
    }

    [Test]
    public async Task Plain_and_TLS_do_not_meet()
    {
        await using TestPeer secure = Start(1, Tls());
        await using TestPeer plain = TestPeer.Start(2);
        plain.Network.SetMembers([new PeerAddress(1, [secure.Url.Replace("https", "http", StringComparison.Ordinal)])], []);
        secure.Network.SetMembers([new PeerAddress(2, [plain.Url.Replace("http", "https", StringComparison.Ordinal)])], []);

        await plain.Inbox.Until(inbox => inbox.UnreachableMembers.Count >= 3 && inbox.Notices.Any(notice => notice.Member == 1));
        await secure.Inbox.Until(inbox => inbox.UnreachableMembers.Count >= 3 && inbox.Notices.Any(notice => notice.Member == 2));
        Assert.That(plain.Inbox.Frames.Concat(secure.Inbox.Frames), Is.Empty);
    }

    [Test]
    public async Task A_renewed_certificate_counts_from_the_next_connection_on()
    {
        SslStreamCertificateContext current = _otherAuthority.Sign("member", ["127.0.0.1"], []);
        await using TestPeer alice = Start(1, Tls() with { Certificate = () => Volatile.Read(ref current) });
        await using TestPeer bob = Start(2, Tls());
        bob.Network.SetMembers([alice.Address], []);
        await bob.Inbox.Until(inbox => inbox.UnreachableMembers.Count >= 2);

        Volatile.Write(ref current, _good);

        await bob.SendUntilHeard(alice, 1);
        bool[] refusedThenConnected = [true, false];
        Assert.That(bob.Inbox.Notices.Select(notice => notice.IsWarning), Is.EqualTo(refusedThenConnected));
    }

    [Test]
    public async Task Noise_and_half_handshakes_under_TLS_harm_nobody()
    {
        Random random = new(9);
        await using TestPeer alice = Start(1, Tls());
        await using TestPeer bob = Start(2, Tls());
        TestPeer.Introduce(alice, bob);
        for (int round = 0; round < 20; round++)
        {
            await using NetworkStream hostile = await alice.DialAsync();
            var noise = new byte[random.Next(1, 500)];
            random.NextBytes(noise);
            noise[0] = 0x16;
            await hostile.WriteAsync(noise);
        }

        await bob.SendUntilHeard(alice, 1);
    }

    [Test]
    public void Names_and_hosts_exclude_each_other() => Assert.That(
        () => Start(1, Tls() with { AllowedCommonNames = ["a"], AllowedHostNames = ["b"] }),
        Throws.ArgumentException);

    [Test]
    public void An_address_that_is_mapped_into_version_6_is_what_it_is() => Assert.That(
        async () => await CertificateNames.CheckAddressAsync(
            _good.TargetCertificate, IPAddress.Parse("::ffff:127.0.0.1"), CancellationToken.None),
        Throws.Nothing);

    private static TestPeer Start(ulong id, PeerTlsOptions tls) =>
        TestPeer.Start(id, options => options with { Tls = tls, ListenUrls = ["https://127.0.0.1:0"] });

    private static PeerTlsOptions Tls() => new()
    {
        Certificate = () => _good,
        TrustedAuthorities = [_authority.Certificate],
        RequireClientCertificate = true,
    };

    private static PeerTlsOptions Expired() =>
        Tls() with { Certificate = () => _authority.Sign("member", ["127.0.0.1"], [], isExpired: true) };

    private static IEnumerable<string> RefusedNames() => Refused().Select(meeting => meeting.Name);

    private static IEnumerable<string> AdmittedNames() => Admitted().Select(meeting => meeting.Name);

    private static IEnumerable<Meeting> Refused()
    {
        PeerTlsOptions stranger = Tls() with { Certificate = () => _otherAuthority.Sign("member", ["127.0.0.1"], []) };
        PeerTlsOptions otherNames = Tls() with { AllowedCommonNames = ["a", "b"] };
        PeerTlsOptions elsewhere = Tls() with { Certificate = () => _authority.Sign("member", [], ["elsewhere.test"]) };
        PeerTlsOptions otherAddress = Tls() with { ClientCertificate = () => _authority.Sign("member", ["10.9.8.7"], []) };
        PeerTlsOptions otherHost = Tls() with { ClientCertificate = () => _authority.Sign("member", [], ["elsewhere.invalid"]) };
        yield return new("a dialler of another authority", Tls(), stranger, "not trusted");
        yield return new("a listener of another authority", stranger, Tls(), "not trusted");
        yield return new("a dialler with an expired certificate", Tls(), Expired(), "NotTimeValid");
        yield return new("a listener with an expired certificate", Expired(), Tls(), "NotTimeValid");
        yield return new("a dialler that does not know the authority", Tls(), null, "not trusted");
        yield return new("a listener whose certificate names another host", elsewhere, Tls(), "does not name the host");
        yield return new("a dialler whose common name is not allowed", otherNames, Tls(), "allowed names");
        yield return new("a listener whose common name is not allowed", Tls(), Tls() with { AllowedCommonNames = ["a"] }, "allowed names");
        yield return new("a dialler whose hosts are not allowed", Tls() with { AllowedHostNames = ["a.test"] }, Tls(), "allowed names");
        yield return new("a dialler from an address that its certificate does not name", Tls(), otherAddress, "dials from");
        yield return new("a dialler from a host that its certificate does not name", Tls(), otherHost, "dials from");
    }

    private static IEnumerable<Meeting> Admitted()
    {
        PeerTlsOptions asksNothing = new() { Certificate = () => _good };
        PeerTlsOptions nameless = Tls() with { ClientCertificate = () => _authority.Sign("member", [], []) };
        PeerTlsOptions stranger = Tls() with { ClientCertificate = () => _otherAuthority.Sign("x", [], []) };
        PeerTlsOptions otherAddress = Tls() with { ClientCertificate = () => _authority.Sign("member", ["10.9.8.7"], []) };
        PeerTlsOptions byHost = Tls() with { ClientCertificate = () => _authority.Sign("member", ["10.9.8.7"], ["localhost"]) };
        yield return new("an allowed common name", Tls() with { AllowedCommonNames = ["a", "member"] }, Tls(), "");
        yield return new("an allowed host", Tls() with { AllowedHostNames = ["localhost"] }, Tls(), "");
        yield return new("a certificate without addresses and hosts", Tls(), nameless, "");
        yield return new("a host name that resolves to the dialler's address", Tls(), byHost, "");
        yield return new("another address when that is not checked", Tls() with { SkipClientAddressCheck = true }, otherAddress, "");
        yield return new("anybody when neither authorities nor certificates are asked for", asksNothing, stranger, "");
    }

    private sealed record Meeting(string Name, PeerTlsOptions Listener, PeerTlsOptions? Dialler, string Why);
}
