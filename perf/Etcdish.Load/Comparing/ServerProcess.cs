using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Etcdish.Client;
using Etcdish.Rpc;

namespace Etcdish.Load.Comparing;

/// <summary>A server with its data in a folder of its own, on ports that were free. It prints to <c>server.log</c> there.</summary>
internal sealed class ServerProcess : IDisposable
{
    private const long QuotaBytes = 8L << 30;
    private static readonly TimeSpan _startLimit = TimeSpan.FromSeconds(60);

    private readonly ServerProgram _program;
    private readonly string _folder;
    private readonly int _clientPort;
    private readonly int _peerPort;
    private Process? _process;

    public ServerProcess(ServerProgram program, string folder)
    {
        _program = program;
        _folder = folder;
        Directory.CreateDirectory(folder);
        (_clientPort, _peerPort) = FreePorts();
    }

    public Uri Endpoint => new($"http://127.0.0.1:{_clientPort}");

    public int Pid => (_process ?? throw new InvalidOperationException("the server was not started")).Id;

    /// <summary>Starts the server and returns after its first answer to a linearizable read, with the time that took.</summary>
    public async Task<TimeSpan> StartAsync(CancellationToken cancellationToken)
    {
        long start = Stopwatch.GetTimestamp();
        _process = Launch();
        await using EtcdClient client = new(new EtcdClientOptions
        {
            Endpoints = [Endpoint.OriginalString],
            MaxAttempts = int.MaxValue,
            BackoffFloor = TimeSpan.FromMilliseconds(1),
            BackoffCeiling = TimeSpan.FromMilliseconds(2),
        });
        using CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(_startLimit);
        Task exit = _process.WaitForExitAsync(limit.Token);
        try
        {
            Task first = await Task.WhenAny(client.Kv.GetAsync("ready?", limit.Token), exit);
            await first;
        }
        catch (Exception e) when (e is OperationCanceledException or RpcException && !cancellationToken.IsCancellationRequested)
        {
            throw StartFailed($"gave no answer within {_startLimit.TotalSeconds} s", e);
        }

        TimeSpan elapsed = Stopwatch.GetElapsedTime(start);
        await limit.CancelAsync();
        return _process.HasExited ? throw StartFailed($"ended with exit code {_process.ExitCode}", null) : elapsed;
    }

    /// <summary>kill -9.</summary>
    public void Kill()
    {
        if (_process is not null)
        {
            _process.Kill(entireProcessTree: true);
            _process.WaitForExit();
            _process.Dispose();
            _process = null;
        }
    }

    public void Dispose() => Kill();

    private InvalidOperationException StartFailed(string how, Exception? cause) =>
        new($"{_program.Name} {how}; see {Path.Combine(_folder, "server.log")}", cause);

    private Process Launch()
    {
        string client = Endpoint.OriginalString;
        string peer = $"http://127.0.0.1:{_peerPort}";
        string[] arguments =
        [
            .. _program.LeadingArguments,
            "--data-dir", Path.Combine(_folder, "data"),
            "--listen-client-urls", client,
            "--advertise-client-urls", client,
            "--listen-peer-urls", peer,
            "--initial-advertise-peer-urls", peer,
            "--initial-cluster", $"default={peer}",
            "--quota-backend-bytes", QuotaBytes.ToString(),
        ];
        // The shell sends the output to a file, so that nothing of it passes through the generator; exec keeps the process id.
        ProcessStartInfo start = new("/bin/sh") { ArgumentList = { "-c", "log=\"$1\"; shift; exec \"$@\" >>\"$log\" 2>&1", "sh" } };
        start.ArgumentList.Add(Path.Combine(_folder, "server.log"));
        start.ArgumentList.Add(_program.Executable);
        foreach (string argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        return Process.Start(start)!;
    }

    private static (int Client, int Peer) FreePorts()
    {
        using Socket first = BindAny();
        using Socket second = BindAny();
        return (((IPEndPoint)first.LocalEndPoint!).Port, ((IPEndPoint)second.LocalEndPoint!).Port);
    }

    private static Socket BindAny()
    {
        Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return socket;
    }
}
