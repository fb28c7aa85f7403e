using System.CommandLine;
using Etcdish.Client;
using Etcdish.Protos;

namespace Etcdish.Cli.Verbs;

/// <summary>etcdish kv watch: prints each change as it happens, until it is stopped.</summary>
internal static class KvWatchVerb
{
    private static readonly Argument<string> _key = new("key") { Description = "The key." };
    private static readonly Option<bool> _prefix = new("--prefix") { Description = "All keys that begin so." };
    private static readonly Option<bool> _fromKey = new("--from-key") { Description = "All keys from this one on." };
    private static readonly Option<long> _revision = new("--rev") { Description = "Begin with the changes of this revision." };
    private static readonly Option<bool> _previous = new("--prev-kv") { Description = "Print what was there before, too." };

    public static Command Command() => new Command(
        "watch", "Print changes as they happen.\n\nExamples:\n  etcdish kv watch foo\n  etcdish kv watch /registry/ --prefix --rev 100")
    {
        _key, _prefix, _fromKey, _revision, _previous,
    }.WithClientEndless(RunAsync);

    private static async Task RunAsync(EtcdClient client, ParseResult parsed, CancellationToken cancellation)
    {
        KeyRange range = KvGetVerb.Range(parsed.GetRequiredValue(_key), parsed.GetValue(_prefix), parsed.GetValue(_fromKey));
        Watcher watcher = client.Watch.Watch(new WatchCreateRequest
        {
            Key = range.Key,
            RangeEnd = range.End,
            StartRevision = parsed.GetValue(_revision),
            PrevKv = parsed.GetValue(_previous),
        });
        using Stream output = Console.OpenStandardOutput();
        await foreach (WatchResponse response in watcher.WithCancellation(cancellation))
        {
            foreach (Event change in response.Events)
            {
                Write(output, change);
            }

            await output.FlushAsync(cancellation);
        }
    }

    private static void Write(Stream output, Event change)
    {
        bool isPut = change.Type == Event.Types.EventType.Put;
        output.Write(isPut ? "PUT\n"u8 : "DELETE\n"u8);
        if (change.PrevKv is { } previous)
        {
            Output.WriteLine(output, previous.Key);
            Output.WriteLine(output, previous.Value);
        }

        Output.WriteLine(output, change.Kv.Key);
        if (isPut)
        {
            Output.WriteLine(output, change.Kv.Value);
        }
    }
}
