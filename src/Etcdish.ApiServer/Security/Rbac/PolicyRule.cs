using System.Text.Json.Nodes;
using Etcdish.ApiServer.Registry;

namespace Etcdish.ApiServer.Security.Rbac;

/// <summary>One rule of a role: verbs on resources, or on paths that are no resources. Never changed.</summary>
internal sealed record PolicyRule
{
    private const string All = "*";

    public string[] Verbs { get; init; } = [];

    public string[] Groups { get; init; } = [];

    /// <summary>Resources and, as <c>resource/subresource</c>, subresources.</summary>
    public string[] Resources { get; init; } = [];

    /// <summary>The only names that the rule is for; none: all.</summary>
    public string[] Names { get; init; } = [];

    /// <summary>Paths that are no resources; one that ends in <c>*</c> stands for all that begin so.</summary>
    public string[] Paths { get; init; } = [];

    /// <summary>The rules that allow everything.</summary>
    public static PolicyRule[] Everything { get; } =
    [
        new PolicyRule { Verbs = [All], Groups = [All], Resources = [All] },
        new PolicyRule { Verbs = [All], Paths = [All] },
    ];

    /// <summary>The rules of a Role or ClusterRole.</summary>
    public static PolicyRule[] ReadAll(JsonObject role) => [.. role.Items("rules").OfType<JsonObject>().Select(Read)];

    /// <summary>Rules as a role has them.</summary>
    public static JsonArray ToJson(IEnumerable<PolicyRule> rules) => [.. rules.Select(rule => (JsonNode)rule.ToJson())];

    /// <summary>Whether the rule allows a request.</summary>
    public bool Allows(AccessRequest request)
    {
        if (!Contains(Verbs, request.Verb))
        {
            return false;
        }

        return request.IsForResource
            ? Contains(Groups, request.Group)
                && AllowsResource(request.Resource, request.Subresource)
                && (Names.Length == 0 || Array.IndexOf(Names, request.Name) >= 0)
            : AllowsPath(request.Path);
    }

    /// <summary>Whether whoever holds this rule holds the other one too.</summary>
    public bool Covers(PolicyRule other) =>
        CoversAll(Verbs, other.Verbs)
        && CoversAll(Groups, other.Groups)
        && Array.TrueForAll(other.Resources, CoversResource)
        && Array.TrueForAll(other.Paths, AllowsPath)
        && (Names.Length == 0 || (other.Names.Length > 0 && Array.TrueForAll(other.Names, name => Array.IndexOf(Names, name) >= 0)));

    /// <summary>The rule cut into rules of one verb on one thing each.</summary>
    public IEnumerable<PolicyRule> Split()
    {
        foreach (var (group, resource, verb) in
            from g in Groups from r in Resources from v in Verbs select (g, r, v))
        {
            var single = new PolicyRule { Verbs = [verb], Groups = [group], Resources = [resource] };
            if (Names.Length == 0)
            {
                yield return single;
            }

            foreach (var name in Names)
            {
                yield return single with { Names = [name] };
            }
        }

        foreach (var (path, verb) in from p in Paths from v in Verbs select (p, v))
        {
            yield return new PolicyRule { Verbs = [verb], Paths = [path] };
        }
    }

    public bool SameAs(PolicyRule other) =>
        Verbs.AsSpan().SequenceEqual(other.Verbs) && Groups.AsSpan().SequenceEqual(other.Groups)
        && Resources.AsSpan().SequenceEqual(other.Resources) && Names.AsSpan().SequenceEqual(other.Names)
        && Paths.AsSpan().SequenceEqual(other.Paths);

    public JsonObject ToJson()
    {
        var result = new JsonObject { ["verbs"] = Texts(Verbs) };
        foreach (var (field, values) in new[] { ("apiGroups", Groups), ("resources", Resources), ("resourceNames", Names), ("nonResourceURLs", Paths) })
        {
            if (values.Length > 0)
            {
                result[field] = Texts(values);
            }
        }

        return result;
    }

    /// <summary>The rule in the short form in which refusals name it.</summary>
    public override string ToString()
    {
        var parts = new[] { ("APIGroups", Groups), ("Resources", Resources), ("NonResourceURLs", Paths), ("ResourceNames", Names), ("Verbs", Verbs) }
            .Where(part => part.Item2.Length > 0)
            .Select(part => $"{part.Item1}:[{string.Join(' ', part.Item2.Select(value => $"\"{value}\""))}]");
        return $"{{{string.Join(", ", parts)}}}";
    }

    private static PolicyRule Read(JsonObject rule) => new()
    {
        Verbs = Texts(rule, "verbs"),
        Groups = Texts(rule, "apiGroups"),
        Resources = Texts(rule, "resources"),
        Names = Texts(rule, "resourceNames"),
        Paths = Texts(rule, "nonResourceURLs"),
    };

    private static string[] Texts(JsonObject rule, string field) =>
        [.. rule.Items(field).OfType<JsonValue>().Select(value => value.TryGetValue<string>(out var text) ? text : "")];

    private static JsonArray Texts(string[] values) => [.. values.Select(value => (JsonNode)value)];

    private static bool Contains(string[] values, string wanted)
    {
        foreach (var value in values)
        {
            if (value == All || value == wanted)
            {
                return true;
            }
        }

        return false;
    }

    private static bool CoversAll(string[] held, string[] wanted) => Array.TrueForAll(wanted, value => Contains(held, value));

    private bool AllowsResource(string resource, string subresource)
    {
        foreach (var held in Resources)
        {
            if (held == All || NamesResource(held, resource, subresource))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Whether a resource of a rule is this one, or all that have this subresource; compared without joining the words.</summary>
    private static bool NamesResource(string held, string resource, string subresource)
    {
        if (subresource.Length == 0)
        {
            return held == resource;
        }

        var slash = held.Length - subresource.Length - 1;
        return slash > 0 && held[slash] == '/'
            && held.AsSpan(slash + 1).SequenceEqual(subresource)
            && (held.AsSpan(0, slash).SequenceEqual(resource) || held.AsSpan(0, slash) is All);
    }

    private bool CoversResource(string wanted)
    {
        var slash = wanted.IndexOf('/', StringComparison.Ordinal);
        return slash < 0
            ? Contains(Resources, wanted)
            : Contains(Resources, wanted) || Array.IndexOf(Resources, $"*{wanted[slash..]}") >= 0;
    }

    private bool AllowsPath(string path)
    {
        foreach (var held in Paths)
        {
            if (held == path || held == All || (held.EndsWith('*') && path.StartsWith(held.AsSpan(0, held.Length - 1), StringComparison.Ordinal)))
            {
                return true;
            }
        }

        return false;
    }
}
