using System.Text;
using System.Text.Json.Nodes;
using Etcdish.ApiServer.Extensions;
using Etcdish.Kubernetes;

namespace Etcdish.ApiServer.Registry;

/// <summary>The rules of each kind that has any.</summary>
internal static class KindRules
{
    private static readonly HashSet<string> _withGeneration = new(StringComparer.Ordinal)
    {
        "Pod", "ReplicationController", "DaemonSet", "Deployment", "ReplicaSet", "StatefulSet", "CronJob", "Job", "PodDisruptionBudget",
        "Ingress", "IngressClass", "NetworkPolicy", "PriorityClass", "FlowSchema", "PriorityLevelConfiguration", "DeviceClass",
        "ResourceSlice",
    };

    private static readonly HashSet<string> _needRevision = new(StringComparer.Ordinal)
    {
        "PodDisruptionBudget", "Lease", "CSIDriver", "CSINode", "VolumeAttachment", "RuntimeClass",
    };

    private static readonly HashSet<string> _createdByUpdate = new(StringComparer.Ordinal)
    {
        "Lease", "Event", "Endpoints", "LimitRange", "Service", "Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding", "RuntimeClass",
    };

    public static ResourceRules Of(ResourceInfo info)
    {
        var rules = new ResourceRules
        {
            HasGeneration = _withGeneration.Contains(info.Kind),
            AllowsUnconditionalUpdate = !_needRevision.Contains(info.Kind),
            CreatesOnUpdate = _createdByUpdate.Contains(info.Kind),
        };
        return info.Kind switch
        {
            "Namespace" => rules with { CheckName = NameRules.Dns1123Label, ApplyDefaults = LabelNamespace, Prepare = PrepareNamespace },
            "Pod" => rules with
            {
                GraceSeconds = PodGrace,
                ApplyDefaults = PodDefaults.ApplyPod,
                Prepare = PodDefaults.PreparePod,
                Validate = PodDefaults.ValidatePod,
            },
            "Secret" => rules with { ApplyDefaults = DefaultSecret, Validate = ValidateSecret },
            "ConfigMap" => rules with { Validate = ValidateConfigMap },
            "Service" => rules with
            {
                CheckName = NameRules.Dns1035Label,
                ApplyDefaults = ServiceDefaults.Apply,
                Prepare = ServiceDefaults.Prepare,
            },
            "Deployment" or "StatefulSet" or "DaemonSet" or "ReplicaSet" or "ReplicationController" or "Job" or "CronJob" =>
                rules with { ApplyDefaults = value => WorkloadDefaults.Apply(info.Kind, value), Validate = WorkloadDefaults.Validate },
            "Role" or "RoleBinding" or "ClusterRole" or "ClusterRoleBinding" => rules with { CheckName = NameRules.PathSegment },
            "CustomResourceDefinition" => DefinitionRules.Rules,
            "APIService" => rules with { CheckName = NameRules.PathSegment, Prepare = ApiServiceRegistrar.Prepare },
            "MutatingWebhookConfiguration" or "ValidatingWebhookConfiguration" or "ValidatingAdmissionPolicy"
                or "ValidatingAdmissionPolicyBinding" => rules with { HasGeneration = true, Warnings = WarnOfNoEffect },
            "IPAddress" => rules with { CheckName = NameRules.PathSegment },
            _ => rules,
        };
    }

    private static IEnumerable<string> WarnOfNoEffect(JsonObject value, JsonObject? stored) =>
        stored is null ? [$"{value.Text("kind")} objects are stored, but this server does not act by them yet"] : [];

    private static long PodGrace(JsonObject pod)
    {
        var isIdle = pod.Part("spec").Text("nodeName").Length == 0 || pod.Part("status").Text("phase") is "Failed" or "Succeeded";
        return isIdle ? 0 : pod.Part("spec").Number("terminationGracePeriodSeconds") ?? 30;
    }

    private static void LabelNamespace(JsonObject value) =>
        value.Metadata().Ensure("labels")["kubernetes.io/metadata.name"] = value.Name();

    private static void PrepareNamespace(JsonObject value, JsonObject? stored)
    {
        if (stored is null)
        {
            value.Ensure("spec")["finalizers"] = new JsonArray("kubernetes");
            value["status"] = new JsonObject { ["phase"] = "Active" };
        }
    }

    /// <summary>Text that clients gave as <c>stringData</c> becomes bytes; the field itself is never shown again.</summary>
    private static void DefaultSecret(JsonObject value)
    {
        if (value.Part("stringData") is { } texts)
        {
            var data = value.Ensure("data");
            foreach (var (key, text) in texts)
            {
                data[key] = Convert.ToBase64String(Encoding.UTF8.GetBytes(text?.GetValue<string>() ?? ""));
            }

            value.Remove("stringData");
        }

        value.Default("type", "Opaque");
    }

    private static void ValidateSecret(JsonObject value, JsonObject? stored, List<FieldError> errors)
    {
        CheckKeys(value, "data", errors);
        if (stored is null)
        {
            return;
        }

        if (stored.Text("type") != value.Text("type"))
        {
            errors.Add(FieldError.Invalid("type", value.Text("type"), "field is immutable"));
        }

        CheckImmutable(value, stored, ["data"], errors);
    }

    private static void ValidateConfigMap(JsonObject value, JsonObject? stored, List<FieldError> errors)
    {
        CheckKeys(value, "data", errors);
        CheckKeys(value, "binaryData", errors);
        if (stored is not null)
        {
            CheckImmutable(value, stored, ["data", "binaryData"], errors);
        }
    }

    private static void CheckKeys(JsonObject value, string field, List<FieldError> errors)
    {
        foreach (var (key, _) in value.Part(field) ?? [])
        {
            errors.AddRange(NameRules.ConfigMapKey(key).Select(e => FieldError.Invalid($"{field}[{key}]", key, e)));
        }
    }

    private static void CheckImmutable(JsonObject value, JsonObject stored, string[] fields, List<FieldError> errors)
    {
        if (stored["immutable"]?.GetValue<bool>() != true)
        {
            return;
        }

        if (value["immutable"]?.GetValue<bool>() != true)
        {
            errors.Add(FieldError.Forbidden("immutable", "field is immutable when `immutable` is set"));
        }

        foreach (var field in fields)
        {
            if (!JsonNode.DeepEquals(value[field], stored[field]))
            {
                errors.Add(FieldError.Forbidden(field, "field is immutable when `immutable` is set"));
            }
        }
    }
}
