using System.Text;
using System.Text.Json.Nodes;
using Etcdish.ApiServer.Http;
using Etcdish.ApiServer.Registry;
using Etcdish.ApiServer.Security.Nodes;
using Etcdish.ApiServer.Storage;

namespace Etcdish.ApiServer.Security.Rbac;

/// <summary>
/// Sees at the start that the roles and bindings are there which every cluster has. What somebody took from them is given back, what
/// somebody added stays; an object whose annotation says so is left alone.
/// </summary>
internal sealed class PolicyBootstrap(IObjectStore store, ResourceDirectory resources, ObjectWriter writer, string rootPrefix)
{
    /// <summary>The annotation that, if it is not "true", keeps an object as its owner made it.</summary>
    public const string AutoUpdate = "rbac.authorization.kubernetes.io/autoupdate";

    private const string File = "bootstrap.policy";

    // Writes that are under way together share one flush of the disk.
    private const int MaxParallel = 64;

    /// <summary>All of them, with aggregated roles complete.</summary>
    public static IReadOnlyList<BootstrapObject> Objects()
    {
        using var stream = typeof(PolicyBootstrap).Assembly.GetManifestResourceStream(File)
            ?? throw new InvalidOperationException($"the built-in file {File} is missing");
        using var reader = new StreamReader(stream);
        var objects = PolicyNotation.Read(reader.ReadToEnd());
        Complete(objects);
        return objects;
    }

    /// <exception cref="StoreUnavailableException">The store does not answer.</exception>
    public async Task RunAsync(CancellationToken cancellation)
    {
        var page = await store.ListAsync(new StorePageRequest($"{rootPrefix}{PolicyCache.ApiGroup}/"), cancellation);
        var stored = page.Objects.ToDictionary(item => Encoding.UTF8.GetString(item.Key.Span), item => item.Value, StringComparer.Ordinal);
        var options = new ParallelOptions { MaxDegreeOfParallelism = MaxParallel, CancellationToken = cancellation };
        await Parallel.ForEachAsync(Objects(), options, async (wanted, token) =>
        {
            var type = resources.Find(PolicyCache.ApiGroup, "v1", wanted.Resource)!;
            var write = new WriteRequest(type, wanted.Namespace, wanted.Name);
            if (!stored.TryGetValue(type.KeyOf(wanted.Namespace, wanted.Name), out var value))
            {
                await TryAsync(writer.CreateAsync(write, wanted.Content, token));
            }
            else if (Restore(ApiJson.Parse(value.Span), wanted.Content))
            {
                await TryAsync(writer.UpdateAsync(write, found => Restored(found, wanted), token));
            }
        });
    }

    /// <summary>Gives a stored object what it lacks; false if that is nothing.</summary>
    public static bool Restore(JsonObject stored, JsonObject wanted)
    {
        if (stored.Part("metadata").Part("annotations").Text(AutoUpdate) is not ("true" or ""))
        {
            return false;
        }

        var changed = AddFields(stored, wanted, "labels") | AddFields(stored, wanted, "annotations");
        if (wanted["aggregationRule"] is { } gathers)
        {
            // Its rules are looked after by whoever gathers them.
            if (!JsonNode.DeepEquals(gathers, stored["aggregationRule"]))
            {
                stored["aggregationRule"] = gathers.DeepClone();
                changed = true;
            }

            return changed;
        }

        return changed | AddRules(stored, wanted) | AddSubjects(stored, wanted) | DropNodes(stored);
    }

    /// <summary>
    /// Takes the group of nodes out of the binding of system:node, where earlier versions had put it: by that role any node could write to
    /// all others' objects, and what nodes may do is decided by what is bound to them. Who wants it so keeps it by
    /// <see cref="AutoUpdate"/>.
    /// </summary>
    private static bool DropNodes(JsonObject stored)
    {
        const string Role = "system:node";
        if (stored.Name() != Role || stored.Part("roleRef").Text("name") != Role || stored["subjects"] is not JsonArray subjects)
        {
            return false;
        }

        var kept = subjects.Where(held =>
            held is not JsonObject subject || subject.Text("kind") != "Group" || subject.Text("name") != NodeIdentity.Group);
        var left = new JsonArray([.. kept.Select(subject => subject!.DeepClone())]);
        var changed = left.Count < subjects.Count;
        if (changed)
        {
            stored["subjects"] = left;
        }

        return changed;
    }

    private static void Complete(List<BootstrapObject> objects)
    {
        var byName = objects.Where(item => item.Resource == "clusterroles").ToDictionary(item => item.Name, StringComparer.Ordinal);
        while (true)
        {
            var due = RoleGatherer.Due(byName.Values.Select(item => Role.Read(item.Content))).ToArray();
            foreach (var (role, rules) in due)
            {
                byName[role.Name].Content["rules"] = PolicyRule.ToJson(rules);
            }

            if (due.Length == 0)
            {
                return;
            }
        }
    }

    private static async Task TryAsync(Task<Written> write)
    {
        try
        {
            await write;
        }
        catch (ApiException e) when (e.Code is 404 or 409)
        {
            // Another server on this store was faster, or somebody deletes it just now: the next start looks again.
        }
    }

    private static JsonObject Restored(JsonObject? stored, BootstrapObject wanted)
    {
        Restore(stored!, wanted.Content);
        return stored!;
    }

    private static bool AddFields(JsonObject stored, JsonObject wanted, string part)
    {
        var changed = false;
        foreach (var (field, value) in wanted.Part("metadata").Part(part) ?? [])
        {
            var held = stored.Metadata().Ensure(part);
            if (held[field] is null)
            {
                held[field] = value!.DeepClone();
                changed = true;
            }
        }

        return changed;
    }

    private static bool AddRules(JsonObject stored, JsonObject wanted)
    {
        var held = PolicyRule.ReadAll(stored);
        var missing = PolicyRule.ReadAll(wanted).Where(rule => RuleCoverage.Missing(held, [rule]).Count > 0).ToArray();
        if (missing.Length > 0)
        {
            stored["rules"] = PolicyRule.ToJson(held.Concat(missing));
        }

        return missing.Length > 0;
    }

    private static bool AddSubjects(JsonObject stored, JsonObject wanted)
    {
        var held = stored["subjects"] as JsonArray ?? [];
        var missing = wanted.Items("subjects").Where(subject => !held.Any(other => JsonNode.DeepEquals(subject, other))).ToArray();
        if (missing.Length > 0)
        {
            stored["subjects"] = new JsonArray([.. held.Concat(missing).Select(subject => subject!.DeepClone())]);
        }

        return missing.Length > 0;
    }
}
