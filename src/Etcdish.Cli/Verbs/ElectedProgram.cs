using System.CommandLine;
using Etcdish.Kubernetes.Client;
using Etcdish.Kubernetes.Control;

namespace Etcdish.Cli.Verbs;

/// <summary>A verb whose program works on the cluster of a kubeconfig, and of which one at a time does.</summary>
/// <param name="name">The verb.</param>
/// <param name="lease">The lease of the one that works.</param>
internal sealed class ElectedProgram(string name, string lease)
{
    private const int Failed = 1;
    private static readonly LeaderElectionOptions _defaults = new() { Name = "", Identity = "" };

    private readonly Option<string> _kubeconfig = new("--kubeconfig")
    {
        Description = "The cluster, and as whom to work on it.",
        Required = true,
    };

    private readonly Option<bool> _elect = new("--leader-elect")
    {
        Description = "Of several such programs one works at a time; the others wait.",
        DefaultValueFactory = _ => true,
    };

    private readonly Option<TimeSpan> _duration = DurationOption.Make(
        "--leader-elect-lease-duration", "How long the others wait for one that is silent.", _defaults.LeaseDuration);

    private readonly Option<TimeSpan> _deadline = DurationOption.Make(
        "--leader-elect-renew-deadline", "How long the one that works tries to say so before it gives up.", _defaults.RenewDeadline);

    private readonly Option<TimeSpan> _period = DurationOption.Make(
        "--leader-elect-retry-period", "The pause between two tries.", _defaults.RetryPeriod);

    /// <summary>The verb.</summary>
    /// <param name="description">What it does, with examples.</param>
    /// <param name="work">Does it, by a client that it closes, until it is cancelled.</param>
    /// <param name="further">Options that only this verb has.</param>
    public Command Command(
        string description, Func<KubernetesClient, ParseResult, CancellationToken, Task> work, params IEnumerable<Option> further)
    {
        var command = new Command(name, description) { _kubeconfig, _elect, _duration, _deadline, _period };
        foreach (var option in further)
        {
            command.Options.Add(option);
        }

        command.SetAction((parsed, cancellation) => RunAsync(parsed, work, cancellation));
        return command;
    }

    private async Task<int> RunAsync(
        ParseResult parsed, Func<KubernetesClient, ParseResult, CancellationToken, Task> work, CancellationToken cancellation)
    {
        try
        {
            var kubeconfig = parsed.GetRequiredValue(_kubeconfig);
            await ElectAsync(
                parsed, kubeconfig, token => work(KubernetesClient.FromKubeconfig(kubeconfig, name), parsed, token), cancellation);
            return 0;
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            return 0;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or FormatException
            or LeadershipLostException or HttpRequestException or ApiStatusException)
        {
            await Console.Error.WriteLineAsync($"etcdish {name}: {e.Message}");
            return Failed;
        }
    }

    private async Task ElectAsync(ParseResult parsed, string kubeconfig, Func<CancellationToken, Task> work, CancellationToken cancellation)
    {
        if (!parsed.GetValue(_elect))
        {
            await work(cancellation);
            return;
        }

        // A connection of its own: what the work does must not hold up the lease.
        using var client = KubernetesClient.FromKubeconfig(kubeconfig, name);
        var options = new LeaderElectionOptions
        {
            Name = lease,
            Identity = $"{Environment.MachineName}_{Guid.NewGuid()}",
            LeaseDuration = parsed.GetValue(_duration),
            RenewDeadline = parsed.GetValue(_deadline),
            RetryPeriod = parsed.GetValue(_period),
        };
        await new LeaderElector(client, options, TimeProvider.System, ClusterProgram.Warn).RunAsync(
            token =>
            {
                Console.Out.WriteLine($"etcdish {name}: leads as {options.Identity}");
                return work(token);
            },
            cancellation);
    }
}
