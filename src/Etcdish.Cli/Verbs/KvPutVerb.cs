using System.CommandLine;
using Etcdish.Client;
using Etcdish.Protos;
using Google.Protobuf;

namespace Etcdish.Cli.Verbs;

/// <summary>etcdish kv put: sets a key; without a value on the command line it is read from the standard input.</summary>
internal static class KvPutVerb
{
    private static readonly Argument<string> _key = new("key") { Description = "The key." };
    private static readonly Argument<string?> _value = new("value")
    {
        Description = "The value; left out, it is what comes on the standard input.",
        Arity = ArgumentArity.ZeroOrOne,
    };

    private static readonly Option<string?> _lease = new("--lease") { Description = "Lease to attach to, in hexadecimal." };

    public static Command Command() => new Command(
        "put", "Set a key.\n\nExamples:\n  etcdish kv put foo bar\n  etcdish kv put big < file")
    {
        _key, _value, _lease,
    }.WithClient(RunAsync);

    private static async Task RunAsync(EtcdClient client, ParseResult parsed, CancellationToken cancellation)
    {
        using Stream input = Console.OpenStandardInput();
        ByteString value = parsed.GetValue(_value) is { } text
            ? ByteString.CopyFromUtf8(text)
            : await ByteString.FromStreamAsync(input, cancellation);
        await client.Kv.PutAsync(
            new PutRequest
            {
                Key = ByteString.CopyFromUtf8(parsed.GetRequiredValue(_key)),
                Value = value,
                Lease = parsed.GetValue(_lease) is { } lease ? Output.ParseHex(lease) : 0,
            },
            cancellation);
        Console.WriteLine("OK");
    }
}
