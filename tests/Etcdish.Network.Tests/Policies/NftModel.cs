using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using Etcdish.Network.Nftables;
using Etcdish.Network.Policies;

namespace Etcdish.Network.Tests.Policies;

/// <summary>
/// What nft does with the commands that policies are written in, as far as they use its language: strict where the kernel is. Judges new
/// connections by the table that it ends up with.
/// </summary>
internal sealed partial class NftModel : INftables
{
    private readonly Dictionary<string, Dictionary<string, string>> _sets = [];
    private readonly Dictionary<string, List<string>> _chains = [];
    private bool _exists;

    /// <summary>Makes the next transaction fail.</summary>
    public bool IsBroken { get; set; }

    /// <summary>All that was applied.</summary>
    public List<string> Transactions { get; } = [];

    /// <summary>The names of all sets and chains.</summary>
    public IEnumerable<string> Names => _sets.Keys.Concat(_chains.Keys).Order(StringComparer.Ordinal);

    public Task ApplyAsync(ReadOnlyMemory<char> commands, CancellationToken cancellation)
    {
        if (IsBroken)
        {
            IsBroken = false;
            return Task.FromException(new IOException("no such table"));
        }

        Apply(commands.ToString());
        return Task.CompletedTask;
    }

    public void Apply(string commands)
    {
        if (commands.Length == 0)
        {
            return;
        }

        Transactions.Add(commands);
        foreach (var line in commands.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            Carry(line);
        }
    }

    /// <summary>Whether a new connection passes all base chains.</summary>
    public bool Allows(IPAddress from, IPAddress to, string protocol, int port)
    {
        var packet = new Packet(from, to, protocol.ToLowerInvariant(), port);
        return !_exists || (Judge("egress", packet) != "drop" && Judge("ingress", packet) != "drop");
    }

    private void Carry(string line)
    {
        var parts = Command().Match(line);
        var (verb, kind, name, rest) = (parts.Groups[1].Value, parts.Groups[2].Value, parts.Groups[3].Value, parts.Groups[4].Value);
        switch ($"{verb} {kind}")
        {
            case "add table":
                _exists = true;
                break;
            case "delete table":
                _exists = _exists ? false : throw new InvalidOperationException(line);
                _sets.Clear();
                _chains.Clear();
                break;
            case "add set" or "add map":
                _sets.Add(name, []);
                break;
            case "add chain":
                _chains.Add(name, []);
                break;
            case "add rule":
                CheckTargets(rest);
                _chains[name].Add(rest);
                break;
            case "add element":
                ForEachElement(rest, (key, value) =>
                {
                    CheckTargets(value);
                    _sets[name].Add(key, value);
                });
                break;
            case "delete element":
                ForEachElement(rest, (key, _) => Require(_sets[name].Remove(key), line));
                break;
            case "flush chain":
                _chains[name].Clear();
                break;
            case "delete chain":
                Require(_chains.Remove(name, out var rules) && rules.Count == 0 && !IsUsed($"jump {name}") && !IsUsed($"goto {name}"), line);
                break;
            case "delete set":
                Require(_sets.Remove(name) && !_chains.Values.Any(chain => chain.Any(rule => rule.Contains($"@{name} ", StringComparison.Ordinal))), line);
                break;
            default:
                throw new InvalidOperationException(line);
        }
    }

    private bool IsUsed(string target) =>
        _chains.Values.Any(chain => chain.Contains(target)) || _sets.Values.Any(set => set.ContainsValue(target));

    private void CheckTargets(string text)
    {
        if (Target().Match(text) is { Success: true } target)
        {
            Require(_chains.ContainsKey(target.Groups[1].Value), text);
        }

        foreach (Match set in SetName().Matches(text))
        {
            Require(_sets.ContainsKey(set.Groups[1].Value), text);
        }
    }

