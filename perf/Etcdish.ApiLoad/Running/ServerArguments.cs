using System.CommandLine;

namespace Etcdish.ApiLoad.Running;

/// <summary>The options that say which server is measured, and where it keeps its data.</summary>
internal sealed class ServerArguments
{
    public Option<string> Executable { get; } = new("--server")
    {
        Description = "the executable that is run as \"<path> up\"",
        DefaultValueFactory = _ => UpServer.BuiltExecutable(),
    };

    public Option<string> Folder { get; } = new("--folder")
    {
        Description = "where servers keep their data; on the disk that is to be measured",
        DefaultValueFactory = _ => Path.Combine(Path.GetTempPath(), $"etcdish-api-load-{Environment.ProcessId}"),
    };

    /// <summary>A server that is not started yet.</summary>
    public UpServer Make(ParseResult parsed, string name) =>
        new(parsed.GetRequiredValue(Executable), Path.Combine(parsed.GetRequiredValue(Folder), name));
}
