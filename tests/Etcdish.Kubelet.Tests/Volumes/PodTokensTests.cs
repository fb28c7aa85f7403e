using System.Text.Json.Nodes;
using Etcdish.Kubelet.Kinds;
using Etcdish.Kubelet.Volumes;
using Etcdish.Kubernetes.Objects;
using Etcdish.Testing;

namespace Etcdish.Kubelet.Tests.Volumes;

public sealed class PodTokensTests
{
    private const int Patience = 20_000;
    private const string Token = "{'name':'v','projected':{'sources':[{'serviceAccountToken':{'path':'token','expirationSeconds':3607}}]}}";

    [Test]
    public async Task A_token_is_bound_to_its_pod_and_renewed_before_it_ends()
    {
        Root.Require();
        var clock = new ManualClock();
        await using var bench = await VolumeBench.StartAsync(clock);
        var pod = await bench.CreateAsync(VolumePods.With("p", Token));
        var path = Path.Combine((await bench.EnsureAsync(pod))["v"].HostPath, "token");
        var first = File.ReadAllText(path);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(ClaimsOf(first)["kubernetes.io"]!["pod"]!["uid"]!.GetValue<string>(), Is.EqualTo(pod.Uid));
            Assert.That(LifeOf(first), Is.EqualTo(3607));
        }

        // Not before four fifths of its life, less the ten seconds over which pods are spread.
        clock.Advance(TimeSpan.FromSeconds(3607 * 0.8 - 11));
        await bench.EnsureAsync(pod);
        Assert.That(File.ReadAllText(path), Is.EqualTo(first));
        clock.Advance(TimeSpan.FromSeconds(12));
        Assert.That(() => File.ReadAllText(path), Is.Not.EqualTo(first).After(Patience, 5));
        var second = File.ReadAllText(path);
        clock.Advance(TimeSpan.FromSeconds(3607 * 0.8));
        Assert.That(() => File.ReadAllText(path), Is.Not.EqualTo(second).After(Patience, 5));
    }

    [Test]
    public async Task A_token_that_cannot_be_renewed_is_used_on_and_one_that_never_was_is_told()
    {
        Root.Require();
        var clock = new ManualClock();
        await using var bench = await VolumeBench.StartAsync(clock);
        var pod = await bench.CreateAsync(VolumePods.With("p", Token));
        var path = Path.Combine((await bench.EnsureAsync(pod))["v"].HostPath, "token");
        var first = File.ReadAllText(path);
        await bench.DeleteAsync(Resources.ServiceAccounts, "app");
        clock.Advance(TimeSpan.FromSeconds(3000));
        Assert.That(() => bench.Warnings.ToArray(), Has.Some.Contains("cannot be renewed").After(Patience, 5));
        Assert.That(File.ReadAllText(path), Is.EqualTo(first));
        var other = VolumePods.With("other", Token);
        Assert.That(
            () => bench.EnsureAsync(other),
            Throws.TypeOf<VolumeException>().With.Message.EqualTo(
                "MountVolume.SetUp failed for volume \"v\" : failed to fetch token: serviceaccounts \"app\" not found"));
        await bench.Api.CreateAsync(Resources.ServiceAccounts, "default", "{'metadata':{'name':'app'}}");
        await VolumeBench.AdvanceUntilAsync(clock, () => File.ReadAllText(path) != first);
    }

    [TestCase("{}", null, "644 0 0")]
    [TestCase("{'fsGroup':2000}", null, "640 0 2000")]
    [TestCase("{'runAsUser':1000}", null, "600 1000 0")]
    [TestCase("{'runAsUser':1000,'fsGroup':2000}", null, "640 1000 2000")]
    [TestCase("{'runAsUser':1000}", 1001L, "600 1001 0")]
    [TestCase("{}", 1001L, "600 1001 0")]
    public async Task Only_who_needs_it_may_read_a_token(string security, long? ofContainer, string wanted)
    {
        Root.Require();
        await using var bench = await VolumeBench.StartAsync();
        var pod = await bench.CreateAsync(VolumePods.With("p", Token, security));
        pod.Spec.Containers[0].SecurityContext = new ContainerSecurityManifest { RunAsUser = ofContainer };
        var status = FileStatus.Of(Path.Combine((await bench.EnsureAsync(pod))["v"].HostPath, "token"))!.Value;
        Assert.That($"{Convert.ToString(status.Mode, 8)} {status.Uid} {status.Gid}", Is.EqualTo(wanted));
    }

    [Test]
    public void Users_that_differ_are_nobody()
    {
        var pod = VolumePods.Parse("""
            {'spec':{'initContainers':[{'name':'i','securityContext':{'runAsUser':1}}],
                     'containers':[{'name':'a','securityContext':{'runAsUser':1}},{'name':'b','securityContext':{'runAsUser':2}}]}}
            """);
        Assert.That(PodUser.Of(pod), Is.Null);
        pod.Spec.Containers[1].SecurityContext.RunAsUser = 1;
        Assert.That(PodUser.Of(pod), Is.EqualTo(1));
        pod.Spec.Containers[1].SecurityContext.RunAsUser = null;
        Assert.That(PodUser.Of(pod), Is.Null);
    }

    private static long LifeOf(string token) => ClaimsOf(token)["exp"]!.GetValue<long>() - ClaimsOf(token)["iat"]!.GetValue<long>();

    private static JsonNode ClaimsOf(string token) =>
        JsonNode.Parse(System.Buffers.Text.Base64Url.DecodeFromChars(token.Split('.')[1]))!;
}
