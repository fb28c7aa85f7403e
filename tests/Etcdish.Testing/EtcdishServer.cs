namespace Etcdish.Testing;

/// <summary><c>etcdish server</c> as built beside the running tests, in the same configuration.</summary>
public sealed class EtcdishServer(string? dataDirectory = null) : ServerProcess(dataDirectory)
{
    public override string Name => "etcdish";

    /// <summary>The executable of the command line project.</summary>
    public static string ExecutablePath { get; } = FindExecutable();

    protected override string Executable => ExecutablePath;

    protected override IEnumerable<string> Arguments => ["server", .. PlaceFlags];

    private static string FindExecutable()
    {
        // …/tests/<project>/bin/<configuration>/<framework>/
        var output = new DirectoryInfo(AppContext.BaseDirectory);
        string framework = output.Name;
        string configuration = output.Parent!.Name;
        return Path.Combine(RepositoryRoot.Find(), "src", "Etcdish.Cli", "bin", configuration, framework, "etcdish");
    }
}
