using System.Net;
using Etcdish.ClusterBench;
using Etcdish.Kubernetes.Client;
using Etcdish.Kubernetes.Objects;
using Etcdish.Network.Nftables;
using Etcdish.Network.Policies;
using Etcdish.Testing;

namespace Etcdish.Network.Tests.Policies;

/// <summary>What users write comes into force.</summary>
public sealed class NetworkPoliciesTests
{
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(60);

    [Test]
    public async Task Policies_that_users_write_come_into_force_also_after_a_failure()
    {
        await using var bench = await ControlBench.StartAsync();
        var kernel = new WatchedKernel();
        var policies = new NetworkPolicies(bench.Context, new NetworkPolicyOptions { NodeName = "here" }, kernel, () => { });
        await AddPodAsync(bench, "a", "10.0.0.1");
        await AddPodAsync(bench, "b", "10.0.0.2");
        using var stop = new CancellationTokenSource();
        var running = policies.RunAsync(stop.Token);
        await policies.Synced.WaitAsync(_patience);
        Assert.That(kernel.Allows("10.0.0.1", "10.0.0.2"), Is.True);

        await bench.CreateAsync(Resources.NetworkPolicies, "default", "{'metadata':{'name':'closed'},'spec':{'podSelector':{}}}");
        await kernel.UntilAsync(() => !kernel.Allows("10.0.0.1", "10.0.0.2"));

        kernel.BreakOnce();
        await bench.PatchAsync(Resources.NetworkPolicies, "default", "closed", "{'spec':{'ingress':[{'from':[{'podSelector':{'matchLabels':{'app':'a'}}}]}]}}");
        await kernel.UntilAsync(() => kernel.Allows("10.0.0.1", "10.0.0.2") && !kernel.Allows("10.0.0.2", "10.0.0.1"));
        Assert.That(bench.Warnings, Has.Some.Contains("no such table"));

        await bench.PatchAsync(Resources.Pods, "default", "a", "{'metadata':{'labels':{'app':'z'}}}");
        await kernel.UntilAsync(() => !kernel.Allows("10.0.0.1", "10.0.0.2"));
        await bench.Client.DeleteAsync(Resources.NetworkPolicies, "default", "closed", new DeleteOptions(), CancellationToken.None);
        await kernel.UntilAsync(() => kernel.Allows("10.0.0.1", "10.0.0.2"));

        await stop.CancelAsync();
        await running;
        await policies.RemoveAsync(CancellationToken.None);
        Assert.That(kernel.Names, Is.Empty);
    }

    [Test]
    public async Task From_time_to_time_all_is_written_anew()
    {
        var clock = new ManualClock();
        await using var bench = await ControlBench.StartAsync(clock);
        var kernel = new WatchedKernel();
        var policies = new NetworkPolicies(bench.Context, new NetworkPolicyOptions { NodeName = "here" }, kernel, () => throw new IOException("no bridges"));
        using var stop = new CancellationTokenSource();
        var running = policies.RunAsync(stop.Token);
        await policies.Synced.WaitAsync(_patience);
        await kernel.ApplyAsync("delete table inet etcdish-policy".AsMemory(), CancellationToken.None);
        clock.Advance(TimeSpan.FromHours(1));
        await kernel.UntilAsync(() => kernel.Names.Contains("ingress-ip"));
        Assert.That(bench.Warnings, Has.Some.Contains("no bridges"));
        await stop.CancelAsync();
        await running;
    }

    private static async Task AddPodAsync(ControlBench bench, string name, string address)
    {
        await bench.CreateAsync(
            Resources.Pods,
            "default",
            $"{{'metadata':{{'name':'{name}','labels':{{'app':'{name}'}}}},'spec':{{'nodeName':'here','containers':[{{'name':'c','image':'i'}}]}}}}");
        await bench.PatchAsync(
            Resources.Pods, "default", name, $"{{'status':{{'phase':'Running','podIP':'{address}','podIPs':[{{'ip':'{address}'}}]}}}}", "status");
    }

    /// <summary>A model of the kernel that tells of each transaction.</summary>
    private sealed class WatchedKernel : INftables
    {
        private readonly Lock _lock = new();
        private readonly NftModel _model = new();
        private TaskCompletionSource _applied = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public IReadOnlyList<string> Names => Look(() => _model.Names.ToList());

        public void BreakOnce() => Look(() => _model.IsBroken = true);

        public bool Allows(string from, string to) => Look(() => _model.Allows(IPAddress.Parse(from), IPAddress.Parse(to), "TCP", 80));

        public Task ApplyAsync(ReadOnlyMemory<char> commands, CancellationToken cancellation)
        {
            var (result, applied) = Look(() =>
            {
                var before = _applied;
                _applied = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                return (_model.ApplyAsync(commands, cancellation), before);
            });
            applied.TrySetResult();
            return result;
        }

        public async Task UntilAsync(Func<bool> condition)
        {
            while (true)
            {
                var applied = Look(() => _applied.Task);
                if (condition())
                {
                    return;
                }

                await applied.WaitAsync(_patience);
            }
        }

        private T Look<T>(Func<T> look)
        {
            lock (_lock)
            {
                return look();
            }
        }
    }
}