    private string Judge(string chain, Packet packet)
    {
        foreach (var rule in _chains[chain])
        {
            var verdict = Run(rule, packet);
            if (verdict.StartsWith("jump ", StringComparison.Ordinal) || verdict.StartsWith("goto ", StringComparison.Ordinal))
            {
                var inner = Judge(verdict[5..], packet);
                verdict = inner.Length == 0 && verdict[0] == 'g' ? "return" : inner;
            }

            if (verdict.Length > 0)
            {
                return verdict == "return" ? "" : verdict;
            }
        }

        return "";
    }

    // The verdict of a rule; empty: it does not match.
    private string Run(string rule, Packet packet)
    {
        var rest = rule;
        while (Condition().Match(rest) is { Success: true } condition)
        {
            var key = string.Join(" . ", condition.Groups[1].Value.Split(" . ").Select(packet.Value));
            var (verb, set) = (condition.Groups[2].Value, condition.Groups[3].Value);
            var found = Find(set, key);
            if (found is null || verb == "vmap ")
            {
                return found ?? "";
            }

            rest = rest[condition.Length..];
        }

        return rest is "ct state established,related accept" || rest.StartsWith("icmpv6 ", StringComparison.Ordinal) ? "" : rest;
    }

    private string? Find(string set, string key)
    {
        if (key.Contains('?', StringComparison.Ordinal))
        {
            return null;
        }

        var elements = set[0] == '@' ? _sets[set[1..]] : set[2..^2].Split(", ").ToDictionary(element => element, _ => "");
        return elements.TryGetValue(key, out var value) ? value : elements.Keys.Any(range => IsWithin(range, key)) ? "" : null;
    }

    private static bool IsWithin(string range, string key)
    {
        var (ranges, keys) = (range.Split(" . "), key.Split(" . "));
        return ranges.Length == keys.Length && ranges.Zip(keys).All(pair =>
        {
            var ends = pair.First.Split('-');
            return pair.First == pair.Second
                || (ends.Length == 2 && NumberOf(ends[0]) <= NumberOf(pair.Second) && NumberOf(pair.Second) <= NumberOf(ends[1]));
        });
    }

    private static UInt128 NumberOf(string text) =>
        UInt128.TryParse(text, out var number) ? number : ValueRange.NumberOf(IPAddress.Parse(text));

    private static void ForEachElement(string text, Action<string, string> action)
    {
        foreach (var element in text.Trim('{', '}', ' ').Split(", "))
        {
            var parts = element.Split(" : ");
            action(parts[0], parts.Length > 1 ? parts[1] : "");
        }
    }

    private static void Require(bool condition, string line)
    {
        if (!condition)
        {
            throw new InvalidOperationException($"the kernel would refuse: {line}");
        }
    }

    [GeneratedRegex(@"^(\w+) (\w+) inet [\w-]+ ?([\w-]*) ?(.*)$")]
    private static partial Regex Command();

    [GeneratedRegex(@"(?:jump|goto) ([\w-]+)")]
    private static partial Regex Target();

    [GeneratedRegex(@"@([\w-]+)")]
    private static partial Regex SetName();

    [GeneratedRegex(@"^((?:(?:ip|ip6) [sd]addr|meta l4proto|th dport)(?: \. (?:(?:ip|ip6) [sd]addr|meta l4proto|th dport))*) (vmap )?(@[\w-]+|\{ [^}]* \}) ?")]
    private static partial Regex Condition();

    private sealed record Packet(IPAddress From, IPAddress To, string Protocol, int Port)
    {
        public string Value(string field) => field switch
        {
            "meta l4proto" => Protocol,
            "th dport" => $"{Port}",
            _ => AddressFor(field),
        };

        private string AddressFor(string field)
        {
            var address = field.EndsWith("saddr", StringComparison.Ordinal) ? From : To;
            return address.AddressFamily == AddressFamily.InterNetworkV6 == field.StartsWith("ip6", StringComparison.Ordinal)
                ? address.ToString()
                : "?";
        }
    }
}
