namespace Etcdish.ApiServer.Kinds;

/// <summary>The kinds that keep the book of services' addresses.</summary>
internal static class NetworkKindRules
{
    /// <summary>An IPAddress is named by the address itself, in its shortest form.</summary>
    public static IReadOnlyList<string> AddressName(string name) =>
        NetworkText.TryParseAddress(name, out var address) ? address.ToString() == name ? [] : ["must be a canonical format IP address"]
        : ["must be a valid IP address"];

    public static void CheckAddress(CheckedField address, CheckedField stored)
    {
        var parent = address["spec"]["parentRef"];
        if (!parent.IsSet)
        {
            parent.Required();
            return;
        }

        parent["resource"].RequireText();
        parent["name"].RequireText();
        if (stored.IsSet)
        {
            parent.Unchanged(stored["spec"]["parentRef"]);
        }
    }

    public static void CheckServiceNetwork(CheckedField network, CheckedField stored)
    {
        const int Most = 2;
        var networks = network["spec"]["cidrs"];
        if (networks.Count == 0)
        {
            networks.Required("at least one CIDR required");
        }
        else if (networks.Count > Most)
        {
            networks.Invalid("may only hold up to 2 values");
        }

        foreach (var item in networks.Items)
        {
            item.Network();
        }

        if (stored.IsSet)
        {
            for (var i = 0; i < stored["spec"]["cidrs"].Count; i++)
            {
                networks[i].Unchanged(stored["spec"]["cidrs"][i]);
            }
        }
    }
}
