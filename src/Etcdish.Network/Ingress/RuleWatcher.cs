using Etcdish.Kubernetes.Control;
using Etcdish.Kubernetes.Informers;
using Etcdish.Kubernetes.Objects;
using IngressObject = Etcdish.Kubernetes.Objects.Ingress;

namespace Etcdish.Network.Ingress;

/// <summary>
/// Follows all that rules are made of. A change of endpoints concerns one service's endpoints only; any other change makes a new table,
/// once
/// for all that changed within a moment. Its queue holds services, and one key for the table. One worker: the router is for one thread.
/// </summary>
internal sealed class RuleWatcher : Controller, IIngressSource
{
    private const string TlsSecrets = "fieldSelector=type%3Dkubernetes.io%2Ftls";
    private static readonly ObjectKey _table = new("", "table");
    private static readonly TimeSpan _moment = TimeSpan.FromMilliseconds(10);

    private readonly IngressClasses _classes;
    private readonly Informer<IngressObject> _ingresses;
    private readonly Informer<Service> _services;
    private readonly Informer<Secret> _secrets;
    private readonly Index<EndpointSlice> _slices;
    private readonly HashSet<(ObjectKey Ingress, string Message)> _reported = [];

    public RuleWatcher(ControllerContext context, IngressClasses classes, IngressOptions options)
        : base("ingress", context)
    {
        _classes = classes;
        _ingresses = context.Informers.Of(Resources.Ingresses);
        _services = context.Informers.Of(Resources.Services);
        _secrets = context.Informers.Of(Resources.Secrets, TlsSecrets);
        var slices = context.Informers.Of(Resources.EndpointSlices);
        _slices = slices.AddIndex(slice => ServiceOf(slice) is { Length: > 0 } name ? [$"{slice.Metadata.Namespace}/{name}"] : []);
        Router = new IngressRouter(this, options, context.Clock);
        slices.Subscribe((before, now) =>
        {
            Add(before);
            Add(now);
        });

        // Status alone, which we write ourselves, makes no rule.
        _ingresses.Subscribe((before, now) => Renew(before is null || now is null || before.Metadata.Generation != now.Metadata.Generation
            || !before.Metadata.Annotations.SequenceEqual(now.Metadata.Annotations)));
        classes.Informer.Subscribe((_, _) => Renew(true));
        _services.Subscribe((_, _) => Renew(true));
        _secrets.Subscribe((_, _) => Renew(true));
    }

    /// <summary>The rules.</summary>
    public IngressRouter Router { get; }

    /// <inheritdoc/>
    public IEnumerable<IngressObject> Ingresses => _ingresses.All.Where(_classes.IsOurs);

    /// <inheritdoc/>
    public Service? FindService(string ns, string name) => _services.Find(ns, name);

    /// <inheritdoc/>
    public Secret? FindSecret(string ns, string name) => _secrets.Find(ns, name);

    /// <inheritdoc/>
    public IEnumerable<EndpointSlice> SlicesOf(string ns, string service) => _slices[$"{ns}/{service}"];

    /// <summary>Makes the table, and tells users what cannot be served, once while it stays so.</summary>
    public void Compile()
    {
        var problems = Router.Compile();
        HashSet<(ObjectKey Ingress, string Message)> now = [];
        foreach (var problem in problems)
        {
            if (now.Add((problem.Ingress.Key, problem.Message)) && !_reported.Contains((problem.Ingress.Key, problem.Message)))
            {
                Context.Events.Warning(Resources.Ingresses, problem.Ingress, problem.Reason, problem.Message, "ingress-controller");
            }
        }

        _reported.Clear();
        _reported.UnionWith(now);
    }

    protected override Task ReconcileAsync(ObjectKey key, CancellationToken cancellation)
    {
        if (key == _table)
        {
            Compile();
        }
        else
        {
            Router.UpdateEndpoints(key.Namespace, key.Name);
        }

        return Task.CompletedTask;
    }

    private static string ServiceOf(EndpointSlice slice) =>
        slice.Metadata.Labels.GetValueOrDefault("kubernetes.io/service-name", "");

    private void Add(EndpointSlice? slice)
    {
        if (slice is not null && ServiceOf(slice) is { Length: > 0 } name)
        {
            Queue.Add(new ObjectKey(slice.Metadata.Namespace, name));
        }
    }

    private void Renew(bool isNeeded)
    {
        if (isNeeded)
        {
            Queue.AddAfter(_table, _moment);
        }
    }
}
