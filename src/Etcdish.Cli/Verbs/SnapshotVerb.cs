using System.CommandLine;

namespace Etcdish.Cli.Verbs;

/// <summary>etcdish snapshot: a server's state as a file, which etcd's tools read as well, and back.</summary>
internal static class SnapshotVerb
{
    public static Command Command() => new("snapshot", "Save, inspect and restore snapshots of etcd or etcdish.")
    {
        SnapshotSaveVerb.Command(), SnapshotStatusVerb.Command(), SnapshotRestoreVerb.Command(),
    };

    /// <summary>The argument that all of them have.</summary>
    public static Argument<string> File() => new("file") { Description = "The snapshot's file." };

    /// <summary>For files that were not saved by a client.</summary>
    public static Option<bool> SkipHashCheck() => new("--skip-hash-check")
    {
        Description = "Take a file without checksum, such as member/snap/db of a stopped etcd.",
    };

    /// <summary>A verb that works on files alone: exit code 0, or one line of error and 1.</summary>
    public static Command Offline(this Command command, Action<ParseResult, CancellationToken> run)
    {
        command.SetAction((parsed, cancellation) => Task.Run(() => Run(parsed, run, cancellation), CancellationToken.None));
        return command;
    }

    private static int Run(ParseResult parsed, Action<ParseResult, CancellationToken> run, CancellationToken cancellation)
    {
        try
        {
            run(parsed, cancellation);
            return 0;
        }
        catch (OperationCanceledException)
        {
            Console.Error.WriteLine("etcdish: interrupted; nothing was left behind");
        }
        catch (Exception e) when (e
            is IOException or InvalidDataException or UnauthorizedAccessException or ArgumentException or FormatException)
        {
            Console.Error.WriteLine("etcdish: " + e.Message);
        }

        return 1;
    }
}
