using System.CommandLine;
using System.Text.RegularExpressions;
using Etcdish.Client;
using Etcdish.Protos;
using Google.Protobuf;
using CompareResult = Etcdish.Protos.Compare.Types.CompareResult;

namespace Etcdish.Cli.Verbs;

/// <summary>etcdish kv txn: reads a transaction in etcdctl's notation from the standard input and runs it.</summary>
internal static partial class KvTxnVerb
{
    public static Command Command() => new Command(
        "txn",
        """
        Run a transaction from the standard input: conditions, a blank line, what to do when all hold, a blank line, what to do else.

        Example:
          etcdish kv txn <<END
          mod("foo") = "5"

          put foo bar

          get foo

          END
        """).WithClient(RunAsync);

    /// <summary>Reads a transaction.</summary>
    public static TxnRequest Parse(TextReader input)
    {
        var txn = new TxnRequest();
        txn.Compare.AddRange(Section(input).Select(ParseCompare));
        txn.Success.AddRange(Section(input).Select(ParseOperation));
        txn.Failure.AddRange(Section(input).Select(ParseOperation));
        return txn;
    }

    private static async Task RunAsync(EtcdClient client, ParseResult parsed, CancellationToken cancellation)
    {
        TxnResponse response = await client.Kv.TxnAsync(Parse(Console.In), cancellation);
        Console.WriteLine(response.Succeeded ? "SUCCESS" : "FAILURE");
        using Stream output = Console.OpenStandardOutput();
        foreach (ResponseOp answer in response.Responses)
        {
            Write(output, answer);
        }
    }

    private static void Write(Stream output, ResponseOp answer)
    {
        switch (answer.ResponseCase)
        {
            case ResponseOp.ResponseOneofCase.ResponseRange:
                foreach (KeyValue pair in answer.ResponseRange.Kvs)
                {
                    Output.WriteLine(output, pair.Key);
                    Output.WriteLine(output, pair.Value);
                }

                break;
            case ResponseOp.ResponseOneofCase.ResponseDeleteRange:
                Output.WriteLine(output, ByteString.CopyFromUtf8($"{answer.ResponseDeleteRange.Deleted}"));
                break;
            default:
                Output.WriteLine(output, ByteString.CopyFromUtf8("OK"));
                break;
        }
    }

    private static List<string> Section(TextReader input)
    {
        var lines = new List<string>();
        while (input.ReadLine()?.Trim() is { Length: > 0 } line)
        {
            lines.Add(line);
        }

        return lines;
    }

    private static Compare ParseCompare(string line)
    {
        Match match = ComparePattern().Match(line);
        if (!match.Success)
        {
            throw new CommandException($"\"{line}\" is not a condition such as mod(\"key\") = \"5\"");
        }

        ByteString key = ByteString.CopyFromUtf8(match.Groups["key"].Value);
        string text = match.Groups["value"].Value;
        CompareResult result = match.Groups["sign"].Value switch
        {
            "=" => CompareResult.Equal,
            "!=" => CompareResult.NotEqual,
            "<" => CompareResult.Less,
            _ => CompareResult.Greater,
        };
        return match.Groups["target"].Value switch
        {
            "create" or "c" => If.CreateRevision(key, result, Number(text)),
            "mod" or "m" => If.ModRevision(key, result, Number(text)),
            "version" or "ver" => If.Version(key, result, Number(text)),
            "lease" => If.Lease(key, result, Output.ParseHex(text)),
            _ => If.Value(key, result, ByteString.CopyFromUtf8(text)),
        };
    }

    private static RequestOp ParseOperation(string line)
    {
        string[] words = [.. WordPattern().Matches(line).Select(match => match.Groups["quoted"].Success
            ? match.Groups["quoted"].Value
            : match.Value)];
        return words switch
        {
            ["put", var key, var value] => Op.Put(ByteString.CopyFromUtf8(key), ByteString.CopyFromUtf8(value)),
            ["get", var key] => Op.Get(ByteString.CopyFromUtf8(key)),
            ["get", var key, "--prefix"] => Get(KeyRange.Prefix(key)),
            ["del", var key] => Op.Delete(KeyRange.One(key)),
            ["del", var key, "--prefix"] => Op.Delete(KeyRange.Prefix(key)),
            _ => throw new CommandException($"\"{line}\" is not put KEY VALUE, get KEY [--prefix] or del KEY [--prefix]"),
        };
    }

    private static RequestOp Get(KeyRange range) => Op.Range(new RangeRequest { Key = range.Key, RangeEnd = range.End });

    private static long Number(string text) =>
        long.TryParse(text, out long number) ? number : throw new CommandException($"\"{text}\" is not a whole number");

    [GeneratedRegex("""^(?<target>create|c|mod|m|version|ver|lease|value|val)\("(?<key>[^"]*)"\)\s*(?<sign>=|!=|<|>)\s*"(?<value>[^"]*)"$""")]
    private static partial Regex ComparePattern();

    [GeneratedRegex("""
        "(?<quoted>[^"]*)"|\S+
        """)]
    private static partial Regex WordPattern();
}
