using System.Net;
using Etcdish.Network.Services;

namespace Etcdish.Network.Userspace;

/// <summary>Where the connections of one frontend go now, and whose are taken. Changes while connections come: readers see one state.</summary>
internal sealed class Backends
{
    private State _state = new([], [], null);
    private int _turn = Random.Shared.Next();

    /// <summary>Takes over what a route says.</summary>
    public void Update(Frontend frontend, ServiceRoute route, ClientAffinity? affinity)
    {
        var sources = frontend.Kind == FrontendKind.LoadBalancer ? route.SourceRanges : Texts.None;
        Volatile.Write(ref _state, new State(frontend.EndpointsOf(route), [.. sources.Select(IPNetwork.Parse)], affinity));
    }

    /// <summary>Whether a client may come.</summary>
    public bool Admits(IPAddress client)
    {
        var sources = Volatile.Read(ref _state).Sources;
        return sources.Length == 0 || Array.Exists(sources, range => range.Contains(client));
    }

    /// <summary>Whether an endpoint is one of them.</summary>
    public bool Has(ServiceEndpoint endpoint) => Array.IndexOf(Volatile.Read(ref _state).Endpoints, endpoint) >= 0;

    /// <summary>All endpoints in the order in which a client's connection tries them: first the one it is to stay with, or whose turn it
    /// is.</summary>
    public Candidates For(IPAddress client)
    {
        var state = Volatile.Read(ref _state);
        var start = -1;
        if (state.Affinity is { } affinity && affinity.TryFind(client, out var last))
        {
            start = Array.IndexOf(state.Endpoints, last);
        }

        return new Candidates(state.Endpoints, start >= 0 ? start : NextTurn(state.Endpoints.Length));
    }

    /// <summary>Notes which endpoint a client has got.</summary>
    public void Remember(IPAddress client, ServiceEndpoint endpoint) =>
        Volatile.Read(ref _state).Affinity?.Remember(client, endpoint);

    private int NextTurn(int count) => count == 0 ? 0 : (int)((uint)Interlocked.Increment(ref _turn) % (uint)count);

    private sealed record State(ServiceEndpoint[] Endpoints, IPNetwork[] Sources, ClientAffinity? Affinity);
}

/// <summary>Endpoints, from one of them round to the one before it.</summary>
internal readonly struct Candidates(ServiceEndpoint[] endpoints, int start)
{
    /// <summary>How many.</summary>
    public int Count => endpoints.Length;

    /// <summary>The one to try after so many others.</summary>
    public ServiceEndpoint this[int index] => endpoints[(start + index) % endpoints.Length];
}
