using Etcdish.Kubernetes;

namespace Etcdish.ApiServer.OpenApi;

/// <summary>The names by which clients know the schemas of types.</summary>
internal static class SchemaNames
{
    public const string Patch = "io.k8s.apimachinery.pkg.apis.meta.v1.Patch";

    private const string Api = "io.k8s.api.";

    private static readonly (string Group, string Prefix)[] _elsewhere =
    [
        ("meta/", "io.k8s.apimachinery.pkg.apis."),
        ("apiextensions/", "io.k8s.apiextensions-apiserver.pkg.apis."),
        ("apiregistration/", "io.k8s.kube-aggregator.pkg.apis."),
        ("metrics/", "io.k8s.metrics.pkg.apis."),
    ];

    /// <summary>Our name <c>apps/v1.DeploymentSpec</c> as clients know it.</summary>
    public static string Of(StructType type)
    {
        var slash = type.Name.IndexOf('/', StringComparison.Ordinal);
        if (type.Name.AsSpan(0, Math.Max(slash, 0)).Contains('.'))
        {
            // The groups of custom resources are domains; their schemas are named like packages.
            return string.Join('.', type.Name[..slash].Split('.').Reverse()) + "." + type.Name[(slash + 1)..];
        }

        var prefix = Array.Find(_elsewhere, e => type.Name.StartsWith(e.Group, StringComparison.Ordinal)).Prefix ?? Api;
        return prefix + type.Name.Replace('/', '.');
    }

    /// <summary>The name of a schema that values without parts share; null if such a value is described where it stands.</summary>
    public static string? Of(ValueKind kind) => kind switch
    {
        ValueKind.Quantity => "io.k8s.apimachinery.pkg.api.resource.Quantity",
        ValueKind.Time => "io.k8s.apimachinery.pkg.apis.meta.v1.Time",
        ValueKind.MicroTime => "io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime",
        ValueKind.Duration => "io.k8s.apimachinery.pkg.apis.meta.v1.Duration",
        ValueKind.FieldsV1 => "io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1",
        ValueKind.RawExtension => "io.k8s.apimachinery.pkg.runtime.RawExtension",
        ValueKind.IntOrString => "io.k8s.apimachinery.pkg.util.intstr.IntOrString",
        ValueKind.JsonMessage => "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSON",
        ValueKind.SchemaOrArray => "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrArray",
        ValueKind.SchemaOrBool => "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrBool",
        ValueKind.SchemaOrStrings => "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrStringArray",
        _ => null,
    };
}
