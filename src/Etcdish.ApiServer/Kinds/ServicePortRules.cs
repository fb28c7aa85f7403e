using Etcdish.Kubernetes;

namespace Etcdish.ApiServer.Kinds;

/// <summary>The ports of a service.</summary>
internal static class ServicePortRules
{
    private static readonly string[] _protocols = ["SCTP", "TCP", "UDP"];

    public static void Check(CheckedField spec)
    {
        var ports = spec["ports"];
        for (var i = 0; i < ports.Count; i++)
        {
            CheckPort(ports, i);
        }

        for (var i = 0; i < ports.Count; i++)
        {
            CheckNodePort(spec, ports, i);
        }

        for (var i = 0; i < ports.Count; i++)
        {
            if (IsEarlier(ports, i, "port"))
            {
                var port = ports[i];
                port.Add(
                    "FieldValueDuplicate",
                    $"Duplicate value: {{\"Name\":\"\",\"Protocol\":\"{port["protocol"].Text}\",\"AppProtocol\":null,"
                    + $"\"Port\":{port["port"].Number ?? 0},\"TargetPort\":0,\"NodePort\":0}}");
            }
        }
    }

    private static void CheckPort(CheckedField ports, int at)
    {
        var port = ports[at];
        var name = port["name"];
        if (ports.Count > 1)
        {
            name.RequireText();
        }

        if (name.HasText)
        {
            name.Check(NameRules.Dns1123Label);
            for (var i = 0; i < at; i++)
            {
                if (ports[i]["name"].Text == name.Text)
                {
                    name.Duplicate();
                    break;
                }
            }
        }

        port["port"].PortNumber();
        port["protocol"].RequireOneOf(_protocols);
        port["targetPort"].PortNumberOrName();
        if (port["appProtocol"].IsSet)
        {
            port["appProtocol"].Check(NameRules.QualifiedName);
        }
    }

    private static void CheckNodePort(CheckedField spec, CheckedField ports, int at)
    {
        var port = ports[at]["nodePort"];
        if (port.Number is null or 0)
        {
            return;
        }

        if (spec["type"].Text == "ClusterIP")
        {
            port.Forbidden("may not be used when `type` is 'ClusterIP'");
        }

        if (IsEarlier(ports, at, "nodePort"))
        {
            port.Duplicate();
        }
    }

    /// <summary>Whether a port before has the same number of the same protocol.</summary>
    private static bool IsEarlier(CheckedField ports, int at, string number)
    {
        for (var i = 0; i < at; i++)
        {
            if (ports[i][number].Number == ports[at][number].Number && ports[i]["protocol"].Text == ports[at]["protocol"].Text)
            {
                return true;
            }
        }

        return false;
    }
}
