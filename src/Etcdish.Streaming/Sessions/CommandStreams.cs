using Microsoft.AspNetCore.Http;

namespace Etcdish.Streaming.Sessions;

/// <summary>Which streams a client wants of a command.</summary>
/// <param name="Stdin">It sends input.</param>
/// <param name="Stdout">It reads output.</param>
/// <param name="Stderr">It reads the output of errors.</param>
/// <param name="Tty">The command runs in a terminal.</param>
public sealed record CommandStreams(bool Stdin, bool Stdout, bool Stderr, bool Tty)
{
    /// <summary>Reads them from the query of a request to a kubelet, where 1 means yes. A terminal has one output.</summary>
    /// <exception cref="FormatException">It asks for no stream at all.</exception>
    public static CommandStreams Read(IQueryCollection query)
    {
        var tty = query["tty"] == "1";
        var streams = new CommandStreams(query["input"] == "1", query["output"] == "1", query["error"] == "1" && !tty, tty);
        return streams is { Stdin: false, Stdout: false, Stderr: false }
            ? throw new FormatException("you must specify at least 1 of stdin, stdout, stderr")
            : streams;
    }
}
