using System.Text.Json.Nodes;
using Etcdish.ApiServer.Extensions;
using Etcdish.ApiServer.Registry;
using Etcdish.Kubernetes;

namespace Etcdish.ApiServer.Kinds;

/// <summary>Checks a new or changed object. The second is the stored object; it is not set if there is none.</summary>
internal delegate void KindCheck(CheckedField value, CheckedField stored);

/// <summary>The rules of each kind that has any: a table from kinds to the files that know them.</summary>
internal static class KindRules
{
    private static readonly HashSet<string> _withGeneration = new(StringComparer.Ordinal)
    {
        "Pod", "ReplicationController", "DaemonSet", "Deployment", "ReplicaSet", "StatefulSet", "CronJob", "Job", "PodDisruptionBudget",
        "Ingress", "IngressClass", "NetworkPolicy", "PriorityClass", "FlowSchema", "PriorityLevelConfiguration", "DeviceClass",
        "ResourceSlice", "MutatingWebhookConfiguration", "ValidatingWebhookConfiguration", "ValidatingAdmissionPolicy",
        "ValidatingAdmissionPolicyBinding",
    };

    private static readonly HashSet<string> _needRevision = new(StringComparer.Ordinal)
    {
        "PodDisruptionBudget", "Lease", "CSIDriver", "CSINode", "VolumeAttachment", "RuntimeClass",
    };

    private static readonly HashSet<string> _createdByUpdate = new(StringComparer.Ordinal)
    {
        "Lease", "Event", "Endpoints", "LimitRange", "Service", "Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding", "RuntimeClass",
    };

    /// <summary>The rules of a kind.</summary>
    public static ResourceRules Of(ResourceInfo info)
    {
        var rules = new ResourceRules
        {
            HasGeneration = _withGeneration.Contains(info.Kind),
            AllowsUnconditionalUpdate = !_needRevision.Contains(info.Kind),
            CreatesOnUpdate = _createdByUpdate.Contains(info.Kind),
        };
        return info.Group switch
        {
            "" => OfCore(info.Kind, rules),
            "apps" or "batch" or "autoscaling" or "policy" => OfWorkloads(info, rules),
            "networking.k8s.io" or "discovery.k8s.io" => OfNetworking(info.Kind, rules),
            "rbac.authorization.k8s.io" => OfRoles(info.Kind, rules with { CheckName = NameRules.PathSegment }),
            "storage.k8s.io" => OfStorage(info.Kind, rules),
            _ => OfControl(info, rules),
        };
    }

    private static ResourceRules OfCore(string kind, ResourceRules rules) => kind switch
    {
        "Namespace" => (rules with
        {
            CheckName = NameRules.Dns1123Label,
            ApplyDefaults = NamespaceRules.ApplyDefaults,
            Prepare = NamespaceRules.Prepare,
        }).Checked(NamespaceRules.Check),
        "Pod" => (rules with
        {
            GraceSeconds = PodRules.GraceSeconds,
            ApplyDefaults = PodDefaults.ApplyPod,
            Prepare = PodRules.Prepare,
        }).Checked(PodRules.Check).CheckedOnChange(PodRules.CheckChange),
        "PodTemplate" => (rules with { ApplyDefaults = static t => PodDefaults.ApplyTemplate(t.Part("template")) })
            .Checked(static (t, _) => PodRules.CheckTemplate(t["template"])),
        "ReplicationController" => (rules with { ApplyDefaults = WorkloadRules.DefaultReplicationController })
            .Checked(WorkloadRules.CheckReplicationController),
        "Secret" => (rules with { ApplyDefaults = ConfigRules.DefaultSecret }).Checked(ConfigRules.CheckSecret),
        "ConfigMap" => rules.Checked(ConfigRules.CheckConfigMap),
        "Service" => (rules with
        {
            CheckName = NameRules.Dns1035Label,
            ApplyDefaults = ServiceRules.ApplyDefaults,
            Prepare = ServiceRules.Prepare,
        }).Checked(ServiceRules.Check).CheckedOnStatus(ServiceRules.CheckStatus),
        "Endpoints" => (rules with { ApplyDefaults = EndpointRules.ApplyDefaults }).Checked(EndpointRules.Check),
        "PersistentVolume" => (rules with { ApplyDefaults = PersistentVolumeRules.ApplyDefaults, HasStatusDefaults = true }).Checked(PersistentVolumeRules.Check),
        "PersistentVolumeClaim" => (rules with { ApplyDefaults = ClaimRules.ApplyDefaults, HasStatusDefaults = true, Prepare = ClaimRules.Prepare })
            .Checked(ClaimRules.Check),
        "ResourceQuota" => rules.Checked(QuotaRules.CheckQuota).CheckedOnStatus(QuotaRules.CheckQuotaStatus),
        "LimitRange" => (rules with { ApplyDefaults = QuotaRules.DefaultLimits }).Checked(QuotaRules.CheckLimits),
        "Node" => (rules with { ApplyDefaults = NodeRules.ApplyDefaults, HasStatusDefaults = true, KeepsStatus = true })
            .Checked(NodeRules.Check).CheckedOnStatus(NodeRules.CheckStatus),
        "Event" => rules.Checked(CoordinationRules.CheckEvent),
        _ => rules,
    };

