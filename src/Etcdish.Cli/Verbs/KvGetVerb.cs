using System.CommandLine;
using Etcdish.Client;
using Etcdish.Protos;
using Google.Protobuf;

namespace Etcdish.Cli.Verbs;

/// <summary>etcdish kv get: prints a key or a range, key and value on a line each.</summary>
internal static class KvGetVerb
{
    private static readonly Argument<string> _key = new("key") { Description = "The key; an empty one with --prefix is all keys." };
    private static readonly Option<bool> _prefix = new("--prefix") { Description = "All keys that begin so." };
    private static readonly Option<bool> _fromKey = new("--from-key") { Description = "All keys from this one on." };
    private static readonly Option<long> _limit = new("--limit") { Description = "Most pairs to print." };
    private static readonly Option<long> _revision = new("--rev") { Description = "Read the past at this revision." };
    private static readonly Option<bool> _keysOnly = new("--keys-only") { Description = "Leave out the values." };
    private static readonly Option<bool> _countOnly = new("--count-only") { Description = "Print only how many there are." };
    private static readonly Option<bool> _serializable = new("--serializable") { Description = "A local, perhaps stale answer will do." };

    public static Command Command() => new Command(
        "get", "Print keys and values.\n\nExamples:\n  etcdish kv get foo\n  etcdish kv get /registry/ --prefix --keys-only --limit 10")
    {
        _key, _prefix, _fromKey, _limit, _revision, _keysOnly, _countOnly, _serializable,
    }.WithClient(RunAsync);

    /// <summary>The range that a key and the two range options mean.</summary>
    public static KeyRange Range(string key, bool isPrefix, bool isFromKey)
    {
        if (isPrefix && isFromKey)
        {
            throw new CommandException("--prefix and --from-key exclude each other");
        }

        if (isPrefix)
        {
            return key.Length == 0 ? KeyRange.All : KeyRange.Prefix(key);
        }

        if (isFromKey)
        {
            return key.Length == 0 ? KeyRange.All : KeyRange.From(ByteString.CopyFromUtf8(key));
        }

        return KeyRange.One(key);
    }

    private static async Task RunAsync(EtcdClient client, ParseResult parsed, CancellationToken cancellation)
    {
        KeyRange range = Range(parsed.GetRequiredValue(_key), parsed.GetValue(_prefix), parsed.GetValue(_fromKey));
        RangeResponse response = await client.Kv.RangeAsync(
            new RangeRequest
            {
                Key = range.Key,
                RangeEnd = range.End,
                Limit = parsed.GetValue(_limit),
                Revision = parsed.GetValue(_revision),
                KeysOnly = parsed.GetValue(_keysOnly),
                CountOnly = parsed.GetValue(_countOnly),
                Serializable = parsed.GetValue(_serializable),
            },
            cancellation);
        if (parsed.GetValue(_countOnly))
        {
            Console.WriteLine(response.Count);
            return;
        }

        using Stream output = Console.OpenStandardOutput();
        foreach (KeyValue pair in response.Kvs)
        {
            Output.WriteLine(output, pair.Key);
            if (!parsed.GetValue(_keysOnly))
            {
                Output.WriteLine(output, pair.Value);
            }
        }
    }
}
