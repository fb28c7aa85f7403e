using Etcdish.Load.Measuring;
using Etcdish.Load.Workloads;

namespace Etcdish.Client.Tests.Load;

/// <summary>Each workload does what it says to a genuine etcd.</summary>
public sealed class LoadTests : OnGenuineEtcd
{
    [TestCase(nameof(WorkloadKind.Put), 500)]
    [TestCase(nameof(WorkloadKind.Txn), 500)]
    [TestCase(nameof(WorkloadKind.Range), 0)]
    [TestCase(nameof(WorkloadKind.SerializableRange), 0)]
    [TestCase(nameof(WorkloadKind.LeaseKeepAlive), 0)]
    public async Task Does_the_number_of_operations_asked_for(string workload, int writes)
    {
        LoadOptions options = Options(Enum.Parse<WorkloadKind>(workload)) with { Total = 500, TxnPuts = 3 };
        await LoadRunner.PreloadAsync(options, Limit);
        LoadResult result = await LoadRunner.RunAsync(options, Limit);
        Assert.That(result.ErrorTexts, Is.Empty);
        Assert.That(result.Operations, Is.GreaterThanOrEqualTo(500));
        Assert.That(result.WritesAcknowledged, Is.EqualTo(writes));
        Assert.That(result.WritesVerified, Is.True);
    }

    [Test]
    public async Task Watch_delivers_every_event_to_every_watcher()
    {
        LoadResult result = await LoadRunner.RunAsync(Options(WorkloadKind.Watch) with { Total = 5, Watchers = 40 }, Limit);
        Assert.That(result.ErrorTexts, Is.Empty);
        Assert.That(result.Operations, Is.EqualTo(5 * 40));
        Assert.That(result.WritesVerified, Is.True);
    }

    [Test]
    public async Task Requests_larger_than_every_window_get_through()
    {
        LoadOptions options = Options(WorkloadKind.Put) with { Total = 20, ValueSize = 300_000 };
        LoadResult result = await LoadRunner.RunAsync(options, Limit);
        Assert.That(result.ErrorTexts, Is.Empty);
        Assert.That(result.WritesVerified, Is.True);
    }

    [Test]
    public async Task Refusals_are_counted_with_their_text_and_not_as_operations()
    {
        LoadOptions options = Options(WorkloadKind.Txn) with { Total = 10, TxnPuts = 129, KeySpace = 1000 };
        LoadResult result = await LoadRunner.RunAsync(options, Limit);
        Assert.That(result.Operations, Is.Zero);
        Assert.That(result.ErrorTexts, Is.EqualTo(new Dictionary<string, long>
        {
            ["status 3: etcdserver: too many operations in txn request"] = 10,
        }));
    }

    private LoadOptions Options(WorkloadKind workload) => new()
    {
        Endpoints = [new Uri(Server.ClientUrl)],
        Workload = workload,
        Connections = 2,
        Clients = 4,
        KeySpace = 200,
    };
}
