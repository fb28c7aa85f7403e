using System.Text;

namespace Etcdish.Testing;

/// <summary>The unmodified etcdctl, speaking API 3 to one endpoint. Outputs are Latin-1, see <see cref="CapturedText"/>.</summary>
public sealed class EtcdCtl(string endpoint)
{
    private static readonly Dictionary<string, string> _environment = new() { ["ETCDCTL_API"] = "3" };
    private readonly string _program = Tools.EtcdCtl();

    /// <summary>The endpoint that is passed to every command.</summary>
    public string Endpoint => endpoint;

    /// <summary>Runs one command to its end.</summary>
    public CommandResult Run(IEnumerable<string> arguments, string stdin = "", TimeSpan? limit = null)
    {
        using ChildProcess process = Start(arguments);
        Feed(process, stdin);
        int exitCode = process.WaitForExit(limit ?? TimeSpan.FromSeconds(30));
        return new CommandResult(exitCode, process.StandardOutput.Text, process.StandardError.Text);
    }

    /// <summary>Runs one command whose arguments hold no spaces.</summary>
    public CommandResult Run(string arguments) => Run(arguments.Split(' ', StringSplitOptions.RemoveEmptyEntries));

    /// <summary>Starts a command that goes on, such as a watch; the caller disposes it.</summary>
    public ChildProcess Start(IEnumerable<string> arguments) =>
        ChildProcess.Start(_program, ["--endpoints", endpoint, .. arguments], _environment);

    private static void Feed(ChildProcess process, string stdin)
    {
        try
        {
            process.StandardInput.BaseStream.Write(Encoding.Latin1.GetBytes(stdin));
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // The command refused its arguments and ended before it read its input; its exit code and stderr say so.
        }
    }
}
