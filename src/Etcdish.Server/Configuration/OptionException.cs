namespace Etcdish.Server.Configuration;

/// <summary>The command line, the environment or the configuration file asks for something impossible.</summary>
/// <param name="message">One line that says what to change.</param>
/// <param name="exitCode">Exit code of the process: 2 for a flag that cannot be read, 1 for a value that makes no sense.</param>
public sealed class OptionException(string message, int exitCode = 1) : Exception(message)
{
    /// <summary>Exit code of the process.</summary>
    public int ExitCode { get; } = exitCode;
}
