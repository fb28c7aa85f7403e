using System.Text.Json.Nodes;
using Etcdish.ApiServer.Registry;
using Etcdish.Kubernetes;

namespace Etcdish.ApiServer.Kinds;

/// <summary>Nodes.</summary>
internal static class NodeRules
{
    private const string CidrIsKept = "node updates may not change podCIDR except from \"\" to valid";

    public static void ApplyDefaults(JsonObject node)
    {
        var spec = node.Ensure("spec");
        if (spec.Text("podCIDR") is { Length: > 0 } network && !spec.Items("podCIDRs").Any())
        {
            spec["podCIDRs"] = new JsonArray(network);
        }

        if (node.Part("status") is { } status && status["allocatable"] is null && status["capacity"] is { } capacity)
        {
            status["allocatable"] = capacity.DeepClone();
        }
    }

    public static void Check(CheckedField node, CheckedField stored)
    {
        var spec = node["spec"];
        CheckTaints(node["metadata"].Child("taints", spec["taints"].Value));
        CheckNetworks(spec["podCIDRs"]);
        if (!stored.IsSet)
        {
            CheckStatus(node);
            return;
        }

        var before = stored["spec"];
        if (before["podCIDRs"].Count > 0 && !CommonChecks.Alike(spec["podCIDRs"].Value, before["podCIDRs"].Value))
        {
            spec["podCIDRs"].Forbidden(CidrIsKept);
        }

        if (before["providerID"].HasText && before["providerID"].Text != spec["providerID"].Text)
        {
            spec["providerID"].Forbidden("node updates may not change providerID except from \"\" to valid");
        }
    }

    /// <summary>Checks a change of a node's status.</summary>
    public static void CheckStatus(CheckedField node)
    {
        var status = node["status"];
        foreach (var map in (ReadOnlySpan<string>)["capacity", "allocatable"])
        {
            foreach (var (name, amount) in status[map].Entries)
            {
                status[map].Child(name, amount.Value).ResourceAmount(name);
            }
        }

        var addresses = status["addresses"];
        for (var i = 0; i < addresses.Count; i++)
        {
            for (var j = 0; j < i; j++)
            {
                if (CommonChecks.Alike(addresses[i].Value, addresses[j].Value))
                {
                    addresses[i].Duplicate();
                    break;
                }
            }
        }
    }

    private static void CheckTaints(CheckedField taints)
    {
        for (var i = 0; i < taints.Count; i++)
        {
            var taint = taints[i];
            taint["key"].Check(NameRules.QualifiedName);
            if (NameRules.LabelValue(taint["value"].Text) is { Count: > 0 } problems)
            {
                taint["value"].Invalid(string.Join(';', problems));
            }

            if (taint["effect"].RequireText())
            {
                SchedulingRules.CheckEffect(taint["effect"]);
            }

            for (var j = 0; j < i; j++)
            {
                if (taints[j]["key"].Text == taint["key"].Text && taints[j]["effect"].Text == taint["effect"].Text)
                {
                    var shown = taint.Value?.ToJsonString() ?? "null";
                    taint.Add("FieldValueDuplicate", $"Duplicate value: {shown}: taints must be unique by key and effect pair");
                    break;
                }
            }
        }
    }

    private static void CheckNetworks(CheckedField networks)
    {
        foreach (var network in networks.Items)
        {
            network.Network();
        }

        var isDual = networks.Count == 2
            && networks[0].Text.Contains(':', StringComparison.Ordinal) != networks[1].Text.Contains(':', StringComparison.Ordinal);
        if (networks.Count > 1 && !isDual)
        {
            networks.Invalid("may specify no more than one CIDR for each IP family");
        }
    }
}
