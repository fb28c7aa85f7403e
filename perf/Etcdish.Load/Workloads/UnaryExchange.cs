using Etcdish.Load.Http2;

namespace Etcdish.Load.Workloads;

/// <summary>Keeps a number of calls in flight: each answer makes room for the next request.</summary>
internal sealed class UnaryExchange(LoadRun run, IRequestSource source, int clients) : IExchange
{
    private const byte KvsTag = (2 << 3) | 2;

    private readonly Call[] _calls = new Call[clients];
    private int _active;

    public Tally Tally { get; } = new();

    public void Begin(LeanConnection connection)
    {
        for (int slot = 0; slot < clients; slot++)
        {
            BeginCall(connection, slot);
        }
    }

    public void OnMessage(LeanConnection connection, int slot, ReadOnlySpan<byte> message)
    {
        ref Call call = ref _calls[slot];
        call.Messages++;
        call.HasKeys = !call.Kind!.MustReturnKeys || WireReader.HasField(message, KvsTag);
    }

    public void OnEnd(LeanConnection connection, int slot, int status, string text)
    {
        _active--;
        ref Call call = ref _calls[slot];
        if (status != 0)
        {
            Tally.AddError($"status {status}: {Uri.UnescapeDataString(text)}");
        }
        else if (call.Messages != 1 || !call.HasKeys)
        {
            Tally.AddError(call.Messages == 1 ? "the range found no key" : $"{call.Messages} answers to one request");
        }
        else
        {
            Tally.WritesAcknowledged += call.Kind!.Writes ? 1 : 0;
            if (run.Measuring)
            {
                Tally.Latencies.Record(LoadRun.NanosecondsBetween(call.StartedAt, connection.Now));
            }
        }

        BeginCall(connection, slot);
    }

    public bool OnBatchEnd(LeanConnection connection) => _active > 0 || !run.Stopped.IsCompleted;

    private void BeginCall(LeanConnection connection, int slot)
    {
        if (!run.TryBegin())
        {
            return;
        }

        _active++;
        ReadOnlySpan<byte> request = source.Next(out RequestKind kind);
        _calls[slot] = new Call { Kind = kind, StartedAt = connection.Now };
        connection.Open(slot, kind.Path, request, endStream: true);
    }

    private struct Call
    {
        public RequestKind? Kind;
        public long StartedAt;
        public int Messages;
        public bool HasKeys;
    }
}
