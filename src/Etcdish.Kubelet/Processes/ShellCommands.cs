using System.Diagnostics;
using System.Globalization;
using Etcdish.Kubelet.Runtime;

namespace Etcdish.Kubelet.Processes;

/// <summary>Starts shells, in sessions of their own and without this process's environment.</summary>
internal static class ShellCommands
{
    private const string Started = "started ";

    /// <summary>How to start a shell: its script and the script's name and arguments.</summary>
    public static ProcessStartInfo Start(IEnumerable<string> words)
    {
        var start = new ProcessStartInfo("setsid", ["/bin/sh", "-c", .. words]) { UseShellExecute = false };
        start.Environment.Clear();
        start.Environment["PATH"] = StartScript.DefaultPath;

        // What script(1) runs its command with.
        start.Environment["SHELL"] = "/bin/sh";
        return start;
    }

    /// <summary>Starts it.</summary>
    /// <exception cref="RuntimeException">It cannot be started.</exception>
    public static Process Launch(ProcessStartInfo start)
    {
        try
        {
            return Process.Start(start)!;
        }
        catch (System.ComponentModel.Win32Exception e)
        {
            throw new RuntimeException($"cannot start a process: {e.Message}", inner: e);
        }
    }

    /// <summary>Reads how a start went.</summary>
    public static async Task<StartOutcome> ReadStartAsync(StreamReader reader)
    {
        List<string> said = [];
        while (await reader.ReadLineAsync() is { } line)
        {
            if (line.StartsWith(Started, StringComparison.Ordinal))
            {
                return new StartOutcome(int.Parse(line.AsSpan(Started.Length), CultureInfo.InvariantCulture), null);
            }

            said.Add(line);
        }

        return new StartOutcome(0, said.Count > 0 ? string.Join('\n', said) : "it ended before it was started");
    }
}

/// <summary>How a start went.</summary>
/// <param name="Process">The process that becomes the command; 0: there is none.</param>
/// <param name="Failure">What went wrong; null: nothing.</param>
internal readonly record struct StartOutcome(int Process, string? Failure);
