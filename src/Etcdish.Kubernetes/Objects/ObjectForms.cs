using System.Text.Json;
using System.Text.Json.Serialization;

namespace Etcdish.Kubernetes.Objects;

/// <summary>Reads the classes of this folder from JSON, by generated code. A kind is one line here and one in <see cref="Resources"/>.</summary>
[JsonSourceGenerationOptions(
    JsonSerializerDefaults.Web,
    NumberHandling = JsonNumberHandling.Strict,
    PropertyNameCaseInsensitive = false,
    GenerationMode = JsonSourceGenerationMode.Metadata,
    Converters =
    [
        typeof(OwnedObjectConverter), typeof(QuantityConverter), typeof(IntOrStringConverter), typeof(LabelSelectorConverter),
        typeof(PodTemplateConverter), typeof(PooledStringConverter), typeof(ObjectMetadataConverter),
        typeof(ConditionConverter), typeof(LeaseConverter), typeof(PodConverter),
    ])]
[JsonSerializable(typeof(Affinity))]
[JsonSerializable(typeof(CertificateSigningRequest))]
[JsonSerializable(typeof(ConfigMap))]
[JsonSerializable(typeof(ControllerRevision))]
[JsonSerializable(typeof(CronJob))]
[JsonSerializable(typeof(DaemonSet))]
[JsonSerializable(typeof(Deployment))]
[JsonSerializable(typeof(EndpointSlice))]
[JsonSerializable(typeof(Endpoints))]
[JsonSerializable(typeof(HorizontalPodAutoscaler))]
[JsonSerializable(typeof(Ingress))]
[JsonSerializable(typeof(IngressClass))]
[JsonSerializable(typeof(IpAddress))]
[JsonSerializable(typeof(Job))]
[JsonSerializable(typeof(Lease))]
[JsonSerializable(typeof(Namespace))]
[JsonSerializable(typeof(NetworkPolicy))]
[JsonSerializable(typeof(Node))]
[JsonSerializable(typeof(OwnedObject))]
[JsonSerializable(typeof(OwnerReference[]))]
[JsonSerializable(typeof(PersistentVolume))]
[JsonSerializable(typeof(PersistentVolumeClaim))]
[JsonSerializable(typeof(Pod))]
[JsonSerializable(typeof(PodDisruptionBudget))]
[JsonSerializable(typeof(ReplicaSet))]
[JsonSerializable(typeof(ReplicationController))]
[JsonSerializable(typeof(Secret))]
[JsonSerializable(typeof(Service))]
[JsonSerializable(typeof(ServiceAccount))]
[JsonSerializable(typeof(ServiceCidr))]
[JsonSerializable(typeof(StatefulSet))]
[JsonSerializable(typeof(StorageClass))]
[JsonSerializable(typeof(string[]))]
[JsonSerializable(typeof(TopologySpreadConstraint[]))]
[JsonSerializable(typeof(ResourceQuota))]
internal sealed partial class ObjectForms : JsonSerializerContext;
