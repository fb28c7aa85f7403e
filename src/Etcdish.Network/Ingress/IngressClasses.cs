using System.Text.Json.Nodes;
using Etcdish.Kubernetes.Client;
using Etcdish.Kubernetes.Control;
using Etcdish.Kubernetes.Informers;
using Etcdish.Kubernetes.Objects;
using IngressObject = Etcdish.Kubernetes.Objects.Ingress;

namespace Etcdish.Network.Ingress;

/// <summary>Which ingresses are ours.</summary>
/// <param name="context">What all controllers share.</param>
internal sealed class IngressClasses(ControllerContext context)
{
    /// <summary>The controller that classes of ours name.</summary>
    public const string ControllerName = "etcdish.io/ingress";

    /// <summary>The class that we make.</summary>
    public const string ClassName = "etcdish";

    private const string LegacyAnnotation = "kubernetes.io/ingress.class";
    private readonly Informer<IngressClass> _classes = context.Informers.Of(Resources.IngressClasses);

    /// <summary>The classes there are.</summary>
    public Informer<IngressClass> Informer => _classes;

    /// <summary>Whether an ingress is ours: by its class, by the annotation of old, or because it says nothing and the default is
    /// ours.</summary>
    public bool IsOurs(IngressObject ingress)
    {
        var name = ingress.Spec.IngressClassName;
        if (name.Length == 0)
        {
            name = ingress.Metadata.Annotations.GetValueOrDefault(LegacyAnnotation, "");
        }

        return name.Length > 0
            ? _classes.Find("", name) is { } wanted && IsOurs(wanted)
            : _classes.All.Any(c => c.IsDefault && IsOurs(c));
    }

    /// <summary>Makes our class, unless there is one that names us; it is the default unless there is one.</summary>
    /// <exception cref="ApiStatusException">The server refuses.</exception>
    /// <exception cref="HttpRequestException">The server cannot be reached.</exception>
    public async Task EnsureAsync(CancellationToken cancellation)
    {
        if (_classes.All.Any(IsOurs))
        {
            return;
        }

        var isDefault = !_classes.All.Any(c => c.IsDefault);
        var metadata = new JsonObject { ["name"] = ClassName };
        if (isDefault)
        {
            metadata["annotations"] = new JsonObject { [IngressClass.IsDefaultAnnotation] = "true" };
        }

        var value = new JsonObject
        {
            ["apiVersion"] = Resources.IngressClasses.ApiVersion,
            ["kind"] = Resources.IngressClasses.Kind,
            ["metadata"] = metadata,
            ["spec"] = new JsonObject { ["controller"] = ControllerName },
        };
        try
        {
            await context.Client.CreateAsync(Resources.IngressClasses, "", value, cancellation);
        }
        catch (ApiStatusException e) when (e.IsAlreadyExists)
        {
            // Another node's controller was faster, or somebody else has a class of this name.
        }
    }

    private static bool IsOurs(IngressClass value) => value.Spec.Controller == ControllerName;
}
