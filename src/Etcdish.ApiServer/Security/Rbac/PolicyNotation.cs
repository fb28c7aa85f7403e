using System.Text.Json.Nodes;
using Etcdish.ApiServer.Registry;

namespace Etcdish.ApiServer.Security.Rbac;

/// <summary>A role or binding that every cluster has.</summary>
/// <param name="Resource">Its resource, such as <c>clusterroles</c>.</param>
/// <param name="Namespace">Its namespace, or empty.</param>
/// <param name="Name">Its name.</param>
/// <param name="Content">All of it but kind and apiVersion.</param>
internal sealed record BootstrapObject(string Resource, string Namespace, string Name, JsonObject Content);

/// <summary>Reads the notation of <c>bootstrap.policy</c>, which explains itself at its head.</summary>
internal static class PolicyNotation
{
    private const string LabelPrefix = $"{PolicyCache.ApiGroup}/aggregate-to-";

    private static readonly string[] _read = ["get", "list", "watch"];
    private static readonly string[] _write = ["create", "delete", "deletecollection", "patch", "update"];
    private static readonly string[] _full = [.. _write.Concat(_read).Order(StringComparer.Ordinal)];

    /// <exception cref="FormatException">A line cannot be understood.</exception>
    public static List<BootstrapObject> Read(string text)
    {
        var result = new List<BootstrapObject>();
        JsonArray? rules = null;
        foreach (var line in text.Split('\n'))
        {
            var words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (words.Length == 0 || words[0].StartsWith('#'))
            {
                continue;
            }

            if (line.StartsWith(' '))
            {
                (rules ?? throw new FormatException($"a rule without a role: {line}")).Add(ReadRule(words).ToJson());
            }
            else
            {
                rules = Begin(result, words, line);
            }
        }

        return result;
    }

    /// <summary>Reads the head of a role, or a binding; returns where the rules go that follow.</summary>
    private static JsonArray? Begin(List<BootstrapObject> result, string[] words, string line)
    {
        switch (words)
        {
            case ["clusterrole", var name, .. var options]:
                return Add(result, "clusterroles", "", name, ReadOptions(options));
            case ["role", var path] when path.Split('/') is [var scope, var name]:
                return Add(result, "roles", scope, name, []);
            case ["controller", var controller]:
                var role = $"system:controller:{controller}";
                AddBinding(result, "clusterrolebindings", "", role, role, [$"account=kube-system/{controller}"]);
                return Add(result, "clusterroles", "", role, []);
            case ["bind", var path, var bound, .. var subjects] when path.Split('/') is [var scope, var name]:
                AddBinding(result, "rolebindings", scope, name, bound, subjects);
                return null;
            case ["bind", var name, var bound, .. var subjects]:
                AddBinding(result, "clusterrolebindings", "", name, bound, subjects);
                return null;
            default:
                throw new FormatException($"neither a role nor a binding: {line}");
        }
    }

    private static JsonArray Add(List<BootstrapObject> result, string resource, string scope, string name, JsonObject options)
    {
        var rules = new JsonArray();
        var content = new JsonObject { ["metadata"] = Metadata(scope, name), ["rules"] = rules };
        foreach (var label in options.Text("label").Split(',', StringSplitOptions.RemoveEmptyEntries))
        {
            content["metadata"]!["labels"]![$"{LabelPrefix}{label}"] = "true";
        }

        if (options["gathers"] is { } gathers)
        {
            content["aggregationRule"] = new JsonObject
            {
                ["clusterRoleSelectors"] = new JsonArray(
                    new JsonObject { ["matchLabels"] = new JsonObject { [$"{LabelPrefix}{gathers}"] = "true" } }),
            };
        }

        result.Add(new BootstrapObject(resource, scope, name, content));
        return rules;
    }

    private static JsonObject ReadOptions(string[] options)
    {
        var result = new JsonObject();
        foreach (var option in options)
        {
            var (field, value) = option.Split('=') switch
            {
                ["to", var label] => ("label", label),
                ["from", var label] => ("gathers", label),
                _ => throw new FormatException($"no option of a role: {option}"),
            };
            result[field] = value;
        }

        return result;
    }

    private static void AddBinding(
        List<BootstrapObject> result, string resource, string scope, string name, string role, IEnumerable<string> subjects)
    {
        var content = new JsonObject
        {
            ["metadata"] = Metadata(scope, name),
            ["subjects"] = new JsonArray([.. subjects.Select(ReadSubject)]),
            ["roleRef"] = new JsonObject
            {
                ["apiGroup"] = PolicyCache.ApiGroup,
                ["kind"] = scope.Length == 0 ? "ClusterRole" : "Role",
                ["name"] = role,
            },
        };
        result.Add(new BootstrapObject(resource, scope, name, content));
    }

    private static JsonObject Metadata(string scope, string name)
    {
        var metadata = new JsonObject { ["name"] = name };
        if (scope.Length > 0)
        {
            metadata["namespace"] = scope;
        }

        metadata["labels"] = new JsonObject { ["kubernetes.io/bootstrapping"] = "rbac-defaults" };
        metadata["annotations"] = new JsonObject { [PolicyBootstrap.AutoUpdate] = "true" };
        return metadata;
    }

    private static JsonObject ReadSubject(string text) => text.Split('=') switch
    {
        ["user", var name] => new JsonObject { ["kind"] = "User", ["apiGroup"] = PolicyCache.ApiGroup, ["name"] = name },
        ["group", var name] => new JsonObject { ["kind"] = "Group", ["apiGroup"] = PolicyCache.ApiGroup, ["name"] = name },
        ["account", var path] when path.Split('/') is [var scope, var name] =>
            new JsonObject { ["kind"] = "ServiceAccount", ["name"] = name, ["namespace"] = scope },
        _ => throw new FormatException($"no subject: {text}"),
    };

    private static PolicyRule ReadRule(string[] words) => words switch
    {
        ["events"] => new PolicyRule { Verbs = ["create", "patch", "update"], Groups = ["", "events.k8s.io"], Resources = ["events"] },
        [var verbs, var paths] => new PolicyRule { Verbs = ReadVerbs(verbs), Paths = paths.Split(',') },
        [var verbs, var groups, var resources, .. var names] => new PolicyRule
        {
            Verbs = ReadVerbs(verbs),
            Groups = [.. groups.Split(',').Select(group => group == "core" ? "" : group)],
            Resources = resources.Split(','),
            Names = names is [var list] && list.StartsWith("names=", StringComparison.Ordinal) ? list["names=".Length..].Split(',') : [],
        },
        _ => throw new FormatException($"no rule: {string.Join(' ', words)}"),
    };

    private static string[] ReadVerbs(string text) => text switch
    {
        "read" => _read,
        "write" => _write,
        "full" => _full,
        _ => text.Split(','),
    };
}
