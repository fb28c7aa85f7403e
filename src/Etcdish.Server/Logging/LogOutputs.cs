using Etcdish.Server.Configuration;

namespace Etcdish.Server.Logging;

/// <summary>Opens the log that the options ask for.</summary>
internal static class LogOutputs
{
    /// <summary>Opens the outputs and starts the log.</summary>
    /// <exception cref="OptionException">A log file cannot be opened.</exception>
    public static ServerLog Open(ServerOptions options, TimeProvider clock)
    {
        var streams = new List<Stream>();
        foreach (string output in options.LogOutputs.Distinct(StringComparer.Ordinal))
        {
            streams.Add(output switch
            {
                "stderr" => Console.OpenStandardError(),
                "stdout" => Console.OpenStandardOutput(),
                _ => OpenFile(output),
            });
        }

        return new ServerLog(streams, Enum.Parse<LogLevel>(options.LogLevel, ignoreCase: true), options.ConsoleLog, clock);
    }

    private static FileStream OpenFile(string path)
    {
        try
        {
            return new FileStream(path, FileMode.Append, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            throw new OptionException($"cannot open --log-outputs {path}: {e.Message}");
        }
    }
}
