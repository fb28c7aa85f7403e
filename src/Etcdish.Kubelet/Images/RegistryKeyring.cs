using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Etcdish.Kubelet.Runtime;

namespace Etcdish.Kubelet.Images;

/// <summary>
/// Logins of registries, and which of them are tried for an image: those whose host (parts of which may be patterns) and path fit it, the
/// longest first, and for images of the default registry also those that are under its old name.
/// </summary>
internal sealed class RegistryKeyring
{
    private const string DefaultKey = "index.docker.io";

    private readonly List<(string Key, RegistryLogin Login)> _entries = [];

    /// <summary>Adds what a secret of a type for registries holds; of another type, nothing.</summary>
    /// <exception cref="FormatException">It is of such a type and holds something else.</exception>
    public void Add(JsonObject secret)
    {
        var (file, isWrapped) = (string?)secret["type"] switch
        {
            "kubernetes.io/dockerconfigjson" => (".dockerconfigjson", true),
            "kubernetes.io/dockercfg" => (".dockercfg", false),
            _ => ("", false),
        };
        if (file.Length == 0 || (string?)secret["data"]?[file] is not { } text)
        {
            return;
        }

        try
        {
            var config = JsonNode.Parse(Convert.FromBase64String(text)) as JsonObject;
            foreach (var (server, entry) in (isWrapped ? config?["auths"] as JsonObject : config) ?? [])
            {
                Add(server, entry as JsonObject ?? []);
            }
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new FormatException($"its {file} is no configuration of registries", e);
        }
    }

    /// <summary>The logins to try for an image, in order.</summary>
    public IReadOnlyList<RegistryLogin> Find(ImageName image)
    {
        var found = _entries.OrderByDescending(entry => entry.Key, StringComparer.Ordinal).Where(entry => Fits(entry.Key, image));
        if (image.Registry == "docker.io")
        {
            found = found.Concat(_entries.Where(entry => entry.Key == DefaultKey));
        }

        return [.. found.Select(entry => entry.Login).Distinct()];
    }

    /// <summary>Whether a key, such as <c>*.example.com/team</c>, fits an image.</summary>
    internal static bool Fits(string key, ImageName image)
    {
        var slash = key.IndexOf('/');
        var (host, path) = slash < 0 ? (key, "") : (key[..slash], key[slash..]);
        var (pattern, port) = Split(host);
        var (name, imagePort) = Split(image.Registry);
        var (parts, nameParts) = (pattern.Split('.'), name.Split('.'));
        return port == imagePort && parts.Length == nameParts.Length && ("/" + image.Path).StartsWith(path, StringComparison.Ordinal)
            && parts.Zip(nameParts).All(pair => FitsPart(pair.First, pair.Second));
    }

    private static (string Name, string Port) Split(string host)
    {
        var colon = host.LastIndexOf(':');
        return colon < 0 || host.EndsWith(']') ? (host, "") : (host[..colon], host[(colon + 1)..]);
    }

    private static bool FitsPart(string pattern, string text) => pattern.AsSpan().IndexOfAny("*?[") < 0
        ? pattern == text
        : Regex.IsMatch(
            text,
            $@"^{Regex.Escape(pattern).Replace(@"\*", ".*", StringComparison.Ordinal).Replace(@"\?", ".", StringComparison.Ordinal)}\z",
            RegexOptions.NonBacktracking);

    private void Add(string server, JsonObject entry)
    {
        var (user, password) = ((string?)entry["username"] ?? "", (string?)entry["password"] ?? "");
        if ((string?)entry["auth"] is { Length: > 0 } auth)
        {
            var both = Encoding.UTF8.GetString(Convert.FromBase64String(auth.PadRight((auth.Length + 3) / 4 * 4, '='))).Split(':', 2);
            (user, password) = both.Length == 2
                ? (both[0], both[1].TrimEnd('\0'))
                : throw new FormatException($"its login for {server} is not user:password");
        }

        var login = new RegistryLogin
        {
            Username = user,
            Password = password,
            ServerAddress = server,
            IdentityToken = (string?)entry["identitytoken"] ?? "",
            RegistryToken = (string?)entry["registrytoken"] ?? "",
        };
        _entries.Add((Key(server), login));
    }

    /// <summary>Of <c>https://host/v1/</c> the host is meant; of another path that, too.</summary>
    private static string Key(string server)
    {
        var scheme = server.IndexOf("://", StringComparison.Ordinal);
        var rest = scheme < 0 ? server : server[(scheme + 3)..];
        var slash = rest.IndexOf('/');
        if (slash < 0)
        {
            return rest;
        }

        var path = rest[slash..];
        path = path.StartsWith("/v1/", StringComparison.Ordinal) || path.StartsWith("/v2/", StringComparison.Ordinal) ? path[3..] : path;
        return path is "/" or "/v1" or "/v2" ? rest[..slash] : rest[..slash] + path;
    }
}
