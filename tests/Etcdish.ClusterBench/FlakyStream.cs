namespace Etcdish.ClusterBench;

/// <summary>A watch that is slow at times, and ends in the middle of a line, or breaks.</summary>
internal sealed class FlakyStream(Stream inner, FlakyHandler faults, Flakiness flakiness) : WatchStream(inner)
{
    private bool _hasEnded;

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (_hasEnded)
        {
            return 0;
        }

        var count = await Inner.ReadAsync(buffer, cancellationToken);
        await faults.MaybeWaitAsync(flakiness.SlowWatches, cancellationToken);
        if (!faults.Strikes(flakiness.CutWatches))
        {
            return count;
        }

        if (count % 2 == 0)
        {
            throw new IOException("flaky: the watch broke");
        }

        _hasEnded = true;
        return count / 2;
    }
}
