using Etcdish.Kubernetes.Objects;

namespace Etcdish.Kubernetes.Control;

/// <summary>
/// What a controller has written and not yet seen in its cache. While anything is expected for an object, its pods must not be counted:
/// what was created would be created again. An expectation that is not met within five minutes is given up, since whatever hid it is
/// worse than a pod too many, which the next look corrects. For use by many threads.
/// </summary>
/// <param name="clock">The clock.</param>
public sealed class Expectations(TimeProvider clock)
{
    private static readonly TimeSpan _patience = TimeSpan.FromMinutes(5);
    private readonly Lock _lock = new();
    private readonly Dictionary<ObjectKey, Expected> _expected = [];

    /// <summary>Whether all that was written for an object has been seen.</summary>
    public bool AreMet(ObjectKey key)
    {
        lock (_lock)
        {
            if (!_expected.TryGetValue(key, out var expected))
            {
                return true;
            }

            if ((expected.Creations <= 0 && expected.Deletions.Count == 0) || clock.GetUtcNow() - expected.Since > _patience)
            {
                _expected.Remove(key);
                return true;
            }

            return false;
        }
    }

    /// <summary>Expects so many new objects. To be called before they are asked for.</summary>
    public void ExpectCreations(ObjectKey key, int count)
    {
        lock (_lock)
        {
            Of(key).Creations += count;
        }
    }

    /// <summary>Expects these to go, or to be marked for deletion. To be called before it is asked for.</summary>
    /// <param name="key">For which object.</param>
    /// <param name="uids">The uids of those that go.</param>
    public void ExpectDeletions(ObjectKey key, IEnumerable<string> uids)
    {
        lock (_lock)
        {
            Of(key).Deletions.UnionWith(uids);
        }
    }

    /// <summary>One new object was seen, or will never be since its creation failed.</summary>
    public void CreationSeen(ObjectKey key)
    {
        lock (_lock)
        {
            if (_expected.TryGetValue(key, out var expected))
            {
                expected.Creations--;
            }
        }
    }

    /// <summary>One was seen to go, or will not since its deletion failed.</summary>
    public void DeletionSeen(ObjectKey key, string uid)
    {
        lock (_lock)
        {
            if (_expected.TryGetValue(key, out var expected))
            {
                expected.Deletions.Remove(uid);
            }
        }
    }

    /// <summary>Forgets an object, since it is gone.</summary>
    public void Forget(ObjectKey key)
    {
        lock (_lock)
        {
            _expected.Remove(key);
        }
    }

    private Expected Of(ObjectKey key)
    {
        if (!_expected.TryGetValue(key, out var expected))
        {
            _expected[key] = expected = new Expected();
        }

        expected.Since = clock.GetUtcNow();
        return expected;
    }

    private sealed class Expected
    {
        public int Creations { get; set; }

        public HashSet<string> Deletions { get; } = [];

        public DateTimeOffset Since { get; set; }
    }
}
