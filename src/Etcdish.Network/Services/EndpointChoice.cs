using Etcdish.Kubernetes.Objects;

namespace Etcdish.Network.Services;

/// <summary>
/// Which endpoints of one family get connections: those that are ready, or, when none is, those that end but still serve. Hints narrow the
/// choice of policy Cluster to what is near, but only if every ready endpoint has one and some are for this node: a set of hints that is
/// half written must not send all connections to the few that have theirs.
/// </summary>
internal readonly struct EndpointChoice
{
    private readonly List<KnownEndpoint> _known;
    private readonly NodePlace _place;

    public EndpointChoice(List<KnownEndpoint> known, NodePlace place) => (_known, _place) = (known, place);

    /// <summary>Whether there is any that serves, on whatever node.</summary>
    public bool IsAnyServing => _known.Exists(static known => known.IsReady || known.ServesWhileEnding);

    /// <summary>How many on this node are ready.</summary>
    public int ReadyOnThisNode => _known.Count(static known => known.IsReady && known.Place.IsLocal);

    /// <summary>The choice of a policy.</summary>
    /// <param name="isLocal">Whether only this node's are to be used.</param>
    public IEnumerable<ServiceEndpoint> For(bool isLocal)
    {
        var near = isLocal ? null : FindNear();
        var chosen = _known.FindAll(known => known.IsReady && (isLocal ? known.Place.IsLocal : near is null || near(known)));
        if (chosen.Count == 0)
        {
            chosen = _known.FindAll(known => known.ServesWhileEnding && (!isLocal || known.Place.IsLocal));
        }

        return chosen.Select(known => known.Place);
    }

    /// <summary>What makes an endpoint near; null: none is nearer than others.</summary>
    private Func<KnownEndpoint, bool>? FindNear()
    {
        var (node, zone) = (_place.Node, _place.Zone);
        return IsHintedFor(static hints => hints.ForNodes, node) ? known => Names(known.Hints!.ForNodes, node)
            : zone.Length > 0 && IsHintedFor(static hints => hints.ForZones, zone) ? known => Names(known.Hints!.ForZones, zone)
            : null;
    }

    private bool IsHintedFor(Func<EndpointHints, EndpointHint[]> read, string name)
    {
        var isNamed = false;
        foreach (var known in _known)
        {
            if (!known.IsReady)
            {
                continue;
            }

            if (known.Hints is not { } hints || read(hints) is not { Length: > 0 } names)
            {
                return false;
            }

            isNamed |= Names(names, name);
        }

        return isNamed;
    }

    private static bool Names(EndpointHint[] hints, string name) => Array.Exists(hints, hint => hint.Name == name);
}
