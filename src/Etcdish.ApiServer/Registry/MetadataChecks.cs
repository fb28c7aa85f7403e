using System.Text;
using System.Text.Json.Nodes;
using Etcdish.Kubernetes;

namespace Etcdish.ApiServer.Registry;

/// <summary>The rules of metadata that hold for all kinds.</summary>
internal static class MetadataChecks
{
    public static void Check(ResourceType type, JsonObject value, JsonObject? stored, List<FieldError> errors)
    {
        var metadata = value.Metadata();
        var name = metadata.Text("name");
        if (name.Length == 0)
        {
            errors.Add(FieldError.Required("metadata.name", "name or generateName is required"));
        }
        else if (stored is null)
        {
            errors.AddRange(type.Rules.CheckName(name).Select(e => FieldError.Invalid("metadata.name", name, e)));
        }

        foreach (var (key, label) in metadata.Part("labels") ?? [])
        {
            errors.AddRange(NameRules.QualifiedName(key).Select(e => FieldError.Invalid("metadata.labels", key, e)));
            var text = label?.GetValue<string>() ?? "";
            errors.AddRange(NameRules.LabelValue(text).Select(e => FieldError.Invalid("metadata.labels", text, e)));
        }

        CheckAnnotations(metadata, errors);
        foreach (var finalizer in metadata.Items("finalizers"))
        {
            var text = finalizer?.GetValue<string>() ?? "";
            errors.AddRange(NameRules.QualifiedName(text).Select(e => FieldError.Invalid("metadata.finalizers", text, e)));
        }

        if (stored is not null && stored.IsBeingDeleted())
        {
            CheckNoNewFinalizers(metadata, stored, errors);
        }
    }

    private static void CheckAnnotations(JsonObject metadata, List<FieldError> errors)
    {
        long size = 0;
        foreach (var (key, annotation) in metadata.Part("annotations") ?? [])
        {
            errors.AddRange(NameRules.AnnotationKey(key).Select(e => FieldError.Invalid("metadata.annotations", key, e)));
            size += Encoding.UTF8.GetByteCount(key) + Encoding.UTF8.GetByteCount(annotation?.GetValue<string>() ?? "");
        }

        if (size > NameRules.MaxAnnotationBytes)
        {
            errors.Add(FieldError.TooLong("metadata.annotations", NameRules.MaxAnnotationBytes));
        }
    }

    private static void CheckNoNewFinalizers(JsonObject metadata, JsonObject stored, List<FieldError> errors)
    {
        var known = stored.Part("metadata").Items("finalizers").Select(f => f!.GetValue<string>()).ToHashSet(StringComparer.Ordinal);
        var added = metadata.Items("finalizers").Select(f => f!.GetValue<string>()).Where(f => !known.Contains(f)).ToArray();
        if (added.Length > 0)
        {
            errors.Add(FieldError.Forbidden(
                "metadata.finalizers",
                $"no new finalizers can be added if the object is being deleted, found new finalizers {string.Join(", ", added)}"));
        }
    }
}
