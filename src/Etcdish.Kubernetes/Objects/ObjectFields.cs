using System.Text.Json;
using System.Text.Json.Serialization;

namespace Etcdish.Kubernetes.Objects;

/// <summary>What is read of metadata and of what many kinds have.</summary>
internal static class ObjectFields
{
    public static FieldTable<OwnerReference> Owner { get; } = new(
        static () => new OwnerReference(),
        new("apiVersion", static (ref reader, owner) => owner.ApiVersion = FieldValues.Text(ref reader)),
        new("kind", static (ref reader, owner) => owner.Kind = FieldValues.Text(ref reader)),
        new("name", static (ref reader, owner) => owner.Name = FieldValues.Text(ref reader)),
        new("uid", static (ref reader, owner) => owner.Uid = FieldValues.Text(ref reader)),
        new("controller", static (ref reader, owner) => owner.Controller = reader.GetBoolean()),
        new("blockOwnerDeletion", static (ref reader, owner) => owner.BlockOwnerDeletion = reader.GetBoolean()));

    // A revision is never there again, so it is nothing for the pool of strings.
    public static FieldTable<ObjectMetadata> Metadata { get; } = new(
        static () => new ObjectMetadata(),
        new("resourceVersion", static (ref reader, metadata) => metadata.ResourceVersion = reader.GetString()!),
        new("name", static (ref reader, metadata) => metadata.Name = FieldValues.Text(ref reader)),
        new("namespace", static (ref reader, metadata) => metadata.Namespace = FieldValues.Text(ref reader)),
        new("uid", static (ref reader, metadata) => metadata.Uid = FieldValues.Text(ref reader)),
        new("generation", static (ref reader, metadata) => metadata.Generation = reader.GetInt64()),
        new("creationTimestamp", static (ref reader, metadata) => metadata.CreationTimestamp = reader.GetDateTimeOffset()),
        new("deletionTimestamp", static (ref reader, metadata) => metadata.DeletionTimestamp = reader.GetDateTimeOffset()),
        new("deletionGracePeriodSeconds", static (ref reader, metadata) => metadata.DeletionGracePeriodSeconds = reader.GetInt64()),
        new("labels", static (ref reader, metadata) => metadata.Labels = FieldValues.Map(ref reader)),
        new("annotations", static (ref reader, metadata) => metadata.Annotations = FieldValues.Map(ref reader)),
        new("ownerReferences", static (ref reader, metadata) => metadata.OwnerReferences = Owner.ReadArray(ref reader)),
        new("finalizers", static (ref reader, metadata) => metadata.Finalizers = FieldValues.Texts(ref reader)));

    public static FieldTable<Condition> Condition { get; } = new(
        static () => new Condition(),
        new("type", static (ref reader, condition) => condition.Type = FieldValues.Text(ref reader)),
        new("observedGeneration", static (ref reader, condition) => condition.ObservedGeneration = reader.GetInt64()),
        new("status", static (ref reader, condition) => condition.Status = FieldValues.Text(ref reader)),
        new("lastProbeTime", static (ref reader, condition) => condition.LastProbeTime = reader.GetDateTimeOffset()),
        new("lastHeartbeatTime", static (ref reader, condition) => condition.LastHeartbeatTime = reader.GetDateTimeOffset()),
        new("lastUpdateTime", static (ref reader, condition) => condition.LastUpdateTime = reader.GetDateTimeOffset()),
        new("lastTransitionTime", static (ref reader, condition) => condition.LastTransitionTime = reader.GetDateTimeOffset()),
        new("reason", static (ref reader, condition) => condition.Reason = FieldValues.Text(ref reader)),
        new("message", static (ref reader, condition) => condition.Message = FieldValues.Text(ref reader)));

    public static FieldTable<LeaseSpec> LeaseSpec { get; } = new(
        static () => new LeaseSpec(),
        new("holderIdentity", static (ref reader, spec) => spec.HolderIdentity = FieldValues.Text(ref reader)),
        new("leaseDurationSeconds", static (ref reader, spec) => spec.LeaseDurationSeconds = reader.GetInt32()),
        new("renewTime", static (ref reader, spec) => spec.RenewTime = reader.GetDateTimeOffset()));

    public static FieldTable<Lease> Lease { get; } = new(
        static () => new Lease(),
        new("metadata", static (ref reader, lease) => lease.Metadata = Metadata.Read(ref reader)),
        new("spec", static (ref reader, lease) => lease.Spec = LeaseSpec.Read(ref reader)));
}

/// <summary>Reads objects by a table of their fields.</summary>
internal abstract class TableConverter<T>(FieldTable<T> table) : JsonConverter<T>
    where T : class
{
    public override T Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => table.Read(ref reader);

    public override void Write(Utf8JsonWriter writer, T value, JsonSerializerOptions options) =>
        throw new NotSupportedException("objects are read here, and written as JSON");
}

internal sealed class ObjectMetadataConverter() : TableConverter<ObjectMetadata>(ObjectFields.Metadata);

internal sealed class ConditionConverter() : TableConverter<Condition>(ObjectFields.Condition);

internal sealed class LeaseConverter() : TableConverter<Lease>(ObjectFields.Lease);

internal sealed class PodConverter() : TableConverter<Pod>(PodFields.Pod);
