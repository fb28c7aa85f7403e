namespace Etcdish.Network.Ingress;

/// <summary>The endpoints of a port of a service. One thread changes them; requests come from any.</summary>
/// <param name="make">Makes an endpoint.</param>
internal sealed class BackendPool(Func<BackendAddress, Backend> make)
{
    private volatile Backend[] _backends = [];
    private volatile bool _hasLeft;

    /// <summary>Whether no rule leads here any more: who still came is to look for his rule again.</summary>
    public bool HasLeft => _hasLeft;

    /// <summary>How many endpoints there are.</summary>
    public int Count => _backends.Length;

    /// <summary>Takes the endpoints that there are now. Connections to those that stay stay.</summary>
    public void Update(IReadOnlyList<BackendAddress> addresses)
    {
        var before = _backends.ToDictionary(backend => backend.Address);
        _backends = [.. addresses.Select(address => before.Remove(address, out var known) ? known : make(address))];
        foreach (var left in before.Values)
        {
            left.Dispose();
        }
    }

    /// <summary>Lets all endpoints go.</summary>
    public void Leave()
    {
        _hasLeft = true;
        Update([]);
    }

    /// <summary>
    /// Begins a request at an endpoint: of two, the one with fewer requests under way, and none that has failed lately if there is another.
    /// Null: there is none.
    /// </summary>
    public Backend? Enter()
    {
        // An endpoint that leaves between the look and the step in has been taken out of the list before it left.
        while (true)
        {
            var backends = _backends;
            if (backends.Length == 0)
            {
                return null;
            }

            var chosen = Choose(backends);
            if (chosen.TryEnter())
            {
                return chosen;
            }
        }
    }

    private static Backend Choose(Backend[] backends)
    {
        if (backends.Length == 1)
        {
            return backends[0];
        }

        var first = Random.Shared.Next(backends.Length);
        var second = Random.Shared.Next(backends.Length - 1);
        second += second >= first ? 1 : 0;
        var chosen = backends[first].Active <= backends[second].Active ? backends[first] : backends[second];
        return chosen.HasFailed ? FirstSound(backends, first) ?? chosen : chosen;
    }

    private static Backend? FirstSound(Backend[] backends, int start)
    {
        for (var i = 0; i < backends.Length; i++)
        {
            var backend = backends[(start + i) % backends.Length];
            if (!backend.HasFailed)
            {
                return backend;
            }
        }

        return null;
    }
}
