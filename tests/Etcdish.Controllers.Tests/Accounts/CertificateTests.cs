using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Etcdish.ClusterBench;
using Etcdish.Controllers.Accounts;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.Tests.Accounts;

/// <summary>Requests for certificates: who is approved, what is signed, what goes.</summary>
[FixtureLifeCycle(LifeCycle.SingleInstance)]
public sealed class CertificateTests
{
    private const string Kubelet = "kubernetes.io/kube-apiserver-client-kubelet";
    private const string Serving = "kubernetes.io/kubelet-serving";
    private const string Client = "kubernetes.io/kube-apiserver-client";
    private static readonly string[] _clientUsages = ["digital signature", "client auth"];
    private static readonly string[] _servingUsages = ["digital signature", "key encipherment", "server auth"];

    private readonly X509Certificate2 _authority = MakeAuthority();
    private ControlBench _bench = null!;

    [OneTimeSetUp]
    public async Task Start()
    {
        _bench = await ControlBench.StartAsync();
        _bench.Add(new CertificateApprover(_bench.Context));
        _bench.Add(new CertificateSigner(_bench.Context, _authority, TimeSpan.FromDays(365)));
        _bench.Add(new CertificateCleaner(_bench.Context));
        await _bench.RunAsync();
    }

    [OneTimeTearDown]
    public async Task Stop()
    {
        await _bench.DisposeAsync();
        _authority.Dispose();
    }

    [Test]
    public async Task A_kubelets_request_is_approved_and_signed()
    {
        await RequestAsync("node", Kubelet, Asked("O=system:nodes, CN=system:node:a"), _clientUsages, 3600);
        var request = await IssuedAsync("node");
        using var made = X509Certificate2.CreateFromPem(Encoding.ASCII.GetString(request.Status.Certificate));
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.Add(_authority);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.ApplicationPolicy.Add(new Oid("1.3.6.1.5.5.7.3.2"));

        Assert.That(request.Status.Conditions[0].Reason, Is.EqualTo("AutoApproved"));
        Assert.That(
            request.Status.Conditions[0].Message, Is.EqualTo("Auto approving kubelet client certificate after SubjectAccessReview."));
        Assert.That(made.Subject, Is.EqualTo("O=system:nodes, CN=system:node:a"));
        Assert.That(chain.Build(made), Is.True);
        Assert.That((made.NotAfter - DateTime.Now).TotalMinutes, Is.InRange(50, 60));
    }

    [Test]
    public async Task A_serving_certificate_waits_for_somebody_and_keeps_its_names()
    {
        await RequestAsync("serving", Serving, Asked("O=system:nodes, CN=system:node:a", "host.example"), _servingUsages);
        await ApproveAsync("serving");
        var request = await IssuedAsync("serving");
        using var made = X509Certificate2.CreateFromPem(Encoding.ASCII.GetString(request.Status.Certificate));
        Assert.That(made.MatchesHostname("host.example"), Is.True);
    }

    [Test]
    public async Task What_a_signer_does_not_sign_fails()
    {
        await RequestAsync("wrong", Serving, Asked("O=others, CN=system:node:a", "host.example"), _servingUsages);
        await ApproveAsync("wrong");
        var found = await _bench.WaitAsync(
            Resources.CertificateSigningRequests, "", all => all.Any(r => r.Metadata.Name == "wrong" && r.Status.Is("Failed")));
        var failure = found.Single(r => r.Metadata.Name == "wrong").Status.Conditions.Single(c => c.Type == "Failed");
        Assert.That((failure.Reason, failure.Message), Is.EqualTo(("SignerValidationFailure", "subject organization is not system:nodes")));
    }

