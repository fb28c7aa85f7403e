using System.Net;
using System.Text.Json.Nodes;
using Etcdish.Kubernetes.Client;
using Etcdish.Kubernetes.Control;
using Etcdish.Kubernetes.Informers;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.Services;

/// <summary>
/// Brings what is noted of services' addresses (networking.k8s.io/v1 IPAddress) into agreement with the services, and tells of ports of
/// nodes that two services have. Our own API server writes services and notes in one step; others write the note first, and people delete
/// and make notes by hand. Its queue holds services and notes: a key without a namespace is a note.
/// </summary>
internal sealed class ServiceAddressController : Controller
{
    /// <summary>How old a note must be to be given back: the service that it is for may be on its way.</summary>
    private static readonly TimeSpan _patience = TimeSpan.FromMinutes(1);

    private readonly Informer<Service> _services;
    private readonly Informer<IpAddress> _notes;
    private readonly Informer<ServiceCidr> _ranges;
    private readonly Index<Service> _byAddress;
    private readonly Index<Service> _byPort;

    public ServiceAddressController(ControllerContext context)
        : base("service-address-repair-controller", context)
    {
        _services = context.Informers.Of(Resources.Services);
        _notes = context.Informers.Of(Resources.IpAddresses);
        _ranges = context.Informers.Of(Resources.ServiceCidrs);
        _byAddress = _services.AddIndex(AddressDecisions.AddressesOf);
        _byPort = _services.AddIndex(PortsOf);
        _services.Subscribe((before, now) =>
        {
            Queue.Add((now ?? before)!.Key);
            foreach (var address in before is null ? [] : AddressDecisions.AddressesOf(before))
            {
                Queue.Add(new ObjectKey("", address));
            }
        });
        _notes.Subscribe((before, now) =>
        {
            Queue.Add((now ?? before)!.Key);
            foreach (var service in _byAddress[(now ?? before)!.Metadata.Name])
            {
                Queue.Add(service.Key);
            }
        });
        _ranges.Subscribe((_, _) =>
        {
            foreach (var service in _services.All)
            {
                Queue.Add(service.Key);
            }
        });
    }

    /// <summary>The ports of nodes that a service has, by protocol.</summary>
    internal static IEnumerable<string> PortsOf(Service service) => service.Spec.Ports
        .Where(port => port.NodePort > 0)
        .Select(port => $"{port.NodePort}/{port.Protocol}")
        .Concat(service.Spec.HealthCheckNodePort > 0 ? [$"{service.Spec.HealthCheckNodePort}/TCP"] : []);

    protected override Task ReconcileAsync(ObjectKey key, CancellationToken cancellation) => key.Namespace.Length == 0
        ? ReconcileNoteAsync(key, cancellation)
        : ReconcileServiceAsync(key, cancellation);

    private async Task ReconcileServiceAsync(ObjectKey key, CancellationToken cancellation)
    {
        if (_services.Find(key) is not { } service || service.Metadata.IsBeingDeleted)
        {
            return;
        }

        foreach (var port in PortsOf(service).Where(port => _byPort.Count(port) > 1))
        {
            Tell(service, "PortAlreadyAllocated", $"Port {port.Split('/')[0]} was assigned to multiple services; please recreate service");
        }

        foreach (var address in AddressDecisions.AddressesOf(service))
        {
            var note = _notes.Find("", address);
            if (Judge(service, address, note) is not null)
            {
                // The watches of services and notes need not be equally far: what looks wrong is looked at as it is.
                note = await Context.Client.FindAsync(Resources.IpAddresses, "", address, cancellation);
                await RepairAsync(service, address, note, cancellation);
            }
        }
    }

    private AddressProblem? Judge(Service service, string address, IpAddress? note)
    {
        var owner = note is null ? null : AddressDecisions.ServiceOf(note);
        var other = owner is { } key && key != service.Key ? _services.Find(key) : null;
        return AddressDecisions.ForService(service, address, Ranges(), note, other);
    }

    private async Task RepairAsync(Service service, string address, IpAddress? note, CancellationToken cancellation)
    {
        var problem = Judge(service, address, note);
        var isThere = problem is not null && await IsAsSeenAsync(service, cancellation);
        if (problem is null || !isThere)
        {
            return;
        }

        Tell(service, problem.Reason, problem.Message);
        if (problem.Step == AddressStep.TakeAnew)
        {
            await DeleteAsync(note!, cancellation);
        }

        if (problem.Step is AddressStep.Take or AddressStep.TakeAnew)
        {
            await Context.Client.CreateAsync(Resources.IpAddresses, "", Note(service, address), cancellation);
        }
    }

    private async Task<bool> IsAsSeenAsync(Service service, CancellationToken cancellation) =>
        await Context.Client.FindAsync(Resources.Services, service.Metadata.Namespace, service.Metadata.Name, cancellation) is { } now
        && now.Metadata.Uid == service.Metadata.Uid
        && AddressDecisions.AddressesOf(now).SequenceEqual(AddressDecisions.AddressesOf(service));

    private async Task ReconcileNoteAsync(ObjectKey key, CancellationToken cancellation)
    {
        if (_notes.Find(key) is not { } note || AddressDecisions.ServiceOf(note) is not { } owner
            || AddressDecisions.ForNote(note, _services.Find(owner)) is null)
        {
            return;
        }

        var age = Context.Clock.GetUtcNow() - (note.Metadata.CreationTimestamp ?? default);
        if (age < _patience)
        {
            Queue.AddAfter(key, _patience - age);
            return;
        }

        var service = await Context.Client.FindAsync(Resources.Services, owner.Namespace, owner.Name, cancellation);
        if (AddressDecisions.ForNote(note, service) is { } problem)
        {
            Context.Events.Warning(Resources.IpAddresses, note, problem.Reason, problem.Message, Name);
            await DeleteAsync(note, cancellation);
        }
    }

    private async Task DeleteAsync(IpAddress note, CancellationToken cancellation)
    {
        var options = new DeleteOptions { Uid = note.Metadata.Uid, ResourceVersion = note.Metadata.ResourceVersion };
        await Context.Client.DeleteAsync(Resources.IpAddresses, "", note.Metadata.Name, options, cancellation);
    }

    private List<IPNetwork> Ranges()
    {
        var ranges = new List<IPNetwork>();
        foreach (var text in _ranges.All.SelectMany(range => range.Spec.Cidrs))
        {
            if (IPNetwork.TryParse(text, out var range))
            {
                ranges.Add(range);
            }
        }

        return ranges;
    }

    private static JsonObject Note(Service service, string address) => new()
    {
        ["apiVersion"] = Resources.IpAddresses.ApiVersion,
        ["kind"] = Resources.IpAddresses.Kind,
        ["metadata"] = new JsonObject
        {
            ["name"] = address,
            ["labels"] = new JsonObject
            {
                ["ipaddress.kubernetes.io/ip-family"] = PodEndpoints.TypeOf(address),
                ["ipaddress.kubernetes.io/managed-by"] = "ipallocator.k8s.io",
            },
        },
        ["spec"] = new JsonObject
        {
            ["parentRef"] = new JsonObject
            {
                ["group"] = "",
                ["resource"] = "services",
                ["namespace"] = service.Metadata.Namespace,
                ["name"] = service.Metadata.Name,
            },
        },
    };

    private void Tell(Service service, string reason, string message) =>
        Context.Events.Warning(Resources.Services, service, reason, message, Name);
}
