using System.Text.Json.Nodes;

namespace Etcdish.Streaming.Sessions;

/// <summary>How a command ended.</summary>
public sealed class CommandResult
{
    private readonly int _exitCode;
    private readonly string? _failure;

    private CommandResult(int exitCode, string? failure)
    {
        _exitCode = exitCode;
        _failure = failure;
    }

    /// <summary>It ran and ended by itself. Code 0 is success.</summary>
    public static CommandResult Exited(int exitCode) => new(exitCode, null);

    /// <summary>It could not be run, or not to its end.</summary>
    public static CommandResult Failed(string reason) => new(0, reason);

    /// <summary>As clients before version 4 read it: a text, or nothing for success.</summary>
    internal string ToText()
    {
        return _failure is not null ? $"Internal error occurred: {FailureText}" : _exitCode == 0 ? "" : ExitText;
    }

    /// <summary>As a Status object.</summary>
    internal JsonObject ToStatus()
    {
        if (_failure is null && _exitCode == 0)
        {
            return new JsonObject { ["metadata"] = new JsonObject(), ["status"] = "Success" };
        }

        var status = new JsonObject { ["metadata"] = new JsonObject(), ["status"] = "Failure" };
        if (_failure is not null)
        {
            status["message"] = ToText();
            status["reason"] = "InternalError";
            status["details"] = Details(new JsonObject { ["message"] = FailureText });
            status["code"] = 500;
            return status;
        }

        status["message"] = ExitText;
        status["reason"] = "NonZeroExitCode";
        status["details"] = Details(new JsonObject { ["reason"] = "ExitCode", ["message"] = $"{_exitCode}" });
        return status;
    }

    private string ExitText => $"command terminated with non-zero exit code: exit status {_exitCode}";

    private string FailureText => $"error executing command in container: {_failure}";

    private static JsonObject Details(JsonObject cause) => new() { ["causes"] = new JsonArray(cause) };
}
