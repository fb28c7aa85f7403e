using System.CommandLine;
using Etcdish.Client;
using Etcdish.Protos;

namespace Etcdish.Cli.Verbs;

/// <summary>etcdish kv del: deletes a key or a range and prints how many there were.</summary>
internal static class KvDelVerb
{
    private static readonly Argument<string> _key = new("key") { Description = "The key." };
    private static readonly Option<bool> _prefix = new("--prefix") { Description = "All keys that begin so." };
    private static readonly Option<bool> _fromKey = new("--from-key") { Description = "All keys from this one on." };

    public static Command Command() => new Command(
        "del", "Delete keys.\n\nExamples:\n  etcdish kv del foo\n  etcdish kv del /tmp/ --prefix")
    {
        _key, _prefix, _fromKey,
    }.WithClient(RunAsync);

    private static async Task RunAsync(EtcdClient client, ParseResult parsed, CancellationToken cancellation)
    {
        KeyRange range = KvGetVerb.Range(parsed.GetRequiredValue(_key), parsed.GetValue(_prefix), parsed.GetValue(_fromKey));
        DeleteRangeResponse response = await client.Kv.DeleteAsync(range, cancellation);
        Console.WriteLine(response.Deleted);
    }
}
