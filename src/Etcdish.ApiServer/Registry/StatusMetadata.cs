using System.Text.Json.Nodes;

namespace Etcdish.ApiServer.Registry;

/// <summary>
/// What a write of the status may change of metadata, which differs between kinds as it does in Kubernetes: a controller may note a number
/// in an annotation together with what it reports. Hardly any write does, so those that do not stay what they are, writes of one field.
/// </summary>
internal static class StatusMetadata
{
    private static readonly string[] _all = ["labels", "annotations", "finalizers", "ownerReferences"];

    private static readonly UpdatePart _whole = Make(_all);
    private static readonly UpdatePart _withoutLabels = Make("annotations", "finalizers", "ownerReferences");
    private static readonly UpdatePart _withoutOwners = Make("labels", "annotations", "finalizers");

    /// <summary>The write with all that it may change, given the object as stored and as it is wanted.</summary>
    public static WriteRequest Widen(WriteRequest request, JsonObject stored, JsonObject wanted)
    {
        var (before, after) = (stored.Part("metadata"), wanted.Part("metadata"));
        return ReferenceEquals(request.Part, UpdatePart.Status) && PartOf(request.Type) is { } part
            && _all.Any(field => !JsonNode.DeepEquals(before?[field], after?[field]))
                ? request with { Part = part }
                : request;
    }

    private static UpdatePart? PartOf(ResourceType type) => type switch
    {
        { Custom: not null } => null,
        { Info.Kind: "CustomResourceDefinition" or "FlowSchema" or "PriorityLevelConfiguration" or "ResourceClaim" or "VolumeAttachment" } => null,
        { Info.Kind: "Deployment" } => _withoutLabels,
        { Info.Kind: "Pod" } => _withoutOwners,
        _ => _whole,
    };

    private static UpdatePart Make(params string[] fields) => new(UpdatePart.Status.Subresource, (result, wanted) =>
    {
        UpdatePart.Status.Take!(result, wanted);
        foreach (var field in fields)
        {
            result.Metadata().CopyFrom(wanted.Part("metadata"), field);
        }
    })
    {
        CountsGeneration = false,
        IsStatus = true,
    };
}
