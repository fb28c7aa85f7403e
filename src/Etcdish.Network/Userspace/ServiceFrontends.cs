using System.Net.Sockets;
using Etcdish.Network.Services;

namespace Etcdish.Network.Userspace;

/// <summary>The frontends of one port of a service: those that are listened at, and those where that has failed so far.</summary>
internal sealed class ServiceFrontends(ServicePortKey key, TcpRelays relays, UserspaceProxyOptions options) : IDisposable
{
    private readonly List<Slot> _slots = [];
    private ClientAffinity? _affinity;

    /// <summary>Whether something is not listened at that should be.</summary>
    public bool HasFailed => _slots.Exists(slot => slot.Listener is null);

    /// <summary>How many are listened at.</summary>
    public int Listening => _slots.Count(slot => slot.Listener is not null);

    /// <summary>Brings them to what a route says.</summary>
    /// <param name="route">The route.</param>
    /// <param name="released">Ports that are no longer listened at are added here.</param>
    public void Apply(ServiceRoute route, ISet<int> released)
    {
        if (route.Affinity != _affinity?.Timeout)
        {
            _affinity = route.Affinity is { } timeout ? new ClientAffinity(timeout, options.Clock) : null;
        }

        var wanted = Frontend.Of(route, options.NodePortAddresses);
        for (var i = _slots.Count - 1; i >= 0; i--)
        {
            if (!wanted.Contains(_slots[i].Frontend))
            {
                released.Add(_slots[i].Frontend.Port);
                _slots[i].Dispose();
                _slots.RemoveAt(i);
            }
        }

        foreach (var frontend in wanted)
        {
            Bring(frontend, route);
        }
    }

    /// <summary>Tries again what has failed.</summary>
    /// <param name="ports">Only at these ports; null: at all.</param>
    public void Retry(ISet<int>? ports)
    {
        foreach (var slot in _slots)
        {
            if (slot.Listener is null && (ports is null || ports.Contains(slot.Frontend.Port)))
            {
                TryListen(slot);
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _slots.ForEach(slot => slot.Dispose());

    private void Bring(Frontend frontend, ServiceRoute route)
    {
        var slot = _slots.Find(slot => slot.Frontend == frontend);
        if (slot is null)
        {
            _slots.Add(slot = new Slot(frontend));
        }

        slot.Backends.Update(frontend, route, _affinity);
        if (slot.Listener is { } listener)
        {
            listener.BackendsChanged();
        }
        else
        {
            TryListen(slot);
        }
    }

    private void TryListen(Slot slot)
    {
        try
        {
            slot.Listener = Listen(slot);
            slot.Told = "";
        }
        catch (SocketException e)
        {
            var isElsewhere = slot.Frontend.MayBeElsewhere && e.SocketErrorCode == SocketError.AddressNotAvailable;
            if (!isElsewhere && slot.Told != e.Message)
            {
                slot.Told = e.Message;
                options.Warn(key, $"cannot listen at {key.Protocol} {slot.Frontend}: {e.Message}");
            }
        }
    }

    private IFrontendListener Listen(Slot slot)
    {
        void Warn(string message) => options.Warn(key, $"{key.Protocol} {slot.Frontend}: {message}");
        return key.Protocol == "UDP"
            ? UdpFrontend.Listen(slot.Frontend, slot.Backends, options, Warn)
            : TcpFrontend.Listen(slot.Frontend, slot.Backends, relays, options, Warn);
    }

    private sealed class Slot(Frontend frontend) : IDisposable
    {
        public Frontend Frontend { get; } = frontend;

        public Backends Backends { get; } = new();

        public IFrontendListener? Listener { get; set; }

        /// <summary>Why it failed, as was last told.</summary>
        public string Told { get; set; } = "";

        public void Dispose() => Listener?.Dispose();
    }
}
