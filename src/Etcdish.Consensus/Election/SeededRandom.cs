namespace Etcdish.Consensus;

/// <summary>
/// SplitMix64 (Steele, Lea, Flood, 2014): a few lines whose numbers stay the same on every runtime, unlike those of System.Random.
/// </summary>
internal sealed class SeededRandom(ulong seed)
{
    private ulong _state = seed;

    internal ulong Next()
    {
        _state += 0x9E3779B97F4A7C15;
        var mixed = _state;
        mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9;
        mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EB;
        return mixed ^ (mixed >> 31);
    }

    /// <summary>A number from 0 to below the limit; the bias of the remainder does not matter for small limits.</summary>
    internal int Below(int limit) => (int)(Next() % (ulong)limit);
}
