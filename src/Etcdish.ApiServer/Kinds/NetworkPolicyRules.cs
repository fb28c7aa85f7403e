using System.Text.Json.Nodes;
using Etcdish.ApiServer.Registry;

namespace Etcdish.ApiServer.Kinds;

/// <summary>NetworkPolicies.</summary>
internal static class NetworkPolicyRules
{
    private static readonly string[] _protocols = ["TCP", "UDP", "SCTP"];
    private static readonly string[] _types = ["Ingress", "Egress"];

    public static void ApplyDefaults(JsonObject policy)
    {
        if (policy.Part("spec") is not { } spec)
        {
            return;
        }

        spec.Default("podSelector", new JsonObject());
        if (!spec.Items("policyTypes").Any())
        {
            spec["policyTypes"] = spec.Items("egress").Any() ? new JsonArray("Ingress", "Egress") : new JsonArray("Ingress");
        }

        foreach (var port in spec.Objects("ingress").Concat(spec.Objects("egress")).SelectMany(rule => rule.Objects("ports")))
        {
            port.Default("protocol", "TCP");
        }
    }

    public static void Check(CheckedField policy, CheckedField stored)
    {
        var spec = policy["spec"];
        spec["podSelector"].Selector();
        CheckRules(spec["ingress"], "from");
        CheckRules(spec["egress"], "to");
        var types = spec["policyTypes"];
        if (types.Count > _types.Length)
        {
            types.Invalid("may not specify more than two policyTypes");
            return;
        }

        foreach (var type in types.Items)
        {
            type.OneOf(_types);
        }
    }

    private static void CheckRules(CheckedField rules, string peers)
    {
        foreach (var rule in rules.Items)
        {
            foreach (var port in rule["ports"].Items)
            {
                CheckPort(port);
            }

            foreach (var peer in rule[peers].Items)
            {
                CheckPeer(peer);
            }
        }
    }

    private static void CheckPort(CheckedField port)
    {
        port["protocol"].OneOfIfSet(_protocols);
        var (first, last) = (port["port"], port["endPort"]);
        if (!first.IsSet)
        {
            if (last.IsSet)
            {
                last.Invalid("may not be specified when `port` is not specified");
            }

            return;
        }

        first.PortNumberOrName();
        if (!last.IsSet)
        {
            return;
        }

        if (first.Number is not { } number)
        {
            last.Invalid("may not be specified when `port` is non-numeric");
            return;
        }

        if (last.Number < number)
        {
            last.Invalid("must be greater than or equal to `port`");
        }

        last.PortNumber();
    }

    private static void CheckPeer(CheckedField peer)
    {
        var block = peer["ipBlock"];
        var hasSelector = peer["podSelector"].IsSet || peer["namespaceSelector"].IsSet;
        peer["podSelector"].Selector();
        peer["namespaceSelector"].Selector();
        if (block.IsSet)
        {
            CheckBlock(block);
            if (hasSelector)
            {
                peer.Forbidden("may not specify both ipBlock and another peer");
            }
        }
        else if (!hasSelector)
        {
            peer.Required("must specify a peer");
        }
    }

    private static void CheckBlock(CheckedField block)
    {
        var network = block["cidr"];
        if (!network.RequireText() || !network.Network()
            || !NetworkText.TryParseNetwork(network.Text.Trim(), out var address, out var prefix))
        {
            return;
        }

        foreach (var except in block["except"].Items)
        {
            if (except.Network() && NetworkText.TryParseNetwork(except.Text.Trim(), out var inner, out var innerPrefix)
                && (prefix >= innerPrefix || !NetworkText.Contains(address, prefix, inner)))
            {
                except.Invalid("must be a strict subset of `cidr`");
            }
        }
    }
}
