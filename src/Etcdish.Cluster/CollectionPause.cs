using System.Runtime;

namespace Etcdish.Cluster;

/// <summary>
/// Keeps the garbage collector from looking at an index that is only being built: everything allocated stays, so the ten or so collections
/// that a million keys would bring move and mark them for nothing, which is half of the time it takes to load them.
/// </summary>
/// <remarks>
/// When it ends, the next collection marks all of the index: a tenth of a second for a million keys. So the node ends it a moment after it
/// has begun to serve: the first clients of a server that comes back are answered that much sooner.
/// <para>
/// It is a wish. Where the collector cannot reserve the memory, or the program around us has such a region already, loading is slower and
/// no less right; and when the estimate was too low, the collector ends the region by itself.
/// </para>
/// </remarks>
internal sealed class CollectionPause : IDisposable
{
    private const long LeastBytes = 8 << 20;
    private const long MostBytes = 512 << 20;

    private bool _isOurs;

    /// <summary>Begins the pause when it is worth one and can be had.</summary>
    /// <param name="indexBytes">What loading the index is going to allocate; decides whether it is worth a pause.</param>
    /// <param name="tailBytes">What replaying the tail may allocate on top.</param>
    public void TryBegin(long indexBytes, long tailBytes)
    {
        if (indexBytes < LeastBytes)
        {
            return;
        }

        try
        {
            _isOurs = GC.TryStartNoGCRegion(Math.Min(indexBytes + tailBytes, MostBytes), disallowFullBlockingGC: true);
        }
        catch (Exception refusal) when (refusal is InvalidOperationException or ArgumentOutOfRangeException)
        {
            _isOurs = false;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (!_isOurs || GCSettings.LatencyMode != GCLatencyMode.NoGCRegion)
        {
            return;
        }

        _isOurs = false;
        try
        {
            GC.EndNoGCRegion();
        }
        catch (InvalidOperationException)
        {
            // The collector has ended the region between the look and the call.
        }
    }
}
