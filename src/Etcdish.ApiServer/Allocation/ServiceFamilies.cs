using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Etcdish.ApiServer.Registry;

namespace Etcdish.ApiServer.Allocation;

/// <summary>Which families of addresses a service has: what it says, completed by what the cluster has.</summary>
/// <param name="ranges">The cluster's ranges, the family of the first being its primary one.</param>
internal sealed class ServiceFamilies(IReadOnlyList<IpRange> ranges)
{
    private const string Single = "SingleStack";
    private const string Prefer = "PreferDualStack";
    private const string Require = "RequireDualStack";

    /// <summary>Completes <c>ipFamilies</c> and <c>ipFamilyPolicy</c>.</summary>
    public void Complete(JsonObject spec, List<FieldError> errors)
    {
        if (spec.Text("type") == "ExternalName")
        {
            return;
        }

        var families = spec.Items("ipFamilies").Select(family => family!.ToString()).ToList();
        foreach (var ip in spec.Items("clusterIPs").Select(ip => ip!.ToString()).Skip(families.Count))
        {
            if (IPAddress.TryParse(ip, out var address))
            {
                families.Add(address.AddressFamily == AddressFamily.InterNetworkV6 ? "IPv6" : "IPv4");
            }
        }

        var isFree = ServiceNeeds.IsHeadless(spec) && spec.Part("selector") is not { Count: > 0 };
        spec.Default("ipFamilyPolicy", isFree && families.Count == 0 ? Require : families.Count > 1 ? Require : Single);
        var policy = spec.Text("ipFamilyPolicy");
        if (!isFree)
        {
            Check(families, policy, errors);
        }

        if (families.Count == 0)
        {
            families.Add(ranges[0].Family);
        }

        var other = families[0] == "IPv4" ? "IPv6" : "IPv4";
        if (families.Count == 1 && (policy == Require || (policy == Prefer && Has(other))))
        {
            families.Add(other);
        }

        spec["ipFamilies"] = new JsonArray([.. families.Select(family => (JsonNode)family)]);
    }

    /// <summary>The range of a family; null if the cluster has none.</summary>
    public IpRange? RangeOf(string family) => ranges.FirstOrDefault(range => range.Family == family);

    private bool Has(string family) => RangeOf(family) is not null;

    private void Check(List<string> families, string policy, List<FieldError> errors)
    {
        for (var i = 0; i < families.Count; i++)
        {
            if (!Has(families[i]))
            {
                errors.Add(FieldError.Invalid($"spec.ipFamilies[{i}]", families[i], "not configured on this cluster"));
            }
        }

        if (policy == Require && ranges.Count < 2)
        {
            errors.Add(FieldError.Invalid("spec.ipFamilyPolicy", policy, "this cluster is not configured for dual-stack services"));
        }

        if (families.Count > 1 && policy == Single)
        {
            errors.Add(FieldError.Invalid(
                "spec.ipFamilyPolicy", policy, "must be RequireDualStack or PreferDualStack when multiple IP families are specified"));
        }
    }
}
