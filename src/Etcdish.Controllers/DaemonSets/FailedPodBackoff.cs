namespace Etcdish.Controllers.DaemonSets;

/// <summary>
/// How long a failed pod of a daemon set is left alone before it is replaced: a node that refuses a pod would refuse the next one as fast
/// as it is made. The first is replaced at once; then a second must pass, and twice as long with each further one. For use by many threads.
/// </summary>
internal sealed class FailedPodBackoff
{
    private static readonly TimeSpan _first = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan _longest = TimeSpan.FromMinutes(15);
    private readonly Lock _lock = new();
    private readonly Dictionary<string, (long Generation, Dictionary<string, Pause> Pauses)> _sets = [];

    /// <summary>Whether a failed pod may be replaced now; if so, that is noted.</summary>
    /// <param name="setUid">Its set.</param>
    /// <param name="generation">The set's generation: what fails may have been mended since.</param>
    /// <param name="node">The pod's node.</param>
    /// <param name="now">The time.</param>
    /// <param name="wait">How long not.</param>
    public bool MayReplace(string setUid, long generation, string node, DateTimeOffset now, out TimeSpan wait)
    {
        lock (_lock)
        {
            if (!_sets.TryGetValue(setUid, out var set) || set.Generation != generation)
            {
                _sets[setUid] = set = (generation, []);
            }

            if (!set.Pauses.TryGetValue(node, out var pause) || now - pause.Since > _longest * 2)
            {
                set.Pauses[node] = new Pause(now, _first);
            }
            else if (now - pause.Since < pause.Length)
            {
                wait = pause.Since + pause.Length - now;
                return false;
            }
            else
            {
                set.Pauses[node] = new Pause(now, pause.Length * 2 < _longest ? pause.Length * 2 : _longest);
            }

            wait = TimeSpan.Zero;
            return true;
        }
    }

    /// <summary>Forgets a set, since it is gone.</summary>
    public void Forget(string setUid)
    {
        lock (_lock)
        {
            _sets.Remove(setUid);
        }
    }

    private readonly record struct Pause(DateTimeOffset Since, TimeSpan Length);
}
