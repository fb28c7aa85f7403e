using System.Text.Json;
using System.Text.Json.Nodes;
using Etcdish.Kubelet.Runtime;

namespace Etcdish.Kubelet.Processes.Networks;

/// <summary>How pods get into a network: a chain of plugins, as a file says (CNI specification, versions 0.3.0 to 1.x).</summary>
internal sealed class CniConfiguration
{
    private static readonly string[] _endings = [".conf", ".conflist", ".json"];
    private static readonly Version _oldest = new(0, 3, 0);
    private static readonly Version _firstWithCheck = new(0, 4, 0);
    private static readonly Version _tooNew = new(2, 0, 0);

    private CniConfiguration(string text, string name, string version, IReadOnlyList<JsonObject> plugins, bool canCheck)
    {
        (Text, Name, Version, Plugins) = (text, name, version, plugins);
        CanCheck = canCheck && System.Version.Parse(version) >= _firstWithCheck;
    }

    /// <summary>What every namespace has besides.</summary>
    public static CniConfiguration Loopback { get; } = Parse(
        """{"cniVersion":"0.4.0","name":"cni-loopback","plugins":[{"type":"loopback"}]}""");

    /// <summary>What it was read from.</summary>
    public string Text { get; }

    /// <summary>The network's name.</summary>
    public string Name { get; }

    /// <summary>The version of the specification that its plugins are spoken to in.</summary>
    public string Version { get; }

    /// <summary>What each plugin is told, in the order in which they add.</summary>
    public IReadOnlyList<JsonObject> Plugins { get; }

    /// <summary>Whether its plugins may be asked if all is as they made it.</summary>
    public bool CanCheck { get; }

    /// <summary>The first configuration of a folder, by name, as other runtimes take it.</summary>
    /// <exception cref="RuntimeException">There is none, or it is none.</exception>
    public static CniConfiguration Find(string folder)
    {
        var path = Directory.Exists(folder)
            ? Directory.EnumerateFiles(folder).Where(file => _endings.Contains(Path.GetExtension(file))).Min(StringComparer.Ordinal)
            : null;
        if (path is null)
        {
            throw new RuntimeException($"there is no network configuration in {folder}");
        }

        try
        {
            return Parse(File.ReadAllText(path));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or RuntimeException)
        {
            throw new RuntimeException($"network configuration {path}: {e.Message}", inner: e);
        }
    }

    /// <summary>Reads a list of plugins, or one plugin.</summary>
    /// <exception cref="RuntimeException">It is neither.</exception>
    public static CniConfiguration Parse(string text)
    {
        try
        {
            return Read(text, JsonNode.Parse(text) as JsonObject ?? throw new RuntimeException("it is no JSON object"));
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException)
        {
            throw new RuntimeException(e.Message, inner: e);
        }
    }

    private static CniConfiguration Read(string text, JsonObject said)
    {
        var name = (string?)said["name"] ?? "";
        var version = (string?)said["cniVersion"] ?? "";
        if (name.Length == 0)
        {
            throw new RuntimeException("it has no name");
        }

        if (!System.Version.TryParse(version, out var number) || number < _oldest || number >= _tooNew)
        {
            throw new RuntimeException($"cniVersion is \"{version}\", and not 0.3.0 to 1.x");
        }

        JsonObject[] plugins = said["plugins"] is JsonArray list ? [.. list.Select(item => item!.AsObject())] : [said];
        if (plugins.Length == 0)
        {
            throw new RuntimeException("it has no plugins");
        }

        foreach (var plugin in plugins)
        {
            // A type is a file's name: no way out of the folder of plugins.
            if ((string?)plugin["type"] is not { Length: > 0 } type || type.Contains('/'))
            {
                throw new RuntimeException("a plugin has no type, or one with a slash");
            }
        }

        return new CniConfiguration(text, name, version, plugins, canCheck: said["disableCheck"]?.ToString() is not "true");
    }
}
