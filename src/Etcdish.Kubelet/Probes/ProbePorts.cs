using System.Globalization;
using Etcdish.Kubelet.Kinds;
using Etcdish.Kubernetes;

namespace Etcdish.Kubelet.Probes;

/// <summary>Ports by number, or by the name that the container gives them.</summary>
internal static class ProbePorts
{
    /// <summary>The number of a port.</summary>
    /// <exception cref="FormatException">There is none.</exception>
    public static int Resolve(IntOrString port, ContainerManifest container)
    {
        var number = port.Number;
        if (port.Text is { } text)
        {
            number = Array.Find(container.Ports, known => known.Name == text)?.Port
                ?? (int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var parsed) ? parsed
                    : throw new FormatException($"strconv.Atoi: parsing \"{text}\": invalid syntax"));
        }

        return number is > 0 and < 65536 ? number : throw new FormatException($"invalid port number: {number}");
    }

    /// <summary>Host and port in one; IPv6 addresses in brackets.</summary>
    public static string Join(string host, int port) => host.Contains(':') ? $"[{host}]:{port}" : $"{host}:{port}";
}
