using Etcdish.Protos;
using Etcdish.Rpc;
using static Etcdish.Interop.RawCalls;
using FilterType = Etcdish.Protos.WatchCreateRequest.Types.FilterType;

namespace Etcdish.Interop;

/// <summary>Watches as messages next to genuine etcd: ids, filters, fragments, bookmarks, cancellations.</summary>
public class RawWatchTests
{
    [Test]
    public Task Ids_of_watches() => SideBySide.CompareAsync(async calls =>
    {
        await calls.WatchAsync(
            "ids are given, taken, and refused twice",
            [
                Create("a"), Create("b", id: 5), Create("c", id: 5), Create("d"),
                Create("e", id: 1), Create("f"), Create("g", end: "a"), Create(""),
            ],
            responses => responses.Count == 8);
    });

    [Test]
    public Task Filters_and_previous_values() => SideBySide.CompareAsync(async calls =>
    {
        await FillAsync(calls);
        FilterType[][] all = [[], [FilterType.Noput], [FilterType.Nodelete], [FilterType.Noput, FilterType.Nodelete]];
        foreach (FilterType[] filters in all)
        {
            foreach (bool prevKv in new[] { false, true })
            {
                WatchRequest create = Create("k", end: "l", start: 1);
                create.CreateRequest.Filters.Add(filters);
                create.CreateRequest.PrevKv = prevKv;
                await calls.WatchAsync(
                    $"filters {string.Join(',', filters)} prev_kv {prevKv}",
                    [create],
                    responses => responses.Sum(response => response.Events.Count) >= Wanted(filters) && responses.Count > 0);
            }
        }
    });

    [Test]
    public Task Start_revisions() => SideBySide.CompareAsync(async calls =>
    {
        await FillAsync(calls);
        for (long start = 1; start <= 8; start++)
        {
            await calls.WatchAsync(
                $"from {start}", [Create("k", end: "l", start: start)], responses => Last(responses) == 8);
        }

        await calls.CompactAsync(4);
        await calls.WatchAsync("compacted", [Create("k", end: "l", start: 2)], responses => responses.Any(response => response.Canceled));
        await calls.WatchAsync("at the compaction", [Create("k", end: "l", start: 4)], responses => Last(responses) == 8);
    });

    [Test]
    public Task Cancellation() => SideBySide.CompareAsync(async calls =>
    {
        await calls.WatchAsync(
            "cancel one of two",
            [
                Create("a"), Create("b"),
                new WatchRequest { CancelRequest = new WatchCancelRequest { WatchId = 0 } },
                new WatchRequest { CancelRequest = new WatchCancelRequest { WatchId = 77 } },
                Create("c"),
            ],
            responses => responses.Count == 4);
    });

    // Where a server cuts a batch of several revisions is its own affair; a revision is cut only into fragments, if they are wanted.
    [Test]
    public Task Fragments([Values] bool fragment) => SideBySide.CompareAsync(async calls =>
    {
        using DuplexCall<WatchRequest, WatchResponse> stream = calls.OpenWatch();
        WatchRequest create = Create("k", end: "l");
        create.CreateRequest.Fragment = fragment;
        create.CreateRequest.PrevKv = true;
        create.CreateRequest.Filters.Add(FilterType.Noput);
        await stream.WriteAsync(create);
        await calls.TakeDownAsync("created", stream, responses => responses.Count == 1);
        string value = new('v', 700_000);
        for (int i = 0; i < 6; i++)
            await calls.PutAsync($"k{i}", value);
        await calls.DeleteAsync("all at once", new DeleteRangeRequest { Key = Bytes("k"), RangeEnd = Bytes("l") });

        var responses = new List<WatchResponse>();
        while (responses.Sum(response => response.Events.Count) < 6 && await stream.ReadAsync() is { } response)
            responses.Add(response);
        string[] shapes = [.. responses.Select(r => $"revision {r.Header.Revision} fragment {r.Fragment} events {r.Events.Count}")];
        string[] keys = [.. responses.SelectMany(r => r.Events).Select(e =>
            $"{e.Kv.Key.ToStringUtf8()} at {e.Kv.ModRevision}, {e.PrevKv.Value.Length} bytes before")];
        calls.Steps.Add(("the deletes", string.Join('\n', shapes) + "\n" + string.Join('\n', keys)));
    });

    [Test]
    public Task Progress_on_request() => SideBySide.CompareAsync(async calls =>
    {
        await FillAsync(calls);
        using DuplexCall<WatchRequest, WatchResponse> stream = calls.OpenWatch();
        await stream.WriteAsync(Create("k", end: "l"));
        await stream.WriteAsync(Create("other", id: 9));
        await calls.TakeDownAsync("two watches", stream, responses => responses.Count == 2);
        await stream.WriteAsync(new WatchRequest { ProgressRequest = new WatchProgressRequest() });
        await calls.TakeDownAsync("progress", stream, responses => responses.Count == 1);
        await calls.PutAsync("unrelated", "1");
        await stream.WriteAsync(new WatchRequest { ProgressRequest = new WatchProgressRequest() });
        await calls.TakeDownAsync("progress after an unrelated write", stream, responses => responses.Count == 1);
    });

    [Test]
    public Task Live_events_of_a_transaction() => SideBySide.CompareAsync(async calls =>
    {
        using DuplexCall<WatchRequest, WatchResponse> stream = calls.OpenWatch();
        WatchRequest create = Create("\0", end: "\0");
        create.CreateRequest.PrevKv = true;
        await stream.WriteAsync(create);
        await calls.TakeDownAsync("created", stream, responses => responses.Count == 1);
        await FillAsync(calls);
        var txn = new TxnRequest();
        foreach (string key in new[] { "z", "k1", "a" })
            txn.Success.Add(new RequestOp { RequestPut = new PutRequest { Key = Bytes(key), Value = Bytes("t") } });
        txn.Success.Add(new RequestOp { RequestDeleteRange = new DeleteRangeRequest { Key = Bytes("k2"), RangeEnd = Bytes("k9") } });
        await calls.TxnAsync("txn", txn);
        await calls.TakeDownAsync("events", stream, responses => Last(responses) == 9);
    });

    private static async Task FillAsync(RawCalls calls)
    {
        await calls.PutAsync("k1", "a");
        await calls.PutAsync("k2", "b");
        await calls.PutAsync("k1", "c");
        await calls.DeleteAsync("delete k1", new DeleteRangeRequest { Key = Bytes("k1") });
        await calls.PutAsync("k3", "d");
        await calls.PutAsync("k1", "e");
        await calls.PutAsync("k3", "f");
    }

    private static int Wanted(FilterType[] filters) =>
        (filters.Contains(FilterType.Noput) ? 0 : 6) + (filters.Contains(FilterType.Nodelete) ? 0 : 1);

    private static long Last(IReadOnlyList<WatchResponse> responses) =>
        responses.SelectMany(response => response.Events).Select(change => change.Kv.ModRevision).DefaultIfEmpty().Max();

    private static WatchRequest Create(string key, string end = "", long start = 0, long id = 0) => new()
    {
        CreateRequest = new WatchCreateRequest { Key = Bytes(key), RangeEnd = Bytes(end), StartRevision = start, WatchId = id },
    };
}
