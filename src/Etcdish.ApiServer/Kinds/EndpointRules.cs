using System.Text.Json.Nodes;
using Etcdish.ApiServer.Registry;
using Etcdish.Kubernetes;

namespace Etcdish.ApiServer.Kinds;

/// <summary>Endpoints and EndpointSlices.</summary>
internal static class EndpointRules
{
    private const int MaxEndpoints = 1000;
    private const int MaxAddresses = 100;
    private const int MaxPorts = 20000;

    private static readonly string[] _protocols = ["SCTP", "TCP", "UDP"];
    private static readonly string[] _addressTypes = ["FQDN", "IPv4", "IPv6"];

    public static void ApplyDefaults(JsonObject endpoints)
    {
        foreach (var port in endpoints.Objects("subsets").SelectMany(subset => subset.Objects("ports")))
        {
            port.DefaultIfZero("protocol", "TCP");
        }
    }

    public static void DefaultSlice(JsonObject slice)
    {
        foreach (var port in slice.Objects("ports"))
        {
            port.Default("name", "");
            port.Default("protocol", "TCP");
        }
    }

    public static void Check(CheckedField endpoints, CheckedField stored)
    {
        foreach (var subset in endpoints["subsets"].Items)
        {
            if (subset["addresses"].Count == 0 && subset["notReadyAddresses"].Count == 0)
            {
                subset.Required("must specify `addresses` or `notReadyAddresses`");
            }

            CheckAddresses(subset["addresses"]);
            CheckAddresses(subset["notReadyAddresses"]);
            foreach (var port in subset["ports"].Items)
            {
                CheckPort(port, needsName: subset["ports"].Count > 1);
            }
        }
    }

    public static void CheckSlice(CheckedField slice, CheckedField stored)
    {
        var type = slice["addressType"];
        type.RequireOneOf(_addressTypes);
        if (stored.IsSet)
        {
            type.Unchanged(stored["addressType"]);
        }

        var endpoints = slice["endpoints"];
        if (endpoints.Count > MaxEndpoints)
        {
            endpoints.TooMany(MaxEndpoints);
        }
        else
        {
            foreach (var endpoint in endpoints.Items)
            {
                CheckEndpoint(endpoint, type.Text);
            }
        }

        CheckSlicePorts(slice["ports"]);
    }

    private static void CheckAddresses(CheckedField addresses)
    {
        foreach (var address in addresses.Items)
        {
            address["ip"].Address();
            address["hostname"].CheckIfSet(NameRules.Dns1123Label);
            address["nodeName"].CheckIfSet(NameRules.Dns1123Subdomain);
            address["ip"].ReachableAddress();
        }
    }

    private static void CheckPort(CheckedField port, bool needsName)
    {
        if (needsName)
        {
            port["name"].RequireText();
        }

        port["name"].CheckIfSet(NameRules.Dns1123Label);
        port["port"].PortNumber();
        port["protocol"].RequireOneOf(_protocols);
        port["appProtocol"].CheckIfSet(NameRules.QualifiedName);
    }

    private static void CheckEndpoint(CheckedField endpoint, string type)
    {
        var addresses = endpoint["addresses"];
        if (addresses.Count == 0)
        {
            addresses.Required("must contain at least 1 address");
        }
        else if (addresses.Count > MaxAddresses)
        {
            addresses.TooMany(MaxAddresses);
        }

        foreach (var address in addresses.Items)
        {
            CheckSliceAddress(address, type);
        }

        endpoint["deprecatedTopology"].Labels();
        endpoint["hostname"].CheckIfSet(NameRules.Dns1123Label);
        endpoint["nodeName"].CheckIfSet(NameRules.Dns1123Subdomain);
    }

    private static void CheckSliceAddress(CheckedField address, string type)
    {
        switch (type)
        {
            case "FQDN":
                address.Check(NameRules.Dns1123Subdomain);
                break;
            case "IPv4" or "IPv6":
                if (!NetworkText.TryParseAddress(address.Text, out _) || NetworkText.IsV6(address.Text) != (type == "IPv6"))
                {
                    address.Invalid($"must be a valid {type} address", address.Text);
                }

                address.ReachableAddress();
                break;
        }
    }

    private static void CheckSlicePorts(CheckedField ports)
    {
        if (ports.Count > MaxPorts)
        {
            ports.TooMany(MaxPorts);
            return;
        }

        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var port in ports.Items)
        {
            port["name"].CheckIfSet(NameRules.Dns1123Label);
            if (!names.Add(port["name"].Text))
            {
                port["name"].Duplicate();
            }

            port["protocol"].RequireOneOf(_protocols);
            port["appProtocol"].CheckIfSet(NameRules.QualifiedName);
            if (port["port"].IsSet)
            {
                port["port"].PortNumber();
            }
        }
    }
}
