using System.Text.Json.Nodes;

namespace Etcdish.Kubernetes.Tests;

/// <summary>What holds for every history of writes, on random ones; a failure prints its seed.</summary>
public sealed class ServerSideApplyPropertyTests
{
    private const int Rounds = 120;

    [Test]
    public void Apply_is_idempotent([Values(1, 2, 3)] int seed)
    {
        var random = new Random(seed);
        for (var round = 0; round < Rounds; round++)
        {
            var pod = RandomHistory(random);
            var config = RandomConfig(random);
            pod.Apply("a", config, force: true);
            var once = pod.Live;

            pod.Apply("a", config);

            Assert.That(JsonNode.DeepEquals(pod.Live, once), Is.True, $"seed {seed}, round {round}: {config}");
        }
    }

    [Test]
    public void Every_field_has_an_owner_and_every_owned_field_exists([Values(1, 2, 3)] int seed)
    {
        var random = new Random(seed);
        var type = SchemaType.Object(SchemaCatalog.BuiltIn.FindKind("v1", "Pod")!);
        for (var round = 0; round < Rounds; round++)
        {
            var pod = RandomHistory(random);
            if (!pod.Entries().Any())
            {
                // Once everything was taken away, writes go unrecorded until the next apply, as in Kubernetes.
                continue;
            }

            var owned = pod.Entries().Select(e => FieldSetJson.Read(e["fieldsV1"])).Aggregate(FieldSet.Empty, (all, s) => all.Union(s));
            var bare = pod.Live.DeepClone().AsObject();
            bare.Remove("apiVersion");
            bare.Remove("kind");
            bare["metadata"]!.AsObject().Remove("managedFields");
            bare["metadata"]!.AsObject().Remove("uid");
            var present = FieldSetExtractor.Extract(bare, type);

            Assert.That(present.Except(owned).Paths().Where(IsLeaf), Is.Empty, $"seed {seed}, round {round}: {pod.Live.ToJsonString()}");
            Assert.That(owned.Except(present).Paths().Where(IsLeaf), Is.Empty, $"seed {seed}, round {round}: {pod.Live.ToJsonString()}");
        }
    }

    [Test]
    public void Two_managers_commute_where_they_do_not_conflict([Values(1, 2, 3)] int seed)
    {
        var random = new Random(seed);
        for (var round = 0; round < Rounds; round++)
        {
            var (one, two) = (RandomConfig(random), RandomConfig(random));
            if (!TryBoth(one, two, out var first) || !TryBoth(two, one, out var second))
            {
                continue;
            }

            Assert.That(Unordered(first), Is.EqualTo(Unordered(second)), $"seed {seed}, round {round}: {one} and {two}");
        }
    }

    [Test]
    public void An_applier_that_lets_go_of_all_leaves_what_others_made([Values(1, 2, 3)] int seed)
    {
        var random = new Random(seed);
        for (var round = 0; round < Rounds; round++)
        {
            var (one, two) = (RandomConfig(random), RandomConfig(random));
            var alone = new ApplyHarness("v1", "Pod");
            alone.Apply("one", one);
            var both = new ApplyHarness("v1", "Pod");
            both.Apply("one", one);
            both.Apply("two", two, force: true);
            both.Apply("one", one, force: true);

            both.Apply("two", "{}");

            Assert.That(
                Unordered(Bare(both)), Is.EqualTo(Unordered(Bare(alone))), $"seed {seed}, round {round}: {one} and {two}");
            Assert.That(both.Owned("two"), Is.Null);
        }
    }

    private static bool TryBoth(string one, string two, out JsonObject result)
    {
        var pod = new ApplyHarness("v1", "Pod");
        pod.Apply(one, one);
        try
        {
            pod.Apply(two, two);
        }
        catch (ApplyConflictException)
        {
            result = [];
            return false;
        }

        result = Bare(pod);
        return true;
    }

    private static ApplyHarness RandomHistory(Random random)
    {
        var pod = new ApplyHarness("v1", "Pod");
        pod.Update("creator", RandomConfig(random));
        for (var writes = random.Next(6); writes > 0; writes--)
        {
            var manager = $"{(char)('a' + random.Next(3))}";
            if (random.Next(2) == 0)
            {
                pod.Apply(manager, RandomConfig(random), force: true);
            }
            else
            {
                var target = JsonNode.Parse(RandomConfig(random))!.AsObject();
                pod.Change(manager, o => o["spec"] = target["spec"]!.DeepClone());
            }
        }

        return pod;
    }

    private static string RandomConfig(Random random)
    {
        var config = new JsonObject
        {
            ["metadata"] = new JsonObject
            {
                ["labels"] = Pick(random, 3, i => ($"l{i}", random.Next(2).ToString())),
            },
            ["spec"] = new JsonObject
            {
                ["containers"] = new JsonArray(
                    [.. Enumerable.Range(0, 3).Where(_ => random.Next(2) == 0).Select(i => RandomContainer(random, i))]),
                ["nodeSelector"] = Pick(random, 2, i => ($"n{i}", random.Next(2).ToString())),
            },
        };
        if (random.Next(2) == 0)
        {
            config["spec"]!["priority"] = random.Next(2);
        }

        RemoveEmpty(config["metadata"]!.AsObject());
        RemoveEmpty(config["spec"]!.AsObject());
        return config.ToJsonString();
    }

    private static JsonObject RandomContainer(Random random, int index)
    {
        var container = new JsonObject { ["name"] = $"c{index}" };
        if (random.Next(2) == 0)
        {
            container["image"] = $"i{random.Next(2)}";
        }

        if (random.Next(2) == 0)
        {
            container["command"] = new JsonArray($"{random.Next(2)}");
        }

        if (random.Next(2) == 0)
        {
            container["ports"] = new JsonArray(new JsonObject { ["containerPort"] = random.Next(2) + 80, ["protocol"] = "TCP" });
        }

        return container;
    }

    private static JsonObject Pick(Random random, int count, Func<int, (string Name, string Value)> make) =>
        new(Enumerable.Range(0, count).Where(_ => random.Next(2) == 0).Select(make).Select(p =>
            KeyValuePair.Create(p.Name, (JsonNode?)p.Value)));

    private static void RemoveEmpty(JsonObject fields)
    {
        foreach (var name in fields.Where(f => f.Value is JsonObject { Count: 0 } or JsonArray { Count: 0 }).Select(f => f.Key).ToArray())
        {
            fields.Remove(name);
        }
    }

    private static bool IsLeaf(string path) => path is not (".spec" or ".metadata" or ".metadata.labels" or ".spec.containers")
        && !path.EndsWith(".ports", StringComparison.Ordinal);

    private static JsonObject Bare(ApplyHarness pod)
    {
        var bare = pod.Live.DeepClone().AsObject();
        bare["metadata"]!.AsObject().Remove("managedFields");
        RemoveEmpty(bare);
        return bare;
    }

    /// <summary>The object with its fields and the items of its lists in order: the order of lists may depend on who came first.</summary>
    private static string Unordered(JsonNode? node) => node switch
    {
        JsonObject fields =>
            $"{{{string.Join(',', fields.OrderBy(f => f.Key, StringComparer.Ordinal).Select(f => f.Key + ":" + Unordered(f.Value)))}}}",
        JsonArray items => $"[{string.Join(',', items.Select(Unordered).Order(StringComparer.Ordinal))}]",
        _ => node?.ToJsonString() ?? "null",
    };
}
