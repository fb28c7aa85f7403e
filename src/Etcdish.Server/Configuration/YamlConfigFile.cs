using System.Globalization;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Etcdish.Server.Configuration;

/// <summary>
/// Reads etcd's configuration file: keys are flag names, TLS settings may stand in two maps, and durations may be whole nanoseconds
/// (which is what etcd's own file demands) or Go durations.
/// </summary>
internal static class YamlConfigFile
{
    private static readonly Dictionary<string, string> _clientTls = new(StringComparer.Ordinal)
    {
        ["cert-file"] = "cert-file",
        ["key-file"] = "key-file",
        ["client-cert-file"] = "client-cert-file",
        ["client-key-file"] = "client-key-file",
        ["client-cert-auth"] = "client-cert-auth",
        ["trusted-ca-file"] = "trusted-ca-file",
        ["auto-tls"] = "auto-tls",
        ["crl-file"] = "client-crl-file",
        ["allowed-hostname"] = "client-cert-allowed-hostname",
        ["allowed-hostnames"] = "client-cert-allowed-hostname",
    };

    private static readonly Dictionary<string, string> _peerTls = new(StringComparer.Ordinal)
    {
        ["cert-file"] = "peer-cert-file",
        ["key-file"] = "peer-key-file",
        ["client-cert-file"] = "peer-client-cert-file",
        ["client-key-file"] = "peer-client-key-file",
        ["client-cert-auth"] = "peer-client-cert-auth",
        ["trusted-ca-file"] = "peer-trusted-ca-file",
        ["auto-tls"] = "peer-auto-tls",
        ["crl-file"] = "peer-crl-file",
        ["allowed-cn"] = "peer-cert-allowed-cn",
        ["allowed-cns"] = "peer-cert-allowed-cn",
        ["allowed-hostname"] = "peer-cert-allowed-hostname",
        ["allowed-hostnames"] = "peer-cert-allowed-hostname",
        ["skip-client-san-verification"] = "peer-skip-client-san-verification",
    };

    /// <summary>Reads the file into <paramref name="values"/>.</summary>
    /// <exception cref="OptionException">The file is missing, is not YAML, or holds a value that cannot be read.</exception>
    public static void Read(string path, OptionValues values, List<string> warnings)
    {
        try
        {
            using var reader = new StreamReader(path);
            Read(reader, path, values, warnings);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new OptionException($"cannot read --config-file {path}: {e.Message}");
        }
    }

    /// <summary>Reads YAML text; <paramref name="path"/> names it in errors.</summary>
    public static void Read(TextReader reader, string path, OptionValues values, List<string> warnings)
    {
        var stream = new YamlStream();
        try
        {
            stream.Load(reader);
        }
        catch (YamlException e)
        {
            throw new OptionException($"{path} is not YAML: {e.Message} (line {e.Start.Line})");
        }

        if (stream.Documents.Count == 0)
        {
            return;
        }

        if (stream.Documents[0].RootNode is not YamlMappingNode root)
        {
            throw new OptionException($"{path} must be a map of option names to values");
        }

        foreach ((YamlNode key, YamlNode value) in root.Children)
        {
            string name = key.ToString();
            switch (name)
            {
                case "client-transport-security":
                    ReadMap(value, name, _clientTls, path, values, warnings);
                    break;
                case "peer-transport-security":
                    ReadMap(value, name, _peerTls, path, values, warnings);
                    break;
                default:
                    ReadOption(name, name, value, path, values, warnings);
                    break;
            }
        }
    }

    private static void ReadMap(
        YamlNode node, string mapName, Dictionary<string, string> names, string path, OptionValues values, List<string> warnings)
    {
        if (IsNull(node))
        {
            return;
        }

        if (node is not YamlMappingNode map)
        {
            throw new OptionException($"{mapName} in {path} must be a map");
        }

        foreach ((YamlNode key, YamlNode value) in map.Children)
        {
            string place = $"{mapName}.{key}";
            ReadOption(names.GetValueOrDefault(key.ToString(), place), place, value, path, values, warnings);
        }
    }

    private static void ReadOption(string name, string place, YamlNode node, string path, OptionValues values, List<string> warnings)
    {
        if (!OptionTable.ByName.TryGetValue(name, out OptionDefinition? option))
        {
            warnings.Add($"unknown key {place} in {path} is ignored");
            return;
        }

        if (IsNull(node))
        {
            return;
        }

        string text = node switch
        {
            YamlScalarNode scalar => scalar.Value ?? "",
            YamlSequenceNode sequence => string.Join(',', sequence.Children.Select(child => child.ToString())),
            _ => throw new OptionException($"{place} in {path} must be a value, not a map"),
        };
        if (option.Kind == OptionKind.Duration && long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _))
        {
            text += "ns";
        }

        values.Set(option, text, $"{place} in {path}", exitCode: 1);
    }

    private static bool IsNull(YamlNode node) =>
        node is YamlScalarNode { Style: ScalarStyle.Plain, Value: null or "" or "~" or "null" };
}
