using Etcdish.Protos;
using Etcdish.Rpc;
using Google.Protobuf;
using static Google.Protobuf.ByteString;

namespace Etcdish.Server.Tests;

public sealed class KvServiceTests
{
    private RunningServer _server = null!;

    [SetUp]
    public async Task StartAsync() =>
        _server = await RunningServer.StartAsync(options => options with { MaxRequestBytes = 64 * 1024, MaxTxnOps = 4 });

    [TearDown]
    public async Task StopAsync() => await _server.DisposeAsync();

    [Test]
    public async Task A_put_is_read_back_with_its_revisions()
    {
        PutResponse put = await _server.Client.Kv.PutAsync("foo", "bar");
        RangeResponse range = await _server.Client.Kv.RangeAsync(Client.KeyRange.One("foo"));

        Assert.Multiple(() =>
        {
            Assert.That(put.Header.Revision, Is.EqualTo(2));
            Assert.That(put.Header.ClusterId, Is.EqualTo(_server.Server.Node.ClusterId));
            Assert.That(put.Header.MemberId, Is.EqualTo(_server.Server.Node.MemberId));
            Assert.That(put.Header.RaftTerm, Is.EqualTo(_server.Server.Node.Term));
            Assert.That(range.Kvs, Has.Count.EqualTo(1));
            Assert.That(range.Kvs[0].Value.ToStringUtf8(), Is.EqualTo("bar"));
            Assert.That(range.Kvs[0], Has.Property("CreateRevision").EqualTo(2).And.Property("Version").EqualTo(1));
            Assert.That(range.Count, Is.EqualTo(1));
        });
    }

    [Test]
    public async Task Previous_pairs_come_with_put_and_delete()
    {
        await _server.Client.Kv.PutAsync("a", "1");
        PutResponse put = await _server.Client.Kv.PutAsync(
            new PutRequest { Key = CopyFromUtf8("a"), Value = CopyFromUtf8("2"), PrevKv = true });
        DeleteRangeResponse deleted = await _server.Client.Kv.DeleteAsync(
            new DeleteRangeRequest { Key = CopyFromUtf8("a"), PrevKv = true });

        Assert.Multiple(() =>
        {
            Assert.That(put.PrevKv.Value.ToStringUtf8(), Is.EqualTo("1"));
            Assert.That(deleted.Deleted, Is.EqualTo(1));
            Assert.That(deleted.PrevKvs[0].Value.ToStringUtf8(), Is.EqualTo("2"));
        });
    }

    [Test]
    public async Task A_transaction_runs_the_branch_that_its_conditions_choose()
    {
        TxnResponse first = await CreateAsync("one");
        TxnResponse second = await CreateAsync("two");

        Assert.Multiple(() =>
        {
            Assert.That(first.Succeeded, Is.True);
            Assert.That(first.Header.Revision, Is.EqualTo(2));
            Assert.That(second.Succeeded, Is.False);
            Assert.That(second.Header.Revision, Is.EqualTo(2));
            Assert.That(second.Responses[0].ResponseRange.Kvs[0].Value.ToStringUtf8(), Is.EqualTo("one"));
        });
    }

    [Test]
    public async Task Refusals_have_etcds_codes_and_texts()
    {
        await AssertRefusedAsync(() => _server.Client.Kv.PutAsync("", "x"), StatusCode.InvalidArgument, "etcdserver: key is not provided");
        await AssertRefusedAsync(
            () => _server.Client.Kv.PutAsync(new PutRequest { Key = CopyFromUtf8("x"), Lease = 99 }),
            StatusCode.NotFound,
            "etcdserver: requested lease not found");
        await AssertRefusedAsync(
            () => _server.Client.Kv.RangeAsync(new RangeRequest { Key = CopyFromUtf8("x"), Revision = 50 }),
            StatusCode.OutOfRange,
            "etcdserver: mvcc: required revision is a future revision");
        await AssertRefusedAsync(
            () => _server.Client.Kv.PutAsync("x", new string('v', 64 * 1024)),
            StatusCode.InvalidArgument,
            "etcdserver: request is too large");
        var txn = new TxnRequest { Success = { Enumerable.Range(0, 5).Select(i => Client.Op.Get(CopyFromUtf8($"k{i}"))) } };
        await AssertRefusedAsync(
            () => _server.Client.Kv.TxnAsync(txn), StatusCode.InvalidArgument, "etcdserver: too many operations in txn request");
    }

