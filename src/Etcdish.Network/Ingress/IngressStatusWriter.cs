using System.Net;
using System.Text.Json.Nodes;
using Etcdish.Kubernetes.Control;
using Etcdish.Kubernetes.Informers;
using Etcdish.Kubernetes.Objects;
using IngressObject = Etcdish.Kubernetes.Objects.Ingress;

namespace Etcdish.Network.Ingress;

/// <summary>Tells users where their ingresses take requests: at the addresses of the nodes.</summary>
internal sealed class IngressStatusWriter : Controller
{
    private readonly Informer<IngressObject> _ingresses;
    private readonly IngressClasses _classes;
    private readonly string[] _addresses;

    public IngressStatusWriter(ControllerContext context, IngressClasses classes, IReadOnlyList<IPAddress> addresses)
        : base("ingress-status", context)
    {
        _classes = classes;
        _addresses = [.. addresses.Select(address => address.ToString())];
        _ingresses = context.Informers.Of(Resources.Ingresses);
        _ingresses.Subscribe((before, now) => Queue.Add((now ?? before)!.Key));
        classes.Informer.Subscribe((_, _) =>
        {
            foreach (var ingress in _ingresses.All)
            {
                Queue.Add(ingress.Key);
            }
        });
    }

    protected override async Task ReconcileAsync(ObjectKey key, CancellationToken cancellation)
    {
        if (_addresses.Length == 0 || _ingresses.Find(key) is not { } ingress || ingress.Metadata.IsBeingDeleted
            || !_classes.IsOurs(ingress) || ingress.Status.LoadBalancer.Ingress.Select(i => i.Ip).SequenceEqual(_addresses))
        {
            return;
        }

        var list = new JsonArray([.. _addresses.Select(address => new JsonObject { ["ip"] = address })]);
        var status = new JsonObject { ["loadBalancer"] = new JsonObject { ["ingress"] = list } };
        await Context.Client.PatchStatusAsync(Resources.Ingresses, ingress, status, cancellation);
    }
}
