using System.Text.Json.Nodes;

namespace Etcdish.Network.Tests.Nftables;

/// <summary>What nft lists as JSON, in an order of its own: the kernel lists chains and elements as they came.</summary>
internal static class NftListing
{
    /// <summary>A line for each set, chain and map, sorted; the rules of a chain in their order.</summary>
    public static string Sort(string json)
    {
        SortedDictionary<string, string> lines = new(StringComparer.Ordinal);
        foreach (var entry in JsonNode.Parse(json)!["nftables"]!.AsArray())
        {
            var (kind, found) = entry!.AsObject().First();
            var value = found!.AsObject();
            value.Remove("handle");
            if (value["elem"] is JsonArray elements)
            {
                value["elem"] = new JsonArray([.. elements.Select(e => e!.ToJsonString()).Order(StringComparer.Ordinal).Select(e => JsonNode.Parse(e))]);
            }

            var name = kind == "rule" ? $"chain {value["chain"]} rules" : $"{kind} {value["name"]}";
            lines[name] = lines.GetValueOrDefault(name, "") + value.ToJsonString() + "\n";
        }

        return string.Concat(lines.Values);
    }
}
