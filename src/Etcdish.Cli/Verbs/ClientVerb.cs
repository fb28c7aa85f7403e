using System.CommandLine;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Etcdish.Client;
using Etcdish.Rpc;

namespace Etcdish.Cli.Verbs;

/// <summary>What all verbs that talk to a server share: where it is, how to trust it, how long to wait, and how errors are told.</summary>
internal static class ClientVerb
{
    private const int Failed = 1;

    public static Option<string> Endpoints { get; } = new("--endpoints")
    {
        Description = "Servers as URLs with commas between.",
        DefaultValueFactory = _ => Environment.GetEnvironmentVariable("ETCDCTL_ENDPOINTS") ?? "http://127.0.0.1:2379",
        Recursive = true,
    };

    public static Option<string?> CaCertificate { get; } = new("--cacert") { Description = "CA certificates to trust (PEM).", Recursive = true };

    public static Option<string?> Certificate { get; } = new("--cert") { Description = "Own certificate (PEM).", Recursive = true };

    public static Option<string?> Key { get; } = new("--key") { Description = "Its private key (PEM).", Recursive = true };

    public static Option<double> Seconds { get; } = new("--command-timeout")
    {
        Description = "Seconds to wait for an answer; watch and keep-alive go on until they are stopped.",
        DefaultValueFactory = _ => 5,
        Recursive = true,
    };

    /// <summary>All of them.</summary>
    public static IReadOnlyList<Option> Options { get; } = [Endpoints, CaCertificate, Certificate, Key, Seconds];

    /// <summary>A verb that runs with a client and ends within the timeout.</summary>
    public static Command WithClient(this Command command, Func<EtcdClient, ParseResult, CancellationToken, Task> run)
    {
        command.SetAction((parsed, cancellation) => RunAsync(parsed, isEndless: false, run, cancellation));
        return command;
    }

    /// <summary>A verb that runs with a client until it is stopped.</summary>
    public static Command WithClientEndless(this Command command, Func<EtcdClient, ParseResult, CancellationToken, Task> run)
    {
        command.SetAction((parsed, cancellation) => RunAsync(parsed, isEndless: true, run, cancellation));
        return command;
    }

    /// <summary>The endpoints given.</summary>
    public static string[] EndpointList(ParseResult parsed) =>
        [.. parsed.GetRequiredValue(Endpoints).Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
            .Select(endpoint => endpoint.Contains("://", StringComparison.Ordinal) ? endpoint : "http://" + endpoint)];

    private static async Task<int> RunAsync(
        ParseResult parsed, bool isEndless, Func<EtcdClient, ParseResult, CancellationToken, Task> run, CancellationToken cancellation)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        if (!isEndless)
        {
            limit.CancelAfter(TimeSpan.FromSeconds(parsed.GetRequiredValue(Seconds)));
        }

        try
        {
            await using var client = new EtcdClient(new EtcdClientOptions { Endpoints = EndpointList(parsed), Tls = Tls(parsed) });
            await run(client, parsed, limit.Token);
            return 0;
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            return 0;
        }
        catch (OperationCanceledException)
        {
            return Fail($"no answer in time from {parsed.GetRequiredValue(Endpoints)}; is the server running?");
        }
        catch (Exception e) when (e is RpcException or WatchCompactedException or CommandException or ArgumentException or IOException)
        {
            return Fail(e.Message);
        }
    }

    private static int Fail(string message)
    {
        Console.Error.WriteLine("etcdish: " + message);
        return Failed;
    }

    /// <summary>TLS to servers as the options say; null for the system's defaults.</summary>
    public static SslClientAuthenticationOptions? Tls(ParseResult parsed)
    {
        string? authorities = parsed.GetValue(CaCertificate);
        string? certificate = parsed.GetValue(Certificate);
        if (authorities is null && certificate is null)
        {
            return null;
        }

        var tls = new SslClientAuthenticationOptions();
        if (authorities is not null)
        {
            var trusted = new X509Certificate2Collection();
            trusted.ImportFromPemFile(authorities);
            tls.CertificateChainPolicy = new X509ChainPolicy
            {
                TrustMode = X509ChainTrustMode.CustomRootTrust,
                RevocationMode = X509RevocationMode.NoCheck,
            };
            tls.CertificateChainPolicy.CustomTrustStore.AddRange(trusted);
        }

        if (certificate is not null)
        {
            string key = parsed.GetValue(Key) ?? throw new CommandException("--cert needs --key");
            tls.ClientCertificates = [X509Certificate2.CreateFromPemFile(certificate, key)];
        }

        return tls;
    }
}
