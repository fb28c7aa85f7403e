using System.Net;
using System.Text.Json;
using Etcdish.Kubernetes.Control;
using Etcdish.Kubernetes.Informers;
using Etcdish.Kubernetes.Objects;
using Etcdish.Network.Links;

namespace Etcdish.Network.LoadBalancers;

/// <summary>
/// Puts the addresses that load balancers have from pools on this node, so that it answers for them, and takes them off again. Needs root.
/// Of several nodes one has each address (<see cref="AnnouncingNodes"/>). Its queue holds addresses as names.
/// </summary>
public sealed class AddressAnnouncer : Controller
{
    private readonly Informer<Service> _services;
    private readonly Index<Service> _byAddress;
    private readonly AddressRange[] _pools;
    private readonly string _interface;
    private readonly IpProgram _ip;
    private readonly string _nodeName;
    private readonly AnnouncingNodes? _nodes;
    private readonly Lock _lock = new();
    private readonly SortedSet<string> _present = new(StringComparer.Ordinal);

    /// <summary>Makes one.</summary>
    /// <param name="context">What all controllers share.</param>
    /// <param name="options">Which addresses, and where.</param>
    /// <exception cref="FormatException">A pool is no range of addresses.</exception>
    public AddressAnnouncer(ControllerContext context, AddressAnnouncerOptions options)
        : this(context, options, new IpProgram())
    {
    }

    internal AddressAnnouncer(ControllerContext context, AddressAnnouncerOptions options, IpProgram ip)
        : base("address-announcer", context)
    {
        _pools = [.. options.Pools.Select(AddressRange.Parse)];
        _interface = options.Interface;
        _ip = ip;
        _services = context.Informers.Of(Resources.Services);
        _byAddress = _services.AddIndex(AddressesOf);
        _services.Subscribe((before, now) =>
        {
            Add(before);
            Add(now);
        });
        _nodeName = options.NodeName;
        _nodes = _nodeName.Length == 0 ? null : new AnnouncingNodes(context, LookAgain);
    }

    /// <summary>Is told when the node's addresses have become others.</summary>
    public event Action? Changed;

    /// <summary>Starts the informers, and works until it is cancelled; then no address of a pool is left on the node.</summary>
    /// <exception cref="IOException">The interface cannot be read.</exception>
    public async Task RunAsync(CancellationToken cancellation)
    {
        await Context.Informers.StartAsync(cancellation);
        foreach (var address in await ReadPresentAsync(cancellation))
        {
            _present.Add(address);
            Queue.Add(new ObjectKey("", address));
        }

        try
        {
            await RunAsync(1, cancellation);
        }
        finally
        {
            await WithdrawAsync();
        }
    }

    /// <inheritdoc/>
    protected override async Task ReconcileAsync(ObjectKey key, CancellationToken cancellation)
    {
        var isWanted = IsWanted(key.Name);
        bool isPresent;
        lock (_lock)
        {
            isPresent = _present.Contains(key.Name);
        }

        if (isWanted && !isPresent)
        {
            // It may have come by a request of before that was broken off: that is no fault.
            await _ip.RunAsync(["addr", "replace", Host(key.Name), "dev", _interface], cancellation);
            lock (_lock)
            {
                _present.Add(key.Name);
            }

            Changed?.Invoke();
        }
        else if (!isWanted && isPresent)
        {
            await TakeOffAsync(key.Name, cancellation);
            Changed?.Invoke();
        }
    }

    private static string Host(string address) => address + (address.Contains(':', StringComparison.Ordinal) ? "/128" : "/32");

    private IEnumerable<string> AddressesOf(Service service)
    {
        foreach (var ingress in service.Spec.Type == "LoadBalancer" ? service.Status.LoadBalancer.Ingress : [])
        {
            if (IPAddress.TryParse(ingress.Ip, out var address) && IsOfPool(address))
            {
                yield return address.ToString();
            }
        }
    }

    private bool IsOfPool(IPAddress address) => Array.Exists(_pools, pool => pool.Contains(address));

    private bool IsWanted(string address)
    {
        var services = _byAddress[address];
        return services.Count > 0 && (_nodes is null || services.Any(service => _nodes.Choose(address, service) == _nodeName));
    }

    /// <summary>Looks again at the addresses of a service, or of all.</summary>
    private void LookAgain(ObjectKey? service)
    {
        if (service is { } key)
        {
            Add(_services.Find(key));
            return;
        }

        foreach (var one in _services.All)
        {
            Add(one);
        }
    }

    private void Add(Service? service)
    {
        foreach (var address in service is null ? [] : AddressesOf(service))
        {
            Queue.Add(new ObjectKey("", address));
        }
    }

    private async Task TakeOffAsync(string address, CancellationToken cancellation)
    {
        await _ip.RunAsync(["addr", "del", Host(address), "dev", _interface], cancellation);
        lock (_lock)
        {
            _present.Remove(address);
        }
    }

    private async Task<List<string>> ReadPresentAsync(CancellationToken cancellation)
    {
        var text = await _ip.RunAsync(["-j", "addr", "show", "dev", _interface], cancellation);
        using var links = JsonDocument.Parse(text);
        List<string> present = [];
        foreach (var entry in links.RootElement.EnumerateArray().SelectMany(EntriesOf))
        {
            if (entry.TryGetProperty("local", out var local) && IPAddress.TryParse(local.GetString(), out var address)
                && entry.GetProperty("prefixlen").GetInt32() is 32 or 128 && IsOfPool(address))
            {
                present.Add(address.ToString());
            }
        }

        return present;
    }

    private static IEnumerable<JsonElement> EntriesOf(JsonElement link) =>
        link.TryGetProperty("addr_info", out var entries) ? entries.EnumerateArray() : [];

    private async Task WithdrawAsync()
    {
        foreach (var address in _present.ToList())
        {
            try
            {
                await TakeOffAsync(address, CancellationToken.None);
            }
            catch (IOException e)
            {
                Context.Warn($"{Name}: {address} stays on {_interface}: {e.Message}");
            }
        }
    }
}
