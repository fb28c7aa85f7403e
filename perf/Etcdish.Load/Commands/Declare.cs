using System.CommandLine;
using Etcdish.Load.Comparing;

namespace Etcdish.Load.Commands;

/// <summary>Options as the commands declare them, and those that several commands have.</summary>
internal static class Declare
{
    /// <summary>An option that may be left out.</summary>
    public static Option<T> Option<T>(string name, string description, T standard) =>
        new(name) { Description = description, DefaultValueFactory = _ => standard };

    /// <summary>An option without a standard value.</summary>
    public static Option<T?> Optional<T>(string name, string description) => new(name) { Description = description };

    /// <summary>Where servers that the command starts keep their data.</summary>
    public static Option<string> Folder(string command) => Option(
        "--folder",
        "where the servers keep their data; on the disk that is to be measured",
        Path.Combine(Path.GetTempPath(), $"etcdish-{command}-{Environment.ProcessId}"));

    public static Option<double> Duration() => Option("--duration", "measured seconds", 10.0);

    public static Option<int> KeySpace(int standard) => Option("--key-space", "number of different keys", standard);

    public static Option<int> ValueSize() => Option("--value-size", "bytes of a value", 256);

    public static Option<int> Nodes(int standard) => Option("--nodes", "members of a cluster; clients are spread over all", standard);

    /// <summary>Which server to start; read it with <see cref="Program"/>.</summary>
    public static Option<string> Server() =>
        Option("--server", "etcd, etcdish, or a path to an executable that is run as \"<path> server\"", "etcdish");

    /// <exception cref="ArgumentException">Our executable was not built.</exception>
    public static ServerProgram Program(string server) => server switch
    {
        "etcd" => ServerProgram.Etcd("etcd"),
        "etcdish" => ServerProgram.Etcdish(null),
        _ => ServerProgram.Etcdish(server),
    };
}
