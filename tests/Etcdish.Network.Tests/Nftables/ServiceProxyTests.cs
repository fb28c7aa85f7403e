using System.Threading.Channels;
using Etcdish.ClusterBench;
using Etcdish.Kubernetes.Objects;
using Etcdish.Network.Nftables;

namespace Etcdish.Network.Tests.Nftables;

/// <summary>The whole proxy on an API server, with a packet filter that only notes what it is told.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class ServiceProxyTests
{
    private static readonly ServiceProxyOptions _options = new()
    {
        NodeName = "here",
        Mode = ServiceProxyMode.Nftables,
        HealthzAddress = null,
        MinSyncPeriod = TimeSpan.Zero,
    };

    private readonly NotingNft _nft = new();
    private readonly NoFlows _flows = new();
    private readonly CancellationTokenSource _stop = new();
    private ControlBench _bench = null!;
    private Task _running = Task.CompletedTask;

    [SetUp]
    public async Task Start() => _bench = await ControlBench.StartAsync();

    [TearDown]
    public async Task Stop()
    {
        await _stop.CancelAsync();
        Assert.That(async () => await _running, Throws.InstanceOf<OperationCanceledException>());
        await _bench.DisposeAsync();
        _stop.Dispose();
    }

    [Test]
    public async Task The_first_sync_has_all_and_a_change_only_what_changed()
    {
        await _bench.CreateAsync(
            Resources.Services,
            "default",
            "{'metadata':{'name':'web'},'spec':{'clusterIP':'10.96.7.7','ports':[{'name':'http','port':80}]}}");
        await _bench.CreateAsync(
            Resources.Nodes, "", "{'metadata':{'name':'here'},'spec':{'podCIDR':'10.244.3.0/24','podCIDRs':['10.244.3.0/24']}}");
        await _bench.PatchAsync(
            Resources.Nodes, "", "here", "{'status':{'addresses':[{'type':'InternalIP','address':'192.0.2.1'}]}}", "status");
        var first = await StartProxyAsync(_options);
        Assert.That(first, Does.Contain("add table ip kube-proxy\ndelete table ip kube-proxy\nadd table ip kube-proxy\n"));
        Assert.That(first, Does.Contain("no-endpoint-services").And.Contain("10.96.7.7 . tcp . 80 comment \"default/web:http\" : goto reject-chain"));
        Assert.That(first, Does.Contain("pod-cidrs { 10.244.3.0/24 }").And.Contain("service-cidrs { 10.96.0.0/16 }"));
        Assert.That(first, Does.Contain("nodeport-ips { 192.0.2.1 }"));

        await _bench.CreateAsync(
            Resources.EndpointSlices,
            "default",
            """
            {'metadata':{'name':'web-1','labels':{'kubernetes.io/service-name':'web'}},'addressType':'IPv4',
             'ports':[{'name':'http','port':8080}],'endpoints':[{'addresses':['10.244.3.5']}]}
            """);
        Assert.That(await _nft.NextAsync(), Is.EqualTo(
            """
            delete element ip kube-proxy no-endpoint-services { 10.96.7.7 . tcp . 80 }
            add element ip kube-proxy direct-ips { 10.96.7.7 . tcp . 80 comment "default/web:http" }
            add element ip kube-proxy endpoints { 10.96.7.7 . tcp . 80 . 1000 : 10.244.3.5 . 8080 }
            add element ip kube-proxy hairpins { 10.244.3.5 . 10.244.3.5 }

            """));

        await _bench.PatchAsync(Resources.Services, "default", "web", "{'spec':{'sessionAffinity':'ClientIP'}}");
        Assert.That(await _nft.NextAsync(), Does.StartWith("delete element ip kube-proxy direct-ips").Or.StartWith("add set ip kube-proxy affinity-"));
        await _bench.Client.DeleteAsync(Resources.Services, "default", "web", null, CancellationToken.None);
        Assert.That(await _nft.NextAsync(), Does.Contain("flush chain ip kube-proxy service-NAME"));
        Assert.That(await _nft.NextAsync(), Does.StartWith("delete chain ip kube-proxy endpoint-NAME"), "without another change");
    }

    [Test]
    public async Task What_the_kernel_refuses_is_told_and_all_is_tried_again()
    {
        _nft.Refusals = 1;
        var text = await StartProxyAsync(_options);
        Assert.That(text, Does.Contain("delete table"));
        Assert.That(_bench.Warnings, Has.Some.Contains("service proxy: no; tried again in 1 s"));
    }

    [Test]
    public async Task Flows_of_datagrams_are_looked_at_when_their_service_changes()
    {
        await StartProxyAsync(_options);
        Assert.That(_flows.Looks, Is.Zero);
        await _bench.CreateAsync(
            Resources.Services, "default", "{'metadata':{'name':'dns'},'spec':{'ports':[{'port':53,'protocol':'UDP'}]}}");
        await _flows.FirstLook.WaitAsync(TimeSpan.FromSeconds(60));
    }

    [Test]
    public async Task The_end_leaves_the_tables_unless_it_is_asked_to_remove_them([Values] bool cleansUp)
    {
        await StartProxyAsync(_options with { CleansUp = cleansUp });
        await _stop.CancelAsync();
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        Assert.That(_nft.Last.EndsWith("delete table ip6 kube-proxy\n", StringComparison.Ordinal), Is.EqualTo(cleansUp));
    }

    [Test]
    public async Task In_user_space_no_table_is_touched()
    {
        var proxy = Make(_options with { Mode = ServiceProxyMode.Userspace });
        _running = proxy.RunAsync(_stop.Token);
        await proxy.Synced.WaitAsync(TimeSpan.FromSeconds(60));
        Assert.That((proxy.Mode, _nft.Last), Is.EqualTo((ServiceProxyMode.Userspace, "")));
    }

    [Test]
    public void Options_that_are_wrong_are_told()
    {
        _running = Task.FromCanceled(new CancellationToken(canceled: true));
        Assert.That(() => Make(_options with { PodCidrs = ["10.0.0.0"] }), Throws.ArgumentException.With.Message.Contains("10.0.0.0"));
        Assert.That(() => Make(_options with { NodeName = "" }), Throws.ArgumentException);
    }

    private ServiceProxy Make(ServiceProxyOptions options) => new(_bench.Context, options, _nft, () => _flows);

    private async Task<string> StartProxyAsync(ServiceProxyOptions options)
    {
        var proxy = Make(options);
        _running = proxy.RunAsync(_stop.Token);
        await proxy.Synced.WaitAsync(TimeSpan.FromSeconds(60));
        return await _nft.NextAsync();
    }

    private sealed class NotingNft : INftables
    {
        private readonly Channel<string> _scripts = Channel.CreateUnbounded<string>();

        public int Refusals { get; set; }

        public string Last { get; private set; } = "";

        public Task ApplyAsync(ReadOnlyMemory<char> commands, CancellationToken cancellation)
        {
            if (Refusals-- > 0)
            {
                throw new IOException("no");
            }

            Last = commands.ToString();
            _scripts.Writer.TryWrite(Last);
            return Task.CompletedTask;
        }

        /// <summary>The next transaction, with the service's names made short.</summary>
        public async Task<string> NextAsync()
        {
            using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
            var text = await _scripts.Reader.ReadAsync(patience.Token);
            return System.Text.RegularExpressions.Regex.Replace(text, "-[A-Z2-7]{8}-default/web/tcp/http", "-NAME");
        }
    }

    private sealed class NoFlows : IConntrack
    {
        private readonly TaskCompletionSource _looked = new();

        public int Looks { get; private set; }

        public Task FirstLook => _looked.Task;

        public IReadOnlyList<ConntrackEntry> List(NftFamily family)
        {
            Looks++;
            _looked.TrySetResult();
            return [];
        }

        public void Delete(NftFamily family, ConntrackEntry entry) => throw new InvalidOperationException("there is none");

        public void Dispose()
        {
        }
    }
}
