namespace Etcdish.Testing;

/// <summary>
/// A server of the etcd v3 API in a process of its own, on one data directory and fixed ports. It may be stopped and started many
/// times; clients find it at the same address each time.
/// </summary>
public abstract class ServerProcess : IDisposable
{
    private const string ReadyLine = "ready to serve client requests";
    private static readonly TimeSpan _startLimit = TimeSpan.FromSeconds(30);
    private readonly TemporaryFolder? _ownFolder;
    private ChildProcess? _process;
    private volatile bool _paused;

    protected ServerProcess(string? dataDirectory)
    {
        _ownFolder = dataDirectory is null ? new TemporaryFolder() : null;
        DataDirectory = dataDirectory ?? _ownFolder!.File("data");
        ClientPort = FreePorts.Take();
        PeerPort = FreePorts.Take();
    }

    /// <summary>What the server is called in messages.</summary>
    public abstract string Name { get; }

    public string DataDirectory { get; }

    public int ClientPort { get; }

    public int PeerPort { get; }

    /// <summary>The address that the server listens on.</summary>
    public string Host { get; set; } = "127.0.0.1";

    /// <summary>For clients that want a URL.</summary>
    public string ClientUrl => $"http://{Host}:{ClientPort}";

    /// <summary>Where the other members of its cluster find it.</summary>
    public string PeerUrl => $"{PeerScheme}://{Host}:{PeerPort}";

    /// <summary>https for members that are given certificates for each other.</summary>
    public string PeerScheme { get; init; } = "http";

    /// <summary>Its name in its cluster.</summary>
    public string MemberName { get; set; } = "default";

    /// <summary>All members of its cluster, <c>name=peerUrl,…</c>; null when it is alone.</summary>
    public string? InitialCluster { get; set; }

    /// <summary>Whether it joins a cluster that runs already, where it was announced, instead of founding one.</summary>
    public bool JoinsExistingCluster { get; set; }

    /// <summary>Further flags, used from the next start on.</summary>
    public IReadOnlyList<string> ExtraArguments { get; set; } = [];

    /// <summary>
    /// A program and its arguments that run the server, such as <c>strace -D …</c>, used from the next start on. The process that is
    /// started must become the server.
    /// </summary>
    public IReadOnlyList<string> Launcher { get; set; } = [];

    public IReadOnlyDictionary<string, string> EnvironmentVariables { get; set; } = new Dictionary<string, string>();

    /// <summary>The running process, or the last one after it ended.</summary>
    public ChildProcess Process => _process ?? throw new InvalidOperationException($"{Name} was not started");

    /// <summary>Whether it runs and was not stopped where it stands.</summary>
    public bool IsServing => _process is { HasExited: false } && !_paused;

    protected abstract string Executable { get; }

    protected abstract IEnumerable<string> Arguments { get; }

    /// <summary>The flags of etcd that say where it stores, listens and belongs.</summary>
    protected IEnumerable<string> PlaceFlags =>
    [
        "--name", MemberName,
        "--data-dir", DataDirectory,
        "--listen-client-urls", ClientUrl,
        "--advertise-client-urls", ClientUrl,
        "--listen-peer-urls", PeerUrl,
        "--initial-advertise-peer-urls", PeerUrl,
        "--initial-cluster", InitialCluster ?? $"{MemberName}={PeerUrl}",
        "--initial-cluster-state", JoinsExistingCluster ? "existing" : "new",
    ];

    /// <summary>Starts the server and returns when it says that it is ready.</summary>
    public void Start()
    {
        Launch();
        WaitUntilReady();
    }

    /// <summary>Returns when a launched server has said that it is ready.</summary>
    public void WaitUntilReady()
    {
        if (!Process.StandardError.Wait(text => text.Contains(ReadyLine, StringComparison.Ordinal), _startLimit))
            throw new InvalidOperationException($"{Name} did not become ready: {Process.Describe()}");
    }

    /// <summary>Starts the server without waiting: for tests of a start that must fail.</summary>
    public ChildProcess Launch()
    {
        if (_process is { HasExited: false })
            throw new InvalidOperationException($"{Name} runs already");
        _process?.Dispose();
        _paused = false;
        string[] command = [.. Launcher, Executable, .. Arguments, .. ExtraArguments];
        return _process = ChildProcess.Start(command[0], command[1..], EnvironmentVariables);
    }

    /// <summary>kill -9, then waits until the process is gone.</summary>
    public void Kill() => Process.Kill();

    /// <summary>Stops the process where it stands; it notices nothing.</summary>
    public void Pause()
    {
        _paused = true;
        Process.Send(Signal.Stop);
    }

    public void Resume()
    {
        Process.Send(Signal.Continue);
        _paused = false;
    }

    /// <summary>Asks for an orderly end and returns the exit code.</summary>
    public int Terminate(TimeSpan? limit = null)
    {
        Process.Send(Signal.Terminate);
        return Process.WaitForExit(limit ?? TimeSpan.FromSeconds(20));
    }

    /// <summary>Kills and starts again on the same data and ports.</summary>
    public void Restart()
    {
        Kill();
        Start();
    }

    /// <summary>Deletes all that the server has stored; it must not run.</summary>
    public void WipeData()
    {
        if (_process is { HasExited: false })
            throw new InvalidOperationException($"{Name} still runs on {DataDirectory}");
        if (Directory.Exists(DataDirectory))
            Directory.Delete(DataDirectory, recursive: true);
    }

    public void Dispose()
    {
        GC.SuppressFinalize(this);
        _process?.Dispose();
        _ownFolder?.Dispose();
    }
}
