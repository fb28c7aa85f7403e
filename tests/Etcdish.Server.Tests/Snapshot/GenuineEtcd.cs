using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;

namespace Etcdish.Server.Tests.Snapshot;

/// <summary>Debian's etcd and etcdctl: the judges of our snapshots.</summary>
internal sealed class GenuineEtcd : IDisposable
{
    private readonly Process _process;

    private GenuineEtcd(Process process, string endpoint)
    {
        _process = process;
        Endpoint = endpoint;
    }

    public string Endpoint { get; }

    /// <summary>Skips the test when the tools are missing, or fails it when ETCDISH_REQUIRE_TOOLS=1.</summary>
    public static void Require()
    {
        if (IsOnPath("etcd") && IsOnPath("etcdctl"))
            return;
        const string Message = "etcd and etcdctl are missing: apt-get install etcd-client etcd-server";
        if (Environment.GetEnvironmentVariable("ETCDISH_REQUIRE_TOOLS") == "1")
            Assert.Fail(Message);
        Assert.Ignore(Message);
    }

    /// <summary>Starts etcd on a data directory (new or restored) and waits until it serves.</summary>
    public static GenuineEtcd Start(string dataDirectory)
    {
        (int client, int peer) = FreePorts();
        string endpoint = $"http://127.0.0.1:{client}";
        ProcessStartInfo start = Command("etcd",
            "--data-dir", dataDirectory,
            "--listen-client-urls", endpoint, "--advertise-client-urls", endpoint,
            "--listen-peer-urls", $"http://127.0.0.1:{peer}",
            "--unsafe-no-fsync");
        using var ready = new ManualResetEventSlim();
        var process = new Process { StartInfo = start };
        var log = new List<string>();
        DataReceivedEventHandler onLine = (_, line) =>
        {
            if (line.Data is null)
                return;
            lock (log)
                log.Add(line.Data);
            if (line.Data.Contains("serving insecure client requests", StringComparison.Ordinal))
                ready.Set();
        };
        process.OutputDataReceived += onLine;
        process.ErrorDataReceived += onLine;
        process.Start();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        bool started = ready.Wait(TimeSpan.FromSeconds(20));
        process.OutputDataReceived -= onLine;
        process.ErrorDataReceived -= onLine;
        if (started)
            return new GenuineEtcd(process, endpoint);
        process.Kill();
        lock (log)
            throw new InvalidOperationException("etcd does not start:\n" + string.Join('\n', log));
    }

    /// <summary>Runs etcdctl against this server and expects success.</summary>
    public string Ctl(params string[] arguments) => Run("etcdctl", ["--endpoints", Endpoint, .. arguments]).Expect(0);

    /// <summary>Runs etcdctl and parses what it prints as JSON.</summary>
    public JsonElement CtlJson(params string[] arguments) => JsonDocument.Parse(Ctl([.. arguments, "-w", "json"])).RootElement;

    /// <summary>Runs a tool to its end.</summary>
    public static ToolResult Run(string tool, params string[] arguments) => RunWithInput("", tool, arguments);

    /// <summary>Runs a tool to its end, with something to read.</summary>
    public static ToolResult RunWithInput(string input, string tool, params string[] arguments)
    {
        ProcessStartInfo start = Command(tool, arguments);
        start.RedirectStandardInput = true;
        using Process process = Process.Start(start)!;
        process.StandardInput.Write(input);
        process.StandardInput.Close();
        Task<string> error = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return new ToolResult(process.ExitCode, output, error.Result);
    }

    public void Dispose()
    {
        _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
    }

    private static ProcessStartInfo Command(string tool, params string[] arguments)
    {
        var start = new ProcessStartInfo(tool, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (string name in start.Environment.Keys.Where(name => name.StartsWith("ETCD", StringComparison.Ordinal)).ToList())
            start.Environment.Remove(name);
        start.Environment["ETCDCTL_API"] = "3";
        return start;
    }

    private static bool IsOnPath(string tool) => (Environment.GetEnvironmentVariable("PATH") ?? "")
        .Split(Path.PathSeparator).Any(directory => File.Exists(Path.Combine(directory, tool)));

    private static (int Client, int Peer) FreePorts()
    {
        using var first = new TcpListener(IPAddress.Loopback, 0);
        using var second = new TcpListener(IPAddress.Loopback, 0);
        first.Start();
        second.Start();
        return (((IPEndPoint)first.LocalEndpoint).Port, ((IPEndPoint)second.LocalEndpoint).Port);
    }
}

/// <summary>How a tool ended and what it said.</summary>
internal sealed record ToolResult(int ExitCode, string Output, string Error)
{
    /// <summary>Its output, when it ended as expected; fails the test otherwise.</summary>
    public string Expect(int exitCode)
    {
        Assert.That(ExitCode, Is.EqualTo(exitCode), Output + Error);
        return Output;
    }
}
