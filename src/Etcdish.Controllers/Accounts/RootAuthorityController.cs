using System.Text.Json.Nodes;
using Etcdish.Kubernetes.Client;
using Etcdish.Kubernetes.Control;
using Etcdish.Kubernetes.Informers;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.Accounts;

/// <summary>
/// Keeps in every namespace a config map with the certificate of the cluster's authority, for pods to trust the API by. Its keys are
/// namespaces.
/// </summary>
public sealed class RootAuthorityController : Controller
{
    /// <summary>The name of the config map.</summary>
    public const string MapName = "kube-root-ca.crt";

    private const string Field = "ca.crt";
    private const string Description = "kubernetes.io/description";
    private const string DescriptionText = "Contains a CA bundle that can be used to verify the kube-apiserver when using internal "
        + "endpoints such as the internal service IP or kubernetes.default.svc. No other "
        + "usage is guaranteed across distributions of Kubernetes clusters.";

    private readonly string _authorityPem;
    private readonly Informer<Namespace> _namespaces;
    private readonly Informer<ConfigMap> _maps;

    /// <summary>Makes one.</summary>
    /// <param name="context">What all controllers share.</param>
    /// <param name="authorityPem">The authority's certificate.</param>
    public RootAuthorityController(ControllerContext context, string authorityPem)
        : base("root-ca-certificate-publisher-controller", context)
    {
        _authorityPem = authorityPem;
        _namespaces = context.Informers.Of(Resources.Namespaces);
        _maps = context.Informers.Of(Resources.ConfigMaps, $"fieldSelector=metadata.name%3D{MapName}");
        _namespaces.Subscribe((before, now) =>
        {
            if (before is null && now is not null)
            {
                Queue.Add(now.Key);
            }
        });
        _maps.Subscribe((before, now) => Queue.Add(new ObjectKey("", (now ?? before)!.Metadata.Namespace)));
    }

    /// <inheritdoc/>
    protected override async Task ReconcileAsync(ObjectKey key, CancellationToken cancellation)
    {
        if (_namespaces.Find(key) is not { Metadata.IsBeingDeleted: false })
        {
            return;
        }

        var found = _maps.Find(key.Name, MapName);
        if (found is null)
        {
            await CreateAsync(key.Name, cancellation);
        }
        else if (found.Data.Count != 1 || found.Data.GetValueOrDefault(Field) != _authorityPem)
        {
            await MendAsync(found, cancellation);
        }
    }

    private async Task CreateAsync(string scope, CancellationToken cancellation)
    {
        var map = new JsonObject
        {
            ["metadata"] = new JsonObject
            {
                ["name"] = MapName,
                ["annotations"] = new JsonObject { [Description] = DescriptionText },
            },
            ["data"] = new JsonObject { [Field] = _authorityPem },
        };
        try
        {
            await Context.Client.CreateAsync(Resources.ConfigMaps, scope, map, cancellation);
        }
        catch (ApiStatusException e) when (e.IsAlreadyExists || e.IsNamespaceTerminating || e.IsNotFound)
        {
            // Somebody was faster, or the namespace goes.
        }
    }

    private async Task MendAsync(ConfigMap found, CancellationToken cancellation)
    {
        var data = new JsonObject();
        foreach (var name in found.Data.Keys)
        {
            data[name] = null;
        }

        data[Field] = _authorityPem;
        var patch = new JsonObject
        {
            ["metadata"] = new JsonObject { ["resourceVersion"] = found.Metadata.ResourceVersion },
            ["data"] = data,
        };
        await Context.Client.PatchAsync(
            Resources.ConfigMaps, found.Metadata.Namespace, MapName, patch, PatchKind.Merge, "", cancellation);
    }
}