    private static ResourceRules OfWorkloads(ResourceInfo info, ResourceRules rules) => info.Kind switch
    {
        "Deployment" => (rules with { ApplyDefaults = DeploymentRules.ApplyDefaults, CountsAnnotations = true }).Checked(DeploymentRules.Check),
        "StatefulSet" => (rules with { ApplyDefaults = StatefulSetRules.ApplyDefaults }).Checked(StatefulSetRules.Check),
        "DaemonSet" => (rules with { ApplyDefaults = DaemonSetRules.ApplyDefaults }).Checked(DaemonSetRules.Check),
        "ReplicaSet" => (rules with { ApplyDefaults = WorkloadRules.DefaultReplicaSet }).Checked(WorkloadRules.CheckReplicaSet),
        "ControllerRevision" => rules.Checked(WorkloadRules.CheckControllerRevision),
        "Job" => (rules with { ApplyDefaults = JobRules.ApplyDefaults, Prepare = JobRules.Prepare }).Checked(JobRules.Check),
        "CronJob" => (rules with { ApplyDefaults = CronJobRules.ApplyDefaults }).Checked(CronJobRules.Check),
        "HorizontalPodAutoscaler" when info.Version == "v2" =>
            (rules with { ApplyDefaults = AutoscalerRules.ApplyDefaults }).Checked(AutoscalerRules.Check),
        "PodDisruptionBudget" => rules.Checked(DisruptionBudgetRules.Check).CheckedOnStatus(DisruptionBudgetRules.CheckStatus),
        _ => rules,
    };

    private static ResourceRules OfNetworking(string kind, ResourceRules rules) => kind switch
    {
        "Ingress" => (rules with { Prepare = IngressRules.Prepare }).Checked(IngressRules.Check),
        "IngressClass" => (rules with { ApplyDefaults = IngressRules.DefaultClass }).Checked(IngressRules.CheckClass),
        "NetworkPolicy" => (rules with { ApplyDefaults = NetworkPolicyRules.ApplyDefaults }).Checked(NetworkPolicyRules.Check),
        "IPAddress" => (rules with { CheckName = NetworkKindRules.AddressName }).Checked(NetworkKindRules.CheckAddress),
        "ServiceCIDR" => rules.Checked(NetworkKindRules.CheckServiceNetwork),
        "EndpointSlice" => (rules with { ApplyDefaults = EndpointRules.DefaultSlice }).Checked(EndpointRules.CheckSlice),
        _ => rules,
    };

    private static ResourceRules OfRoles(string kind, ResourceRules rules) => kind switch
    {
        "Role" => rules.Checked(RbacRules.CheckRole),
        "ClusterRole" => rules.Checked(RbacRules.CheckClusterRole),
        "RoleBinding" => (rules with { ApplyDefaults = RbacRules.DefaultBinding }).Checked(RbacRules.CheckRoleBinding),
        "ClusterRoleBinding" => (rules with { ApplyDefaults = RbacRules.DefaultBinding }).Checked(RbacRules.CheckClusterRoleBinding),
        _ => rules,
    };

