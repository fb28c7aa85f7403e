using System.Text.Json.Nodes;
using Etcdish.Kubernetes;

namespace Etcdish.ApiServer.Kinds;

/// <summary>The variables of a container, and references to fields and resources of its pod.</summary>
internal static class EnvironmentRules
{
    private static readonly string[] _fields =
    [
        "metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", "spec.serviceAccountName", "status.hostIP",
        "status.hostIPs", "status.podIP", "status.podIPs",
    ];

    private static readonly string[] _resources =
    [
        "limits.cpu", "limits.ephemeral-storage", "limits.memory", "requests.cpu", "requests.ephemeral-storage", "requests.memory",
    ];

    private static readonly string[] _sources = ["fieldRef", "resourceFieldRef", "configMapKeyRef", "secretKeyRef", "fileKeyRef"];

    private static readonly string[] _sizes = ["1", "1k", "1M", "1G", "1T", "1P", "1E", "1Ki", "1Mi", "1Gi", "1Ti", "1Pi", "1Ei"];

    /// <summary>The variables of a container.</summary>
    public static void Check(CheckedField container)
    {
        foreach (var variable in container["env"].Items)
        {
            variable["name"].RequireAnd(NameRules.EnvironmentVariable);
            if (variable["valueFrom"].IsSet)
            {
                CheckSource(variable["valueFrom"], variable["value"].HasText);
            }
        }

        foreach (var source in container["envFrom"].Items)
        {
            CheckAll(container["envFrom"], source);
        }
    }

    /// <summary>A reference to a field of the pod; only these can be referred to.</summary>
    public static void CheckFieldReference(CheckedField reference, string[] known)
    {
        var path = reference["fieldPath"];
        if (!reference["apiVersion"].RequireText() || !path.RequireText())
        {
            return;
        }

        var open = path.Text.IndexOf('[', StringComparison.Ordinal);
        if (open > 0 && path.Text.EndsWith("']", StringComparison.Ordinal) && path.Text.AsSpan(open).StartsWith("['"))
        {
            CheckSubscript(reference, path.Text[..open], path.Text[(open + 2)..^2]);
        }
        else if (!IsKnownField(path.Text, known))
        {
            path.Invalid($"error converting fieldPath: field label not supported: {path.Text}", path.Text);
        }
        else
        {
            path.OneOf(known);
        }
    }

    /// <summary>A reference to an amount of a container's resources.</summary>
    public static void CheckResourceReference(CheckedField reference, bool isVolume)
    {
        var resource = reference["resource"];
        if (isVolume && !reference["containerName"].HasText)
        {
            reference["containerName"].Required();
        }
        else if (resource.RequireText() && !IsHugePages(resource.Text))
        {
            resource.OneOf(_resources);
        }

        if (reference["divisor"].Amount() is not { IsZero: false } divisor)
        {
            return;
        }

        if (resource.Text is "limits.cpu" or "requests.cpu")
        {
            if (divisor.ToString() is not ("1" or "1m"))
            {
                reference["divisor"].Invalid("only divisor's values 1m and 1 are supported with the cpu resource", resource.Text);
            }
        }
        else if (Array.IndexOf(_sizes, divisor.ToString()) < 0 && SizeName(resource.Text) is { } name)
        {
            reference["divisor"].Invalid(
                $"only divisor's values {string.Join(", ", _sizes)} are supported with the {name} resource", resource.Text);
        }
    }

    private static void CheckSource(CheckedField source, bool hasValue)
    {
        var count = 0;
        foreach (var kind in _sources)
        {
            count += source[kind].IsSet ? 1 : 0;
        }

        if (source["fieldRef"].IsSet)
        {
            CheckFieldReference(source["fieldRef"], _fields);
        }

        if (source["resourceFieldRef"].IsSet)
        {
            CheckResourceReference(source["resourceFieldRef"], isVolume: false);
        }

        CheckKey(source["configMapKeyRef"]);
        CheckKey(source["secretKeyRef"]);
        if (count == 0)
        {
            source.Invalid("must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`", "");
        }
        else if (hasValue)
        {
            source.Invalid("may not be specified when `value` is not empty", "");
        }
        else if (count > 1)
        {
            source.Invalid("may not have more than one field specified at a time", "");
        }
    }

    private static void CheckKey(CheckedField selector)
    {
        if (selector.IsSet)
        {
            selector["name"].Check(NameRules.Dns1123Subdomain);
            selector["key"].RequireAnd(NameRules.ConfigMapKey);
        }
    }

    private static void CheckAll(CheckedField list, CheckedField source)
    {
        source["prefix"].CheckIfSet(NameRules.EnvironmentVariable);
        var count = 0;
        foreach (var kind in (ReadOnlySpan<string>)["configMapRef", "secretRef"])
        {
            if (source[kind].IsSet)
            {
                count++;
                source[kind]["name"].RequireAnd(NameRules.Dns1123Subdomain);
            }
        }

        if (count == 0)
        {
            list.Invalid("must specify one of: `configMapRef` or `secretRef`", "");
        }
        else if (count > 1)
        {
            list.Invalid("may not have more than one field specified at a time", "");
        }
    }

    private static void CheckSubscript(CheckedField reference, string map, string key)
    {
        switch (map)
        {
            case "metadata.annotations":
                reference.Holding(JsonValue.Create(key)).Check(NameRules.AnnotationKey);
                break;
            case "metadata.labels":
                reference.Holding(JsonValue.Create(key)).Check(NameRules.QualifiedName);
                break;
            default:
                reference.Invalid("does not support subscript", map);
                break;
        }
    }

    private static bool IsKnownField(string path, string[] known) =>
        Array.IndexOf(known, path) >= 0 || Array.IndexOf(_fields, path) >= 0 || path is "metadata.labels" or "metadata.annotations"
            or "spec.host" or "spec.restartPolicy" or "spec.schedulerName" or "status.phase" or "status.nominatedNodeName";

    private static bool IsHugePages(string resource) =>
        resource.StartsWith("limits.hugepages-", StringComparison.Ordinal)
            || resource.StartsWith("requests.hugepages-", StringComparison.Ordinal);

    private static string? SizeName(string resource) => resource switch
    {
        "limits.memory" or "requests.memory" => "memory",
        "limits.ephemeral-storage" or "requests.ephemeral-storage" => "local ephemeral storage",
        _ => IsHugePages(resource) ? "hugepages" : null,
    };
}
