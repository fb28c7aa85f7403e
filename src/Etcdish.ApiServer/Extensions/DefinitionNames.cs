using System.Text.Json.Nodes;
using Etcdish.ApiServer.Registry;

namespace Etcdish.ApiServer.Extensions;

/// <summary>Decides which names a definition gets: those that no other resource of its group has, first come first served.</summary>
internal static class DefinitionNames
{
    /// <summary>Sets accepted names and the conditions NamesAccepted and Established; false if nothing changed.</summary>
    /// <param name="definition">The definition; its status is changed.</param>
    /// <param name="others">Accepted names of the other definitions of the group, and of what is built in.</param>
    /// <param name="now">The time of conditions that change.</param>
    public static bool Update(JsonObject definition, IReadOnlyList<JsonObject> others, string now)
    {
        var status = definition.Ensure("status");
        var before = (JsonObject)status.DeepClone();
        var wanted = definition.Part("spec").Part("names")!;
        var accepted = status.Ensure("acceptedNames");
        var (reason, message) = Accept(wanted, accepted, Taken(others, isKinds: false), Taken(others, isKinds: true));
        accepted.CopyFrom(wanted, "categories");
        message = reason is null ? "no conflicts found" : message;
        Conditions.Set(status, "NamesAccepted", reason is null, reason ?? "NoConflicts", message, now);
        if (Conditions.IsTrue(status, "Established"))
        {
            // Once served, always served: later names may fail, those that were accepted stay.
        }
        else if (reason is null)
        {
            Conditions.Set(status, "Established", true, "InitialNamesAccepted", "the initial names have been accepted", now);
        }
        else
        {
            Conditions.Set(status, "Established", false, "NotAccepted", "not all names are accepted", now);
        }

        return !JsonNode.DeepEquals(before, status);
    }

    private static (string? Reason, string Message) Accept(
        JsonObject wanted, JsonObject accepted, HashSet<string> resources, HashSet<string> kinds)
    {
        string? reason = null;
        var message = "";
        foreach (var (field, taken, why) in new[]
        {
            ("plural", resources, "PluralConflict"), ("singular", resources, "SingularConflict"),
            ("shortNames", resources, "ShortNamesConflict"), ("kind", kinds, "KindConflict"), ("listKind", kinds, "ListKindConflict"),
        })
        {
            var mine = TextsOf(accepted, field).ToHashSet(StringComparer.Ordinal);
            var conflicts = TextsOf(wanted, field).Where(name => !mine.Contains(name) && taken.Contains(name)).ToArray();
            if (conflicts.Length == 0)
            {
                accepted.CopyFrom(wanted, field);
                continue;
            }

            var texts = conflicts.Select(name => $"\"{name}\" is already in use").ToArray();
            reason = why;
            message = texts.Length == 1 ? texts[0] : $"[{string.Join(", ", texts)}]";
            if (accepted[field] is null && field != "shortNames")
            {
                accepted[field] = "";
            }
        }

        return (reason, message);
    }

    private static HashSet<string> Taken(IReadOnlyList<JsonObject> others, bool isKinds)
    {
        string[] fields = isKinds ? ["kind", "listKind"] : ["plural", "singular", "shortNames"];
        return [.. others.SelectMany(names => fields.SelectMany(field => TextsOf(names, field))).Where(name => name.Length > 0)];
    }

    private static IEnumerable<string> TextsOf(JsonObject names, string field) => names[field] switch
    {
        JsonArray list => list.Select(name => name!.GetValue<string>()),
        JsonValue value => [value.GetValue<string>()],
        _ => [],
    };
}