    private static ResourceRules OfStorage(string kind, ResourceRules rules) => kind switch
    {
        "StorageClass" => (rules with { ApplyDefaults = StorageRules.DefaultClass }).Checked(StorageRules.CheckClass),
        "VolumeAttributesClass" => rules.Checked(StorageRules.CheckAttributesClass),
        "CSIDriver" => (rules with { ApplyDefaults = StorageRules.DefaultDriver }).Checked(StorageRules.CheckDriver),
        "CSINode" => rules.Checked(StorageRules.CheckNode),
        "VolumeAttachment" => rules.Checked(StorageRules.CheckAttachment),
        "CSIStorageCapacity" => rules.Checked(StorageRules.CheckCapacity),
        _ => rules,
    };

    private static ResourceRules OfControl(ResourceInfo info, ResourceRules rules) => info.Kind switch
    {
        "CustomResourceDefinition" => DefinitionRules.Rules,
        "APIService" => rules with { CheckName = NameRules.PathSegment, Prepare = ApiServiceRegistrar.Prepare },
        "PriorityClass" => (rules with { ApplyDefaults = ClassRules.DefaultPriority }).Checked(ClassRules.CheckPriority),
        "RuntimeClass" => rules.Checked(ClassRules.CheckRuntime),
        "Lease" => rules.Checked(CoordinationRules.CheckLease),
        "Event" => rules.Checked(CoordinationRules.CheckNewEvent),
        "CertificateSigningRequest" => rules.Checked(CoordinationRules.CheckCertificateRequest),
        "FlowSchema" => (rules with { ApplyDefaults = ControlRules.DefaultFlow }).Checked(ControlRules.CheckFlow),
        "PriorityLevelConfiguration" => (rules with { ApplyDefaults = ControlRules.DefaultLevel }).Checked(ControlRules.CheckLevel),
        "MutatingWebhookConfiguration" =>
            (rules with { ApplyDefaults = ControlRules.DefaultMutating, Warnings = WarnOfNoEffect }).Checked(ControlRules.CheckMutating),
        "ValidatingWebhookConfiguration" =>
            (rules with { ApplyDefaults = ControlRules.DefaultValidating, Warnings = WarnOfNoEffect })
                .Checked(ControlRules.CheckValidating),
        "ValidatingAdmissionPolicy" =>
            (rules with { ApplyDefaults = ControlRules.DefaultPolicy, Warnings = WarnOfNoEffect }).Checked(ControlRules.CheckPolicy),
        "ValidatingAdmissionPolicyBinding" =>
            (rules with { ApplyDefaults = ControlRules.DefaultPolicyBinding, Warnings = WarnOfNoEffect })
                .Checked(ControlRules.CheckPolicyBinding),
        _ => rules,
    };

    private static IEnumerable<string> WarnOfNoEffect(JsonObject value, JsonObject? stored) =>
        stored is null ? [$"{value.Text("kind")} objects are stored, but this server does not act by them yet"] : [];

    /// <summary>
    /// Adds checks of all but metadata and status. A change that leaves the rest as it was is not refused for it, so that what was
    /// stored under older rules can still be labelled, reported on and deleted.
    /// </summary>
    private static ResourceRules Checked(this ResourceRules rules, KindCheck check) => rules with
    {
        Validate = (value, stored, errors) =>
        {
            if (stored is null || !HasSameBody(value, stored))
            {
                check(CheckedField.Of(value, errors), CheckedField.Of(stored, []));
            }
        },
    };

    private static ResourceRules CheckedOnChange(this ResourceRules rules, Action<string, CheckedField, CheckedField> check) => rules with
    {
        ValidateChange = (subresource, value, stored, errors) =>
            check(subresource, CheckedField.Of(value, errors), CheckedField.Of(stored, [])),
    };

    private static ResourceRules CheckedOnStatus(this ResourceRules rules, Action<CheckedField> check) => rules with
    {
        ValidateChange = (subresource, value, _, errors) =>
        {
            if (subresource == "status")
            {
                check(CheckedField.Of(value, errors));
            }
        },
    };

    private static bool HasSameBody(JsonObject value, JsonObject stored) => IsWithin(value, stored) && IsWithin(stored, value);

    private static bool IsWithin(JsonObject left, JsonObject right)
    {
        foreach (var (name, value) in left)
        {
            if (name is not ("metadata" or "status" or "kind" or "apiVersion") && !JsonNode.DeepEquals(value, right[name]))
            {
                return false;
            }
        }

        return true;
    }
}
