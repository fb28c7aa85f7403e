using System.CommandLine;
using Etcdish.Client;
using Etcdish.Protos;

namespace Etcdish.Cli.Verbs;

/// <summary>etcdish kv lease: grants, revokes, shows, lists and keeps leases.</summary>
internal static class KvLeaseVerb
{
    private static readonly Argument<long> _seconds = new("seconds") { Description = "Time to live in seconds." };
    private static readonly Argument<string> _lease = new("lease") { Description = "The lease's ID in hexadecimal." };

    public static Command Command() => new("lease", "Grant, revoke, show, list and keep leases.")
    {
        new Command("grant", "Grant a lease.\n\nExample:\n  etcdish kv lease grant 60") { _seconds }.WithClient(GrantAsync),
        new Command("revoke", "End a lease and delete its keys.") { _lease }.WithClient(RevokeAsync),
        new Command("timetolive", "Show the time a lease has left, and its keys.") { _lease }.WithClient(TimeToLiveAsync),
        new Command("list", "List all leases.").WithClient(ListAsync),
        new Command("keep-alive", "Renew a lease until stopped.") { _lease }.WithClientEndless(KeepAliveAsync),
    };

    private static async Task GrantAsync(EtcdClient client, ParseResult parsed, CancellationToken cancellation)
    {
        LeaseGrantResponse granted = await client.Lease.GrantAsync(parsed.GetRequiredValue(_seconds), cancellation);
        Console.WriteLine($"lease {Output.Hex(granted.ID)} granted with TTL({granted.TTL}s)");
    }

    private static async Task RevokeAsync(EtcdClient client, ParseResult parsed, CancellationToken cancellation)
    {
        long lease = Output.ParseHex(parsed.GetRequiredValue(_lease));
        await client.Lease.RevokeAsync(lease, cancellation);
        Console.WriteLine($"lease {Output.Hex(lease)} revoked");
    }

    private static async Task TimeToLiveAsync(EtcdClient client, ParseResult parsed, CancellationToken cancellation)
    {
        long lease = Output.ParseHex(parsed.GetRequiredValue(_lease));
        LeaseTimeToLiveResponse status = await client.Lease.TimeToLiveAsync(lease, withKeys: true, cancellation);
        Console.WriteLine(status.TTL < 0
            ? $"lease {Output.Hex(lease)} already expired"
            : $"lease {Output.Hex(lease)} granted with TTL({status.GrantedTTL}s), remaining({status.TTL}s), "
                + $"attached keys([{string.Join(' ', status.Keys.Select(key => key.ToStringUtf8()))}])");
    }

    private static async Task ListAsync(EtcdClient client, ParseResult parsed, CancellationToken cancellation)
    {
        LeaseLeasesResponse list = await client.Lease.ListAsync(cancellation);
        Console.WriteLine($"found {list.Leases.Count} leases");
        foreach (LeaseStatus lease in list.Leases)
        {
            Console.WriteLine(Output.Hex(lease.ID));
        }
    }

    private static async Task KeepAliveAsync(EtcdClient client, ParseResult parsed, CancellationToken cancellation)
    {
        long lease = Output.ParseHex(parsed.GetRequiredValue(_lease));
        while (true)
        {
            LeaseKeepAliveResponse renewed = await client.Lease.KeepAliveOnceAsync(lease, cancellation);
            if (renewed.TTL <= 0)
            {
                throw new CommandException($"lease {Output.Hex(lease)} expired or revoked.");
            }

            Console.WriteLine($"lease {Output.Hex(lease)} keepalived with TTL({renewed.TTL})");
            await Task.Delay(TimeSpan.FromSeconds(renewed.TTL / 3.0), cancellation);
        }
    }
}
