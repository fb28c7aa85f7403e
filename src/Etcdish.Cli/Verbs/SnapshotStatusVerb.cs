using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Etcdish.Server.Snapshot;

namespace Etcdish.Cli.Verbs;

/// <summary>etcdish snapshot status: verifies a snapshot and prints the numbers that etcdutl prints.</summary>
internal static class SnapshotStatusVerb
{
    private const string Help = """
        Verify a snapshot file and print its hash, revision, number of keys and size. No server is asked.

        Examples:
          etcdish snapshot status backup.db
          etcdish snapshot status backup.db -w json
        """;

    private static readonly Argument<string> _path = SnapshotVerb.File();
    private static readonly Option<bool> _skipHashCheck = SnapshotVerb.SkipHashCheck();
    private static readonly Option<string> _format = Format();

    public static Command Command() => new Command("status", Help) { _path, _format, _skipHashCheck }.Offline(Show);

    private static Option<string> Format()
    {
        var format = new Option<string>("--write-out", "-w") { Description = "How to print.", DefaultValueFactory = _ => "table" };
        format.AcceptOnlyFromAmong("table", "json");
        return format;
    }

    private static void Show(ParseResult parsed, CancellationToken cancellation)
    {
        SnapshotStatus status = SnapshotStatus.Of(parsed.GetRequiredValue(_path), parsed.GetValue(_skipHashCheck));
        Console.WriteLine(parsed.GetRequiredValue(_format) == "json" ? Json(status) : Table(status));
    }

    private static string Json(SnapshotStatus status) => new JsonObject
    {
        ["hash"] = status.Hash,
        ["revision"] = status.Revision,
        ["totalKey"] = status.TotalKeys,
        ["totalSize"] = status.TotalSize,
        ["version"] = status.Version,
    }.ToJsonString();

    private static string Table(SnapshotStatus status)
    {
        string[] titles = ["HASH", "REVISION", "TOTAL KEYS", "TOTAL SIZE", "STORAGE VERSION"];
        string[] cells =
        [
            status.Hash.ToString("x8", CultureInfo.InvariantCulture),
            status.Revision.ToString(CultureInfo.InvariantCulture),
            status.TotalKeys.ToString(CultureInfo.InvariantCulture),
            status.TotalSize.ToString(CultureInfo.InvariantCulture) + " B",
            status.Version,
        ];
        int[] widths = [.. titles.Zip(cells, (title, cell) => Math.Max(title.Length, cell.Length))];
        string rule = "+" + string.Concat(widths.Select(width => new string('-', width + 2) + "+"));
        return string.Join('\n', rule, Row(titles, widths), rule, Row(cells, widths), rule);
    }

    private static string Row(string[] cells, int[] widths) =>
        "|" + string.Concat(cells.Zip(widths, (cell, width) => $" {cell.PadLeft(width)} |"));
}
