using System.Net;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Etcdish.ApiServer.Admission;
using Etcdish.ApiServer.Http;
using Etcdish.ApiServer.Registry;
using Etcdish.ApiServer.Storage;

namespace Etcdish.ApiServer.Allocation;

/// <summary>
/// Gives addresses to services. An address is taken while there is an IPAddress object of its name, which is written and deleted in one
/// step with the service: so no two services ever have the same, whichever server gave it, and none is lost.
/// </summary>
internal sealed class AddressAllocator(ClusterObjects objects, MetadataRules metadata)
{
    /// <summary>Random tries before all taken addresses are looked at.</summary>
    private const int Guesses = 8;

    private readonly ResourceType _addresses = objects.Type("networking.k8s.io", "v1", "ipaddresses");
    private readonly ResourceType _services = objects.Type("", "v1", "services");

    /// <summary>A free address of a range; null if there is none.</summary>
    public async ValueTask<IPAddress?> PickAsync(IpRange range, CancellationToken cancellation)
    {
        for (var i = 0; i < Guesses; i++)
        {
            var guess = range.At(RandomNumberGenerator.GetInt32(range.StaticBand + 1, range.Count + 1));
            if (await objects.GetAsync(_addresses, "", guess.ToString(), cancellation) is null)
            {
                return guess;
            }
        }

        var all = await objects.ListAsync(_addresses, "", cancellation);
        var taken = all.Select(item => item.Value.Name()).ToHashSet(StringComparer.Ordinal);
        return Enumerable.Range(range.StaticBand + 1, range.Count - range.StaticBand).Concat(Enumerable.Range(1, range.StaticBand))
            .Select(range.At).FirstOrDefault(address => !taken.Contains(address.ToString()));
    }

    /// <summary>Whether somebody else than this service has an address.</summary>
    public async ValueTask<bool> IsTakenAsync(IPAddress address, string scope, string service, CancellationToken cancellation) =>
        await objects.FindAsync(_addresses, "", address.ToString(), cancellation) is { } found && !IsOf(found, scope, service);

    /// <summary>The write that takes an address.</summary>
    public StoreAction Take(IPAddress address, string scope, string service)
    {
        var value = new JsonObject
        {
            ["metadata"] = new JsonObject
            {
                ["name"] = address.ToString(),
                ["labels"] = new JsonObject
                {
                    ["ipaddress.kubernetes.io/ip-family"] = address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6
                        ? "IPv6"
                        : "IPv4",
                    ["ipaddress.kubernetes.io/managed-by"] = "ipallocator.k8s.io",
                },
            },
            ["spec"] = new JsonObject
            {
                ["parentRef"] = new JsonObject { ["resource"] = "services", ["namespace"] = scope, ["name"] = service },
            },
        };
        metadata.Begin(_addresses, value);
        var bytes = ApiJson.Write(value.InStoredOrder(_addresses.Info.Kind, _addresses.Info.ApiVersion));
        return new StoreAction(_addresses.KeyOf("", address.ToString()), bytes, 0);
    }

    /// <summary>The write that gives an address back; null if it is not the service's.</summary>
    public async ValueTask<StoreAction?> ReleaseAsync(string address, string scope, string service, CancellationToken cancellation)
    {
        var found = await objects.GetAsync(_addresses, "", address, cancellation);
        return found is { } stored && IsOf(ApiJson.Parse(stored.Value.Span), scope, service)
            ? new StoreAction(_addresses.KeyOf("", address), null, stored.Revision)
            : null;
    }

    /// <summary>The writes that give back what services have that are not there.</summary>
    public async ValueTask<List<StoreAction>> FindLostAsync(CancellationToken cancellation)
    {
        var lost = new List<StoreAction>();
        foreach (var (address, revision) in await objects.ListAsync(_addresses, "", cancellation))
        {
            var parent = address.Part("spec").Part("parentRef");
            if (parent.Text("resource") != "services" || parent.Text("group").Length > 0)
            {
                continue;
            }

            var service = await objects.FindAsync(_services, parent.Text("namespace"), parent.Text("name"), cancellation);
            if (!ServiceNeeds.Addresses(service).Contains(address.Name()))
            {
                lost.Add(new StoreAction(_addresses.KeyOf("", address.Name()), null, revision));
            }
        }

        return lost;
    }

    private static bool IsOf(JsonObject address, string scope, string service)
    {
        var parent = address.Part("spec").Part("parentRef");
        return parent.Text("resource") == "services" && parent.Text("group").Length == 0
            && parent.Text("namespace") == scope && parent.Text("name") == service;
    }
}