    [TestCase(Client, "CN=jane", "", "client auth", null)]
    [TestCase(Client, "CN=jane", "", "server auth", "invalid usage for client certificate: server auth")]
    [TestCase(Client, "CN=jane", "", "digital signature", "missing required usage for client certificate: client auth")]
    [TestCase(Kubelet, "O=system:nodes, CN=system:node:a", "", "client auth,digital signature,key encipherment", null)]
    [TestCase(Kubelet, "O=system:nodes, CN=a", "", "client auth,digital signature", "subject common name does not begin with system:node:")]
    [TestCase(Kubelet, "O=system:nodes, CN=system:node:a", "x.example", "client auth", "DNS subjectAltNames are not allowed")]
    [TestCase(Kubelet, "O=system:nodes, CN=system:node:a", "", "client auth",
        "usages did not match [client auth digital signature key encipherment]")]
    [TestCase(Kubelet, "O=system:nodes, O=more, CN=system:node:a", "", "client auth", "subject organization is not system:nodes")]
    [TestCase(Serving, "O=system:nodes, CN=system:node:a", "", "server auth,digital signature", "DNS or IP subjectAltName is required")]
    [TestCase(Serving, "O=system:nodes, CN=system:node:a", "x.example", "server auth,digital signature", null)]
    [TestCase(Serving, "O=system:nodes, CN=system:node:a", "x.example", "server auth,client auth,digital signature",
        "usages did not match [digital signature key encipherment server auth]")]
    public void Signers_have_their_rules(string signer, string subject, string dns, string usages, string? fault)
    {
        var asked = AskedCertificate.Read(Encoding.ASCII.GetBytes(Asked(subject, dns)));
        Assert.That(SignerRules.FindFault(signer, asked, usages.Split(',')), Is.EqualTo(fault));
    }

    [Test]
    public void Requests_go_when_they_are_done_with()
    {
        var now = new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
        Assert.That(CertificateCleaner.EndOf(Made(now)), Is.EqualTo(now.AddHours(24)));
        Assert.That(CertificateCleaner.EndOf(Made(now, "Denied")), Is.EqualTo(now.AddHours(1)));
        Assert.That(CertificateCleaner.EndOf(Made(now, "Approved")), Is.Null, "a signer may still come");
        var issued = Made(now, "Approved");
        issued.Status.Certificate = Encoding.ASCII.GetBytes("of another kind");
        Assert.That(CertificateCleaner.EndOf(issued), Is.EqualTo(now.AddHours(1)));
    }

    [TestCase(null, 365 * 24 * 3600)]
    [TestCase(60, 600)]
    [TestCase(3600, 3600)]
    [TestCase(int.MaxValue, 365 * 24 * 3600)]
    public void Life_is_what_was_asked_for_within_bounds(int? asked, int seconds) => Assert.That(
        new CertificateIssuer(_authority, TimeSpan.FromDays(365), TimeProvider.System).LifeOf(asked), Is.EqualTo(TimeSpan.FromSeconds(seconds)));

    private static CertificateSigningRequest Made(DateTimeOffset now, string? condition = null) => new()
    {
        Metadata = new ObjectMetadata { CreationTimestamp = now },
        Status = new CertificateSigningRequestStatus
        {
            Conditions = condition is null ? [] : [new Condition { Type = condition, Status = "True", LastUpdateTime = now }],
        },
    };

    private static X509Certificate2 MakeAuthority()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=test-ca", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, false, 0, critical: true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, critical: false));
        return request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(3650));
    }

    private static string Asked(string subject, string dns = "")
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(subject, key, HashAlgorithmName.SHA256);
        if (dns.Length > 0)
        {
            var names = new SubjectAlternativeNameBuilder();
            names.AddDnsName(dns);
            request.CertificateExtensions.Add(names.Build());
        }

        return request.CreateSigningRequestPem();
    }

    private Task<CertificateSigningRequest> RequestAsync(string name, string signer, string pem, string[] usages, int? seconds = null) => _bench.CreateAsync(
        Resources.CertificateSigningRequests,
        "",
        $"{{'metadata':{{'name':'{name}'}},'spec':{{'request':'{Convert.ToBase64String(Encoding.ASCII.GetBytes(pem))}','signerName':'{signer}',"
            + $"'usages':['{string.Join("','", usages)}']{(seconds is null ? "" : $",'expirationSeconds':{seconds}")}}}}}");

    private Task<CertificateSigningRequest> ApproveAsync(string name) => _bench.PatchAsync(
        Resources.CertificateSigningRequests, "", name, "{'status':{'conditions':[{'type':'Approved','status':'True'}]}}", "approval");

    private async Task<CertificateSigningRequest> IssuedAsync(string name) =>
        (await _bench.WaitAsync(
            Resources.CertificateSigningRequests, "", all => all.Any(r => r.Metadata.Name == name && r.Status.Certificate.Length > 0)))
        .Single(r => r.Metadata.Name == name);
}
