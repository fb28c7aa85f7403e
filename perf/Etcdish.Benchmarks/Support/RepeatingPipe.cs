using System.Buffers;
using System.IO.Pipelines;

namespace Etcdish.Benchmarks.Support;

/// <summary>A request body without end: the same bytes are there again on each read.</summary>
internal sealed class RepeatingPipe(byte[] bytes) : PipeReader
{
    private readonly ReadResult _result = new(new ReadOnlySequence<byte>(bytes), isCanceled: false, isCompleted: false);

    public override void AdvanceTo(SequencePosition consumed)
    {
    }

    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined)
    {
    }

    public override void CancelPendingRead()
    {
    }

    public override void Complete(Exception? exception = null)
    {
    }

    public override ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default) => new(_result);

    public override bool TryRead(out ReadResult result)
    {
        result = _result;
        return true;
    }
}
