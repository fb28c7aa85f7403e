using Etcdish.Client.Tests.Fakes;
using Etcdish.Protos;
using Etcdish.Rpc;
using Etcdish.Testing;

namespace Etcdish.Client.Tests;

/// <summary>What the client does when the server goes away; each test kills a server of its own.</summary>
public sealed class ReconnectTests
{
    private CancellationToken _limit;

    [SetUp]
    public void StartLimit() => _limit = new CancellationTokenSource(TimeSpan.FromSeconds(25)).Token;

    [Test]
    public async Task A_watch_goes_on_behind_the_last_event_when_the_server_comes_back()
    {
        using GenuineEtcd server = new();
        server.Start();
        await using EtcdClient client = new(new EtcdClientOptions { Endpoints = [server.ClientUrl] });
        await using IAsyncEnumerator<WatchResponse> watch = client.Watch.Watch(KeyRange.One("key")).GetAsyncEnumerator(_limit);
        await watch.MoveNextAsync();
        await client.Kv.PutAsync("key", "before", _limit);
        List<Event> events = await WatchTests.TakeAsync(watch, 1);

        server.Restart();
        await PutPersistentlyAsync(client, "missed 1");
        await PutPersistentlyAsync(client, "missed 2");
        events.AddRange(await WatchTests.TakeAsync(watch, 2));
        Assert.That(events.Select(e => e.Kv.Value.ToStringUtf8()), Is.EqualTo(new[] { "before", "missed 1", "missed 2" }));
    }

    [Test]
    public async Task A_read_waits_for_a_server_that_restarts()
    {
        using GenuineEtcd server = new();
        server.Start();
        await using EtcdClient client = new(new EtcdClientOptions { Endpoints = [server.ClientUrl], MaxAttempts = 1000 });
        await client.Kv.PutAsync("key", "value", _limit);
        server.Kill();
        Task<KeyValue?> read = client.Kv.GetAsync("key", _limit);
        server.Start();
        Assert.That((await read)!.Value.ToStringUtf8(), Is.EqualTo("value"));
    }

    [Test]
    public async Task Calls_pass_over_an_endpoint_where_nobody_listens()
    {
        using GenuineEtcd server = new();
        server.Start();
        string deserted = $"http://127.0.0.1:{FreePorts.Take()}";
        await using EtcdClient client = new(new EtcdClientOptions { Endpoints = [deserted, server.ClientUrl] });
        for (int i = 0; i < 4; i++)
        {
            // A refused connection proves that the request never left, so even writes go on to the next endpoint.
            await client.Kv.PutAsync("key", $"{i}", _limit);
        }

        Assert.That((await client.Kv.GetAsync("key", _limit))!.Version, Is.EqualTo(4));
    }

    [Test]
    public async Task A_write_under_way_when_the_connection_breaks_fails_and_is_not_repeated()
    {
        using GenuineEtcd server = new();
        server.Start();
        using Relay relay = new(server.ClientPort);
        await using EtcdClient client = new(new EtcdClientOptions { Endpoints = [relay.Url], MaxAttempts = 1000 });
        await client.Kv.PutAsync("key", "1", _limit);
        server.Pause();
        const int Size = 10_000;
        Task passedOn = relay.WaitForBytesAsync(Size);
        Task<PutResponse> put = client.Kv.PutAsync("key", new string('x', Size), _limit);
        await passedOn.WaitAsync(_limit);
        relay.Break();
        server.Resume();
        RpcException? error = await Assert.ThrowsAsync<RpcException>(() => put);
        Assert.That(error!.Code, Is.EqualTo(StatusCode.Unavailable));
        Assert.That(error.RequestNotSent, Is.False);
    }

    [Test]
    public async Task When_nobody_listens_a_call_fails_with_Unavailable_after_its_attempts()
    {
        EtcdClientOptions options = new() { Endpoints = [$"http://127.0.0.1:{FreePorts.Take()}"], MaxAttempts = 3 };
        await using EtcdClient client = new(options);
        RpcException? error = await Assert.ThrowsAsync<RpcException>(() => client.Kv.PutAsync("key", "", _limit));
        Assert.That(error!.Code, Is.EqualTo(StatusCode.Unavailable));
    }

    /// <summary>Puts until it is acknowledged; each value at most once is not needed here, for every try writes the same.</summary>
    private async Task PutPersistentlyAsync(EtcdClient client, string value)
    {
        while (true)
        {
            try
            {
                await client.Kv.PutAsync("key", value, _limit);
                return;
            }
            catch (RpcException e) when (e.Code == StatusCode.Unavailable)
            {
                _limit.ThrowIfCancellationRequested();
            }
        }
    }
}