    [Test]
    public async Task A_compacted_revision_is_gone_and_the_next_one_stays()
    {
        for (int i = 0; i < 5; i++)
        {
            await _server.Client.Kv.PutAsync("k", $"{i}");
        }

        await _server.Client.Kv.CompactAsync(4, physical: true);
        RangeResponse atCompacted = await _server.Client.Kv.RangeAsync(new RangeRequest { Key = CopyFromUtf8("k"), Revision = 4 });

        Assert.That(atCompacted.Kvs[0].Value.ToStringUtf8(), Is.EqualTo("2"));
        await AssertRefusedAsync(
            () => _server.Client.Kv.RangeAsync(new RangeRequest { Key = CopyFromUtf8("k"), Revision = 3 }),
            StatusCode.OutOfRange,
            "etcdserver: mvcc: required revision has been compacted");
    }

    [TestCase(0, false)]
    [TestCase(70, false)]
    [TestCase(0, true)]
    public async Task A_range_in_a_stream_is_the_range_in_pieces(int limit, bool keysOnly)
    {
        for (int i = 0; i < 100; i++)
        {
            await _server.Client.Kv.PutAsync($"k{i:00}", new string((char)('a' + (i % 26)), 16 * 1024));
        }

        var request = new RangeRequest { Key = CopyFromUtf8("k"), RangeEnd = CopyFromUtf8("l"), Limit = limit, KeysOnly = keysOnly };
        RangeResponse whole = await _server.Client.Kv.RangeAsync(request);
        var merged = new RangeResponse();
        int pieces = 0;
        await foreach (RangeResponse piece in _server.Client.Kv.RangeStreamAsync(request))
        {
            merged.MergeFrom(piece);
            pieces++;
        }

        Assert.Multiple(() =>
        {
            Assert.That(merged, Is.EqualTo(whole));
            Assert.That(whole.More, Is.EqualTo(limit != 0));
            Assert.That(pieces, keysOnly ? Is.EqualTo(1) : Is.GreaterThan(1));
        });
    }

    [Test]
    public Task A_stream_refuses_orders_it_cannot_keep() => AssertRefusedAsync(
        async () =>
        {
            var request = new RangeRequest { Key = CopyFromUtf8("k"), SortOrder = RangeRequest.Types.SortOrder.Descend };
            await foreach (RangeResponse piece in _server.Client.Kv.RangeStreamAsync(request))
            {
                Assert.Fail($"there should be no piece, but came {piece}");
            }
        },
        StatusCode.Unimplemented,
        "RangeStream does not support custom sort orders");

    [Test]
    public async Task What_was_answered_survives_a_restart()
    {
        string directory = Directory.CreateTempSubdirectory("etcdish-restart-").FullName;
        try
        {
            uint hash;
            await using (RunningServer before = await RunningServer.StartAsync(dataDirectory: directory))
            {
                await before.Client.Kv.PutAsync("kept", "yes");
                await before.Client.Kv.PutAsync("gone", "no");
                await before.Client.Kv.DeleteAsync(Client.KeyRange.One("gone"));
                hash = (await before.Client.Maintenance.HashKVAsync(before.Url, 0)).Hash;
            }

            await using RunningServer after = await RunningServer.StartAsync(dataDirectory: directory);
            KeyValue? kept = await after.Client.Kv.GetAsync("kept");
            HashKVResponse rehashed = await after.Client.Maintenance.HashKVAsync(after.Url, 0);
            Assert.Multiple(() =>
            {
                Assert.That(kept!.Value.ToStringUtf8(), Is.EqualTo("yes"));
                Assert.That(rehashed.HashRevision, Is.EqualTo(4));
                Assert.That(rehashed.Hash, Is.EqualTo(hash));
            });
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    private static async Task AssertRefusedAsync(Func<Task> call, StatusCode code, string message)
    {
        RpcException? refusal = await Assert.ThrowsAsync<RpcException>(() => call());
        Assert.That(refusal, Has.Property("Code").EqualTo(code).And.Message.EqualTo(message));
    }

    private Task<TxnResponse> CreateAsync(string value)
    {
        ByteString key = CopyFromUtf8("lock");
        return _server.Client.Kv.Txn()
            .When(Client.If.Missing(key)).Then(Client.Op.Put(key, CopyFromUtf8(value))).Else(Client.Op.Get(key)).CommitAsync();
    }
}
