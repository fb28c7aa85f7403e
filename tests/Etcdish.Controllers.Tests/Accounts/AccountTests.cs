using System.Security.Cryptography;
using System.Text;
using Etcdish.ClusterBench;
using Etcdish.Controllers.Accounts;
using Etcdish.Kubernetes;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.Tests.Accounts;

/// <summary>Accounts, the authority's certificate and tokens in every namespace.</summary>
[FixtureLifeCycle(LifeCycle.SingleInstance)]
public sealed class AccountTests
{
    private const string Authority = "-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----\n";
    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private ControlBench _bench = null!;

    [OneTimeSetUp]
    public async Task Start()
    {
        _bench = await ControlBench.StartAsync();
        _bench.Add(new DefaultAccountController(_bench.Context));
        _bench.Add(new RootAuthorityController(_bench.Context, Authority));
        _bench.Add(new AccountTokenController(_bench.Context, AccountKey.Read(_key.ExportPkcs8PrivateKeyPem()), Authority));
        _bench.Add(new BootstrapTokenCleaner(_bench.Context));
        await _bench.RunAsync();
    }

    [OneTimeTearDown]
    public async Task Stop()
    {
        await _bench.DisposeAsync();
        _key.Dispose();
    }

    [Test]
    public async Task A_namespace_has_its_account_and_the_authority_and_has_them_again()
    {
        await _bench.CreateAsync(Resources.Namespaces, "", "{'metadata':{'name':'has'}}");
        var first = (await _bench.WaitAsync(Resources.ServiceAccounts, "has", all => all is [{ Metadata.Name: "default" }]))[0];
        await _bench.WaitAsync(Resources.ConfigMaps, "has", HasAuthority);
        await _bench.Client.DeleteAsync(Resources.ServiceAccounts, "has", "default", null, CancellationToken.None);
        await _bench.WaitAsync(Resources.ServiceAccounts, "has", all => all is [var again] && again.Metadata.Uid != first.Metadata.Uid);
        await _bench.Client.DeleteAsync(Resources.ConfigMaps, "has", "kube-root-ca.crt", null, CancellationToken.None);
        await _bench.WaitAsync(Resources.ConfigMaps, "has", HasAuthority);
        await _bench.PatchAsync(Resources.ConfigMaps, "has", "kube-root-ca.crt", "{'data':{'ca.crt':'wrong','more':'x'}}");
        await _bench.WaitAsync(Resources.ConfigMaps, "has", HasAuthority);
    }

    [Test]
    public async Task A_secret_gets_its_token_and_goes_with_the_account()
    {
        await _bench.CreateAsync(Resources.Namespaces, "", "{'metadata':{'name':'tokens'}}");
        var robot = await _bench.CreateAsync(Resources.ServiceAccounts, "tokens", "{'metadata':{'name':'robot'}}");
        await _bench.CreateAsync(
            Resources.Secrets,
            "tokens",
            "{'metadata':{'name':'t','annotations':{'kubernetes.io/service-account.name':'robot'}},'type':'kubernetes.io/service-account-token'}");
        var secret = (await _bench.WaitAsync(Resources.Secrets, "tokens", all => all is [{ Data.Count: 3 }]))[0];
        var token = Encoding.ASCII.GetString(secret.Data["token"]);

        Assert.That(secret.Metadata.Annotations["kubernetes.io/service-account.uid"], Is.EqualTo(robot.Metadata.Uid));
        Assert.That(Encoding.UTF8.GetString(secret.Data["namespace"]), Is.EqualTo("tokens"));
        Assert.That(Encoding.UTF8.GetString(secret.Data["ca.crt"]), Is.EqualTo(Authority));
        Assert.That(Holds(token), Is.True);

        await _bench.Client.DeleteAsync(Resources.ServiceAccounts, "tokens", "robot", null, CancellationToken.None);
        await _bench.WaitAsync(Resources.Secrets, "tokens", all => all.Count == 0);
    }

