using Etcdish.Load.Http2;
using Etcdish.Protos;
using Google.Protobuf;

namespace Etcdish.Load.Workloads;

/// <summary>One stream a client, one lease a stream: each answer is followed by the next renewal.</summary>
internal sealed class KeepAliveExchange : IExchange
{
    private const string Path = "/etcdserverpb.Lease/LeaseKeepAlive";
    private const int TtlTag = 3 << 3;

    private readonly LoadRun _run;
    private readonly byte[][] _requests;
    private readonly long[] _startedAt;
    private int _open;
    private bool _begun;

    public KeepAliveExchange(LoadRun run, IReadOnlyList<long> leases)
    {
        _run = run;
        _requests = [.. leases.Select(lease => new LeaseKeepAliveRequest { ID = lease }.ToByteArray())];
        _startedAt = new long[leases.Count];
    }

    public Tally Tally { get; } = new();

    public void Begin(LeanConnection connection)
    {
        _begun = true;
        for (int slot = 0; slot < _requests.Length; slot++)
        {
            _open++;
            _startedAt[slot] = connection.Now;
            connection.Open(slot, Path, _requests[slot], endStream: false);
        }
    }

    public void OnMessage(LeanConnection connection, int slot, ReadOnlySpan<byte> message)
    {
        WireReader reader = new(message);
        ulong ttl = 0;
        while (reader.Next())
        {
            ttl = reader.Tag == TtlTag ? reader.Number : ttl;
        }

        if (ttl == 0)
        {
            Tally.AddError("the lease is gone");
        }
        else if (_run.Measuring)
        {
            Tally.Latencies.Record(LoadRun.NanosecondsBetween(_startedAt[slot], connection.Now));
        }

        if (_run.TryBegin())
        {
            _startedAt[slot] = connection.Now;
            connection.Send(slot, _requests[slot], endStream: false);
        }
        else
        {
            _open--;
        }
    }

    public void OnEnd(LeanConnection connection, int slot, int status, string text)
    {
        _open--;
        Tally.AddError($"stream ended, status {status}: {Uri.UnescapeDataString(text)}");
    }

    public bool OnBatchEnd(LeanConnection connection) => _open > 0 || !_begun;
}
