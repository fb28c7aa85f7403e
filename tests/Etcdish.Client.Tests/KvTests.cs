using Etcdish.Protos;
using Etcdish.Rpc;
using Google.Protobuf;
using static Etcdish.Protos.Compare.Types;

namespace Etcdish.Client.Tests;

public sealed class KvTests : OnGenuineEtcd
{
    [Test]
    public async Task Puts_and_gets_a_key()
    {
        PutResponse put = await Client.Kv.PutAsync(Key(), "value", Limit);
        KeyValue? read = await Client.Kv.GetAsync(Key(), Limit);
        Assert.That(read, Is.Not.Null);
        Assert.That(read!.Value.ToStringUtf8(), Is.EqualTo("value"));
        Assert.That(read.ModRevision, Is.EqualTo(put.Header.Revision));
        Assert.That(read.Version, Is.EqualTo(1));
    }

    [Test]
    public async Task A_missing_key_is_null() => Assert.That(await Client.Kv.GetAsync(Key(), Limit), Is.Null);

    [Test]
    public async Task Ranges_over_a_prefix_and_deletes_it()
    {
        for (int i = 0; i < 5; i++)
        {
            await Client.Kv.PutAsync(Key($"/{i}"), $"{i}", Limit);
        }

        RangeResponse range = await Client.Kv.RangeAsync(KeyRange.Prefix(Key("/")), Limit);
        Assert.That(range.Kvs.Select(kv => kv.Value.ToStringUtf8()), Is.EqualTo(new[] { "0", "1", "2", "3", "4" }));
        DeleteRangeResponse deleted = await Client.Kv.DeleteAsync(KeyRange.Prefix(Key("/")), Limit);
        Assert.That(deleted.Deleted, Is.EqualTo(5));
    }

    [Test]
    public async Task A_transaction_runs_one_branch()
    {
        ByteString key = ByteString.CopyFromUtf8(Key());
        TxnBuilder Create() => Client.Kv.Txn()
            .When(If.Missing(key))
            .Then(Op.Put(key, ByteString.CopyFromUtf8("mine")))
            .Else(Op.Get(key));
        TxnResponse first = await Create().CommitAsync(Limit);
        TxnResponse second = await Create().CommitAsync(Limit);
        Assert.That(first.Succeeded, Is.True);
        Assert.That(second.Succeeded, Is.False);
        Assert.That(second.Responses[0].ResponseRange.Kvs[0].ModRevision, Is.EqualTo(first.Header.Revision));
    }

    [Test]
    public async Task Every_condition_is_told_to_the_server_as_it_is_meant()
    {
        ByteString key = ByteString.CopyFromUtf8(Key());
        long lease = (await Client.Lease.GrantAsync(60, Limit)).ID;
        PutRequest put = new() { Key = key, Value = ByteString.CopyFromUtf8("v"), Lease = lease };
        long revision = (await Client.Kv.PutAsync(put, Limit)).Header.Revision;
        TxnResponse response = await Client.Kv.Txn()
            .When(
                If.Exists(key),
                If.Version(key, CompareResult.Equal, 1),
                If.CreateRevision(key, CompareResult.Equal, revision),
                If.ModRevision(key, CompareResult.Less, revision + 1),
                If.Value(key, CompareResult.NotEqual, ByteString.CopyFromUtf8("w")),
                If.Lease(key, CompareResult.Equal, lease))
            .CommitAsync(Limit);
        Assert.That(response.Succeeded, Is.True);
    }

    [Test]
    public async Task Transactions_nest()
    {
        ByteString key = ByteString.CopyFromUtf8(Key());
        RequestOp inner = Client.Kv.Txn().When(If.Missing(key)).Then(Op.Put(key, ByteString.Empty)).AsOperation();
        TxnResponse outer = await Client.Kv.Txn().Then(inner).CommitAsync(Limit);
        Assert.That(outer.Responses[0].ResponseTxn.Succeeded, Is.True);
    }

    [Test]
    public async Task Compaction_takes_history_away()
    {
        long first = (await Client.Kv.PutAsync(Key(), "1", Limit)).Header.Revision;
        long second = (await Client.Kv.PutAsync(Key(), "2", Limit)).Header.Revision;
        await Client.Kv.CompactAsync(second, physical: true, Limit);
        RangeRequest old = new() { Key = ByteString.CopyFromUtf8(Key()), Revision = first };
        RpcException? error = await Assert.ThrowsAsync<RpcException>(() => Client.Kv.RangeAsync(old, Limit));
        Assert.That(error!.Code, Is.EqualTo(StatusCode.OutOfRange));
        Assert.That(error.Message, Is.EqualTo("etcdserver: mvcc: required revision has been compacted"));
    }

    [Test]
    public async Task Errors_carry_the_text_of_the_server()
    {
        RpcException? error = await Assert.ThrowsAsync<RpcException>(() => Client.Kv.PutAsync("", "v", Limit));
        Assert.That(error!.Code, Is.EqualTo(StatusCode.InvalidArgument));
        Assert.That(error.Message, Is.EqualTo("etcdserver: key is not provided"));
    }

    [Test]
    public async Task A_stream_call_to_a_server_that_does_not_know_it_fails_with_Unimplemented()
    {
        RpcException? error = await Assert.ThrowsAsync<RpcException>(async () =>
        {
            await foreach (RangeResponse chunk in Client.Kv.RangeStreamAsync(new RangeRequest { Key = ByteString.CopyFrom(0) }, Limit))
            {
                Assert.That(chunk, Is.Not.Null);
            }
        });
        Assert.That(error!.Code, Is.EqualTo(StatusCode.Unimplemented));
    }

    [Test]
    public async Task A_thousand_calls_at_once_all_get_their_own_answer()
    {
        PutResponse[] puts = await Task.WhenAll(Enumerable.Range(0, 1000).Select(i => Client.Kv.PutAsync(Key($"/{i}"), $"{i}", Limit)));
        Assert.That(puts.Select(put => put.Header.Revision), Is.Unique);
        RangeResponse range = await Client.Kv.RangeAsync(KeyRange.Prefix(Key("/")), Limit);
        Assert.That(range.Count, Is.EqualTo(1000));
        Assert.That(range.Kvs.All(kv => kv.Key.ToStringUtf8().EndsWith($"/{kv.Value.ToStringUtf8()}", StringComparison.Ordinal)), Is.True);
    }
}
