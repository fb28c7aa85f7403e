using System.Text.Json.Nodes;
using Etcdish.Controllers.Ownership;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.History;

/// <summary>
/// What a revision remembers of a set: its pod template, as the strategic merge patch that <c>kubectl rollout undo</c> sends to come back
/// to it. Fields are in the order of their names, as other programs write them, so that equal templates are equal texts.
/// </summary>
internal static class RevisionData
{
    private const string Directive = "$patch";

    /// <summary>What is to be remembered of a template.</summary>
    public static JsonObject Of(PodTemplate template)
    {
        var remembered = (JsonObject)InOrder(template.Json, Directive)!;
        return new JsonObject { ["spec"] = new JsonObject { ["template"] = remembered } };
    }

    /// <summary>The template that a revision remembers.</summary>
    public static PodTemplate TemplateOf(ControllerRevision revision)
    {
        var template = (JsonObject)(revision.Data["spec"]?["template"]?.DeepClone() ?? new JsonObject());
        template.Remove(Directive);
        return new PodTemplate(template);
    }

    /// <summary>Whether two say the same. Fields that say nothing (null, empty) do not count: other programs write them.</summary>
    public static bool AreEqual(JsonObject one, JsonObject other) => CanonicalTemplate.AreEqual(one, other, null);

    /// <summary>A short text of what is remembered, for names. The same for ever: pods carry it.</summary>
    /// <param name="data">What is remembered.</param>
    /// <param name="collisions">How often such a text was taken by something else.</param>
    public static string Hash(JsonObject data, int collisions) => TemplateHash.Of(CanonicalTemplate.Of(data, null), collisions);

    /// <summary>A copy with fields in the order of their names, and the mark of a template that replaces all that was there.</summary>
    private static JsonNode? InOrder(JsonNode? node, string? mark)
    {
        switch (node)
        {
            case JsonObject fields:
                var copy = new JsonObject();
                if (mark is not null)
                {
                    copy[mark] = "replace";
                }

                foreach (var (name, value) in fields.OrderBy(field => field.Key, StringComparer.Ordinal))
                {
                    copy[name] = InOrder(value, null);
                }

                return copy;
            case JsonArray items:
                return new JsonArray([.. items.Select(item => InOrder(item, null))]);
            default:
                return node?.DeepClone();
        }
    }
}
