using System.Diagnostics;
using Etcdish.Client;
using Etcdish.Rpc;

namespace Etcdish.Load.Comparing;

/// <summary>A server with its data in a folder of its own, alone or one of a cluster. It prints to <c>server.log</c> there.</summary>
internal sealed class ServerProcess : IDisposable
{
    private const long QuotaBytes = 8L << 30;
    private static readonly TimeSpan _startLimit = TimeSpan.FromSeconds(60);

    private readonly ServerProgram _program;
    private readonly string _folder;
    private readonly MemberPlace _place;
    private readonly string _cluster;
    private Process? _process;

    /// <summary>Prepares a server; it does not run yet.</summary>
    /// <param name="program">What to start.</param>
    /// <param name="folder">For its data and its output; made if need be.</param>
    /// <param name="place">Its name and addresses.</param>
    /// <param name="cluster">All members, <c>name=peerUrl,…</c>.</param>
    public ServerProcess(ServerProgram program, string folder, MemberPlace place, string cluster)
    {
        _program = program;
        _folder = folder;
        _place = place;
        _cluster = cluster;
        Directory.CreateDirectory(folder);
    }

    public Uri Endpoint => _place.Client;

    public int Pid => Running.Id;

    private Process Running => _process ?? throw new InvalidOperationException("the server was not started");

    /// <summary>Starts the server and returns after its first answer to a linearizable read, with the time that took.</summary>
    public async Task<TimeSpan> StartAsync(CancellationToken cancellationToken)
    {
        long start = Stopwatch.GetTimestamp();
        _process = Launch();
        await WaitForAnswerAsync(cancellationToken);
        return Stopwatch.GetElapsedTime(start);
    }

    /// <summary>Returns when the running server has answered a linearizable read.</summary>
    /// <exception cref="InvalidOperationException">It ended, or gave no answer for a minute; the message names its output.</exception>
    public async Task WaitForAnswerAsync(CancellationToken cancellationToken)
    {
        await using EtcdClient client = new(new EtcdClientOptions
        {
            Endpoints = [Endpoint.OriginalString],
            MaxAttempts = int.MaxValue,
            BackoffFloor = TimeSpan.FromMilliseconds(1),
            BackoffCeiling = TimeSpan.FromMilliseconds(2),
        });
        using CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(_startLimit);
        Task exit = Running.WaitForExitAsync(limit.Token);
        try
        {
            Task first = await Task.WhenAny(client.Kv.GetAsync("ready?", limit.Token), exit);
            await first;
        }
        catch (Exception e) when (e is OperationCanceledException or RpcException && !cancellationToken.IsCancellationRequested)
        {
            throw Failed($"gave no answer within {_startLimit.TotalSeconds} s", e);
        }

        await limit.CancelAsync();
        if (Running.HasExited)
        {
            throw Failed($"ended with exit code {Running.ExitCode}", null);
        }
    }

    /// <summary>Stops the process where it stands.</summary>
    public void Pause() => ProcessSignal.Send(Pid, ProcessSignal.Stop);

    public void Resume() => ProcessSignal.Send(Pid, ProcessSignal.Continue);

    /// <summary>Asks for an orderly end and waits for it.</summary>
    public async Task TerminateAsync(CancellationToken cancellationToken)
    {
        ProcessSignal.Send(Pid, ProcessSignal.Terminate);
        await Running.WaitForExitAsync(cancellationToken);
        Forget();
    }

    /// <summary>kill -9.</summary>
    public void Kill()
    {
        if (_process is not null)
        {
            _process.Kill(entireProcessTree: true);
            _process.WaitForExit();
            Forget();
        }
    }

    public void Dispose() => Kill();

    private void Forget()
    {
        _process?.Dispose();
        _process = null;
    }

    private InvalidOperationException Failed(string how, Exception? cause) =>
        new($"{_program.Name} {how}; see {Path.Combine(_folder, "server.log")}", cause);

    private Process Launch()
    {
        string client = Endpoint.OriginalString;
        string[] arguments =
        [
            .. _program.LeadingArguments,
            "--name", _place.Name,
            "--data-dir", Path.Combine(_folder, "data"),
            "--listen-client-urls", client,
            "--advertise-client-urls", client,
            "--listen-peer-urls", _place.PeerUrl,
            "--initial-advertise-peer-urls", _place.PeerUrl,
            "--initial-cluster", _cluster,
            "--quota-backend-bytes", QuotaBytes.ToString(),
            .. _program.Flags,
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
}
