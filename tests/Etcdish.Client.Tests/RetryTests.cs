using Etcdish.Client.Tests.Fakes;
using Etcdish.Protos;
using Etcdish.Rpc;
using Google.Protobuf;

namespace Etcdish.Client.Tests;

/// <summary>Which failures lead to a second attempt, where, and after what pause.</summary>
public sealed class RetryTests
{
    private readonly ImpatientClock _clock = new();

    [SetUp]
    public void Clear()
    {
        _clock.Pauses.Clear();
    }

    [Test]
    public async Task A_read_goes_on_to_the_next_endpoint_when_one_is_unavailable()
    {
        ScriptedChannel first = new ScriptedChannel().Fails(StatusCode.Unavailable, "the connection was lost");
        ScriptedChannel second = new ScriptedChannel().Answers(new RangeResponse { Count = 7 });
        await using EtcdClient client = Client(new EtcdClientOptions { Endpoints = ["http://a:1", "http://b:1"] }, first, second);
        Assert.That((await client.Kv.RangeAsync(KeyRange.All)).Count, Is.EqualTo(7));
        Assert.That(_clock.Pauses, Is.Empty);
    }

    [Test]
    public async Task A_write_that_may_have_run_is_not_sent_again()
    {
        ScriptedChannel first = new ScriptedChannel().Fails(StatusCode.Unavailable, "the connection was lost");
        ScriptedChannel second = new();
        await using EtcdClient client = Client(new EtcdClientOptions { Endpoints = ["http://a:1", "http://b:1"] }, first, second);
        RpcException? error = await Assert.ThrowsAsync<RpcException>(() => client.Kv.PutAsync("k", "v"));
        Assert.That(error!.Message, Is.EqualTo("the connection was lost"));
        Assert.That(second.Calls, Is.Empty);
    }

    [Test]
    public async Task A_write_that_never_left_is_sent_elsewhere()
    {
        ScriptedChannel first = new ScriptedChannel().Fails(StatusCode.Unavailable, "no connection", requestNotSent: true);
        ScriptedChannel second = new ScriptedChannel().Answers(new PutResponse());
        await using EtcdClient client = Client(new EtcdClientOptions { Endpoints = ["http://a:1", "http://b:1"] }, first, second);
        await client.Kv.PutAsync("k", "v");
        Assert.That(second.Calls, Has.Count.EqualTo(1));
    }

    [Test]
    public async Task A_transaction_that_only_reads_counts_as_a_read()
    {
        ScriptedChannel only = new ScriptedChannel()
            .Fails(StatusCode.Unavailable, "etcdserver: leader changed")
            .Answers(new TxnResponse { Succeeded = true });
        await using EtcdClient client = Client(new EtcdClientOptions { Endpoints = ["http://a:1"] }, only);
        TxnResponse response = await client.Kv.Txn().Then(Op.Get(ByteString.CopyFromUtf8("k"))).CommitAsync();
        Assert.That(response.Succeeded, Is.True);
    }

    [TestCase(StatusCode.InvalidArgument)]
    [TestCase(StatusCode.DeadlineExceeded)]
    [TestCase(StatusCode.Internal)]
    public async Task Other_failures_are_final_even_for_reads(StatusCode code)
    {
        ScriptedChannel only = new ScriptedChannel().Fails(code, "no");
        await using EtcdClient client = Client(new EtcdClientOptions { Endpoints = ["http://a:1"] }, only);
        RpcException? error = await Assert.ThrowsAsync<RpcException>(() => client.Kv.RangeAsync(KeyRange.All));
        Assert.That(error!.Code, Is.EqualTo(code));
        Assert.That(only.Calls, Has.Count.EqualTo(1));
    }

    [Test]
    public async Task Pauses_double_up_to_the_ceiling_and_attempts_end()
    {
        ScriptedChannel only = new();
        for (int i = 0; i < 5; i++)
        {
            only.Fails(StatusCode.Unavailable, $"failure {i + 1}");
        }

        EtcdClientOptions options = new()
        {
            Endpoints = ["http://a:1"],
            MaxAttempts = 5,
            BackoffFloor = TimeSpan.FromMilliseconds(100),
            BackoffCeiling = TimeSpan.FromMilliseconds(400),
        };
        await using EtcdClient client = Client(options, only);
        RpcException? error = await Assert.ThrowsAsync<RpcException>(() => client.Kv.RangeAsync(KeyRange.All));
        Assert.That(error!.Message, Is.EqualTo("failure 5"));
        int[] expected = [100, 200, 400, 400];
        Assert.That(_clock.Pauses, Has.Count.EqualTo(expected.Length));
        for (int i = 0; i < expected.Length; i++)
        {
            Assert.That(_clock.Pauses[i].TotalMilliseconds, Is.EqualTo(expected[i]).Within(20.1).Percent);
        }
    }

    [Test]
    public async Task A_refused_token_is_replaced_and_the_call_repeated_even_if_it_writes()
    {
        ScriptedChannel only = new ScriptedChannel()
            .Answers(new AuthenticateResponse { Token = "old" })
            .Fails(StatusCode.Unauthenticated, "etcdserver: invalid auth token")
            .Answers(new AuthenticateResponse { Token = "new" })
            .Answers(new PutResponse());
        await using EtcdClient client = Client(
            new EtcdClientOptions { Endpoints = ["http://a:1"], Username = "u", Password = "p" }, only);
        await client.Kv.PutAsync("k", "v");
        Assert.That(only.Calls.Select(call => call.Token), Is.EqualTo(new[] { null, "old", null, "new" }));
    }

    [Test]
    public async Task A_given_token_that_is_refused_fails_the_call()
    {
        ScriptedChannel only = new ScriptedChannel().Fails(StatusCode.Unauthenticated, "etcdserver: invalid auth token");
        await using EtcdClient client = Client(new EtcdClientOptions { Endpoints = ["http://a:1"], Token = "t" }, only);
        await Assert.ThrowsAsync<RpcException>(() => client.Kv.PutAsync("k", "v"));
        Assert.That(only.Calls, Is.EqualTo(new[] { ("/etcdserverpb.KV/Put", (string?)"t") }));
    }

    [Test]
    public void Options_out_of_range_are_refused()
    {
        Assert.That(() => new EtcdClient(new EtcdClientOptions { Endpoints = [] }), Throws.ArgumentException);
        Assert.That(() => new EtcdClient(new EtcdClientOptions { Endpoints = ["127.0.0.1:2379"] }), Throws.ArgumentException);
        Assert.That(
            () => new EtcdClient(new EtcdClientOptions { Endpoints = ["http://a:1"], MaxAttempts = 0 }),
            Throws.InstanceOf<ArgumentOutOfRangeException>());
    }

    private EtcdClient Client(EtcdClientOptions options, params ScriptedChannel[] channels) => new(
        options with { TimeProvider = _clock, Random = new Random(1) },
        address => channels[options.Endpoints.ToList().IndexOf(address)]);
}
