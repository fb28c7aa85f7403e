using System.CommandLine;
using System.Globalization;
using Etcdish.Client;
using Etcdish.Protos;

namespace Etcdish.Cli.Verbs;

/// <summary>etcdish kv status: one line for each endpoint.</summary>
internal static class KvStatusVerb
{
    public static Command Command() => new Command("status", "Show each endpoint's version, size, leader and revision.").WithClient(RunAsync);

    private static async Task RunAsync(EtcdClient client, ParseResult parsed, CancellationToken cancellation)
    {
        foreach (string endpoint in ClientVerb.EndpointList(parsed))
        {
            StatusResponse status = await client.Maintenance.StatusAsync(endpoint, cancellation);
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{endpoint} member {status.Header.MemberId:x} version {status.Version} leader {(status.Leader == status.Header.MemberId ? "yes" : "no")} "
                + $"revision {status.Header.Revision} term {status.RaftTerm} index {status.RaftAppliedIndex} "
                + $"size {status.DbSize} in use {status.DbSizeInUse} quota {status.DbSizeQuota} {string.Join("; ", status.Errors)}").TrimEnd());
        }
    }
}
