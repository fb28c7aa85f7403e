using Etcdish.Checkers;
using Etcdish.Rpc;

namespace Etcdish.Process.Recording;

/// <summary>One client of one member: one call at a time, each recorded with its endpoint, its times and its outcome.</summary>
internal sealed class RecordedClient(Recorder recorder, int id, string url, TrafficOptions options) : IDisposable
{
    private readonly Connection _connection = new(url, options.CallTimeout);
    private readonly Traffic _traffic = new(options, id);

    public List<Operation> Operations { get; } = [];

    public async Task RunAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            Task nextStart = recorder.Gate.NextStart;
            bool reached = await DoAsync(_traffic.Next());
            if (!reached)
                await nextStart.WaitAsync(stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>One call; false when the server could not be reached.</summary>
    public async Task<bool> DoAsync(Call call)
    {
        long calledAt = recorder.Now;
        var operation = new Operation(recorder.NextOperation(), id, call, calledAt, 0) { Endpoint = url };
        try
        {
            Reply reply = await _connection.SendAsync(call);
            _traffic.Revision = Math.Max(_traffic.Revision, reply.Revision);
            Record(operation with { ReturnedAt = recorder.Now, Reply = reply });
            return true;
        }
        catch (RpcException failure)
        {
            (Outcome outcome, RefusalReason reason) = Judge(failure);
            Record(operation with { ReturnedAt = recorder.Now, Outcome = outcome, Refusal = reason });
            return !failure.RequestNotSent;
        }
    }

    public void Dispose() => _connection.Dispose();

    private void Record(Operation operation)
    {
        lock (Operations)
            Operations.Add(operation);
        recorder.Count(operation);
    }

    private static (Outcome Outcome, RefusalReason Reason) Judge(RpcException failure)
    {
        if (failure.RequestNotSent)
            return (Outcome.NotApplied, RefusalReason.Other);
        return failure.Message switch
        {
            "etcdserver: mvcc: required revision has been compacted" => (Outcome.NotApplied, RefusalReason.Compacted),
            "etcdserver: mvcc: required revision is a future revision" => (Outcome.NotApplied, RefusalReason.FutureRevision),
            "etcdserver: requested lease not found" => (Outcome.NotApplied, RefusalReason.LeaseNotFound),
            "etcdserver: mvcc: database space exceeded" => (Outcome.NotApplied, RefusalReason.Other),
            _ when failure.Code == StatusCode.InvalidArgument => (Outcome.NotApplied, RefusalReason.Other),
            _ => (Outcome.Unknown, RefusalReason.Other),
        };
    }
}
