using System.Collections;
using System.Runtime.InteropServices;
using Etcdish.Cluster;
using Etcdish.Server.Configuration;

namespace Etcdish.Server;

/// <summary>
/// The program <c>etcdish server</c>: reads the options, serves until a signal comes, and ends with a code that says why.
/// </summary>
public static class ServerProcess
{
    private const string Advice = "data-dir used by this member must be removed";

    /// <summary>Exit code after a clean stop, also when it is because the member was removed from its cluster.</summary>
    public const int Stopped = 0;

    /// <summary>Exit code when the server could not start.</summary>
    public const int CouldNotStart = 1;

    /// <summary>
    /// Exit code when the node failed: a failed sync, damaged data, an impossible state (sysexits' EX_IOERR). A supervisor may restart it
    /// once; if it comes back with the same code, the disk wants looking at.
    /// </summary>
    public const int NodeFailed = 74;

    /// <summary>Runs to the end.</summary>
    /// <param name="arguments">Arguments after the verb.</param>
    /// <returns>The exit code.</returns>
    public static async Task<int> RunAsync(IReadOnlyList<string> arguments)
    {
        ParsedCommandLine parsed;
        try
        {
            parsed = ServerOptionsParser.Parse(arguments, Variables());
        }
        catch (OptionException e)
        {
            await Console.Error.WriteLineAsync("etcdish server: " + e.Message).ConfigureAwait(false);
            return e.ExitCode;
        }

        if (parsed.Options is { } options)
        {
            return await ServeAsync(options, parsed.Warnings).ConfigureAwait(false);
        }

        string answer = parsed.WantsVersion
            ? $"etcd Version: {ServerVersion.Api}\nEtcdish Version: {ServerVersion.Product}\nRuntime: {RuntimeInformation.FrameworkDescription}\n"
                + $"OS/Arch: {RuntimeInformation.RuntimeIdentifier}\n"
            : ServerUsage.Text;
        await Console.Out.WriteAsync(answer).ConfigureAwait(false);
        return Stopped;
    }

    private static async Task<int> ServeAsync(ServerOptions options, IReadOnlyList<string> warnings)
    {
        var signal = new TaskCompletionSource<PosixSignal>(TaskCreationOptions.RunContinuationsAsynchronously);
        using var starting = new CancellationTokenSource();
        using PosixSignalRegistration interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, OnSignal);
        using PosixSignalRegistration terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, OnSignal);
        EtcdServer server;
        try
        {
            server = await EtcdServer.StartAsync(options, starting.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (signal.Task.IsCompleted)
        {
            return Stopped;
        }
        catch (Exception e) when (IsRemoval(e))
        {
            await Console.Error.WriteLineAsync($"etcdish server: {e.Message}; {Advice}").ConfigureAwait(false);
            return Stopped;
        }
        catch (Exception e) when (IsExpectedAtStart(e))
        {
            // The IDs come from these, as in etcd.
            string advice = e is Log.LogIdentityException
                ? "; give the --initial-cluster, --initial-advertise-peer-urls and --initial-cluster-token that it was made with"
                : "";
            await Console.Error.WriteLineAsync($"etcdish server: {e.Message}{advice}").ConfigureAwait(false);
            return CouldNotStart;
        }
#pragma warning disable CA1031 // Damage, or a state that cannot be: told in full, with the code that says so.
        catch (Exception e)
        {
            string complaint = e is Log.LogDamagedException or Log.LogFailedException ? e.Message : e.ToString();
            await Console.Error.WriteLineAsync("etcdish server: the data cannot be served: " + complaint).ConfigureAwait(false);
            return NodeFailed;
        }
#pragma warning restore CA1031

        SystemdNotifier.Ready();

        foreach (string warning in warnings)
        {
            server.Log.Warn(warning);
        }

        Task first = await Task.WhenAny(signal.Task, server.Failed).ConfigureAwait(false);
        if (first != server.Failed)
        {
            server.Log.Info("received signal; shutting down", [new("signal", (await signal.Task.ConfigureAwait(false)).ToString())]);
            await server.DisposeAsync().ConfigureAwait(false);
            return Stopped;
        }

        Exception reason = await server.Failed.ConfigureAwait(false);
        if (IsRemoval(reason))
        {
            // No failure, and nothing that a supervisor's restart could mend.
            server.Log.Warn("server error", [new("error", reason.Message)]);
            server.Log.Warn(Advice);
            await server.DisposeAsync().ConfigureAwait(false);
            return Stopped;
        }

        server.Log.Fatal(
            "the node has failed and stops, because it can no longer vouch for its data; look at the disk, then start it again",
            [new("error", reason.ToString()), new("exit-code", NodeFailed)]);
        await server.Log.DisposeAsync().ConfigureAwait(false);

        // No orderly end: what is still under way must not be answered.
        Environment.Exit(NodeFailed);
        return NodeFailed;

        void OnSignal(PosixSignalContext context)
        {
            // A second signal ends the process at once, by the default action.
            context.Cancel = signal.TrySetResult(context.Signal);
            starting.Cancel();
        }
    }

    private static bool IsRemoval(Exception e) => e is MemberRemovedException or NodeFailedException { InnerException: MemberRemovedException };

    private static bool IsExpectedAtStart(Exception e) =>
        e is OptionException or JoinException or Log.LogLockedException
        || (e is IOException or UnauthorizedAccessException or ArgumentException && e is not (Log.LogDamagedException or Log.LogFailedException));

    private static Dictionary<string, string> Variables()
    {
        var variables = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (DictionaryEntry pair in Environment.GetEnvironmentVariables())
        {
            variables[(string)pair.Key] = (string?)pair.Value ?? "";
        }

        return variables;
    }
}