    [Test]
    public async Task A_secret_of_no_account_goes()
    {
        await _bench.CreateAsync(Resources.Namespaces, "", "{'metadata':{'name':'nobody'}}");
        await _bench.CreateAsync(
            Resources.Secrets,
            "nobody",
            "{'metadata':{'name':'t','annotations':{'kubernetes.io/service-account.name':'ghost'}},'type':'kubernetes.io/service-account-token'}");
        await _bench.WaitAsync(Resources.Secrets, "nobody", all => all.Count == 0);
    }

    [Test]
    public async Task An_expired_token_of_joining_nodes_goes_and_others_stay()
    {
        await _bench.CreateAsync(Resources.Secrets, "kube-system", Token("bootstrap-token-aaaaaa", "aaaaaa", "'expiration':'2199-01-01T00:00:00Z',"));
        await _bench.CreateAsync(Resources.Secrets, "kube-system", Token("bootstrap-token-cccccc", "cccccc", ""));
        await _bench.CreateAsync(Resources.Secrets, "kube-system", Token("bootstrap-token-bbbbbb", "bbbbbb", "'expiration':'2020-01-01T00:00:00Z',"));
        var left = await _bench.WaitAsync(
            Resources.Secrets, "kube-system", all => all.Count == 2 && all.All(s => s.Metadata.Name != "bootstrap-token-bbbbbb"));
        Assert.That(left, Has.Count.EqualTo(2));
    }

    [Test]
    public void A_key_of_rsa_signs_by_rsa()
    {
        using var rsa = RSA.Create(2048);
        using var key = AccountKey.Read(rsa.ExportRSAPrivateKeyPem());
        var account = new ServiceAccount { Metadata = new ObjectMetadata { Name = "a", Namespace = "n", Uid = "u" } };
        var parts = key.Sign(account, "s").Split('.');
        var signed = Encoding.ASCII.GetBytes($"{parts[0]}.{parts[1]}");
        var head = Encoding.ASCII.GetString(System.Buffers.Text.Base64Url.DecodeFromChars(parts[0]));

        Assert.That(head, Does.Contain("RS256"));
        Assert.That(rsa.VerifyData(
            signed, System.Buffers.Text.Base64Url.DecodeFromChars(parts[2]), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1));
    }

    [Test]
    public void A_secret_that_lacks_nothing_is_left_alone()
    {
        var account = new ServiceAccount { Metadata = new ObjectMetadata { Name = "a", Namespace = "n", Uid = "u" } };
        var secret = new Secret
        {
            Metadata = new ObjectMetadata { Name = "s", Namespace = "n", Annotations = new() { ["kubernetes.io/service-account.uid"] = "u" } },
            Data = new() { ["token"] = [1], ["namespace"] = "n"u8.ToArray(), ["ca.crt"] = "c"u8.ToArray() },
        };
        Assert.That(AccountTokenController.PatchOf(secret, account, () => "new", "c"), Is.Null);
        Assert.That(JsonText(AccountTokenController.PatchOf(secret, account, () => "new", "d")!["data"]), Is.EqualTo("""{"ca.crt":"ZA=="}"""));
        secret.Data.Remove("token");
        Assert.That(JsonText(AccountTokenController.PatchOf(secret, account, () => "new", "c")!["data"]), Is.EqualTo("""{"token":"bmV3"}"""));
    }

    private static string JsonText(System.Text.Json.Nodes.JsonNode? node) => Encoding.UTF8.GetString(JsonTree.ToBytes(node));

    private static bool HasAuthority(IReadOnlyList<ConfigMap> maps) =>
        maps is [{ Metadata.Name: "kube-root-ca.crt", Data: { Count: 1 } data }] && data["ca.crt"] == Authority;

    private static string Token(string name, string id, string more) =>
        $"{{'metadata':{{'name':'{name}'}},'type':'bootstrap.kubernetes.io/token','stringData':{{{more}'token-id':'{id}','token-secret':'0123456789abcdef'}}}}";

    private bool Holds(string token)
    {
        var dot = token.LastIndexOf('.');
        return _key.VerifyData(
            Encoding.ASCII.GetBytes(token.AsSpan(0, dot).ToArray()), System.Buffers.Text.Base64Url.DecodeFromChars(token.AsSpan(dot + 1)), HashAlgorithmName.SHA256);
    }
}
