using System.Buffers;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Etcdish.Kubernetes.Client;

/// <summary>
/// Reads kubeconfig files. What runs other programs to find out who the user is (exec, auth-provider) is refused: a program that serves a
/// cluster has a certificate or a token.
/// </summary>
public static class KubeconfigFile
{
    /// <summary>Reads a file.</summary>
    /// <param name="path">The file; paths in it are relative to its folder.</param>
    /// <param name="context">The context to use; null: the file's current one.</param>
    /// <exception cref="IOException">A file cannot be read.</exception>
    /// <exception cref="FormatException">What it holds is no kubeconfig, or one that cannot be used here; the message says why.</exception>
    public static ClusterAccess Read(string path, string? context = null) =>
        Parse(File.ReadAllBytes(path), Path.GetDirectoryName(Path.GetFullPath(path)) ?? "", context);

    /// <summary>Reads the text of a kubeconfig.</summary>
    /// <param name="yaml">The text.</param>
    /// <param name="folder">Where relative paths in it begin.</param>
    /// <param name="context">The context to use; null: its current one.</param>
    /// <exception cref="IOException">A file that it names cannot be read.</exception>
    /// <exception cref="FormatException">It is no kubeconfig, or one that cannot be used here.</exception>
    internal static ClusterAccess Parse(ReadOnlySpan<byte> yaml, string folder, string? context = null)
    {
        var root = ToTree(yaml);
        var name = context ?? Text(root, "current-context");
        if (name.Length == 0)
        {
            throw new FormatException("the kubeconfig names no current-context");
        }

        var used = Named(root, "contexts", "context", name);
        var cluster = Named(root, "clusters", "cluster", Text(used, "cluster"));
        var user = Text(used, "user") is { Length: > 0 } userName ? Named(root, "users", "user", userName) : [];
        if (user.ContainsKey("exec") || user.ContainsKey("auth-provider") || user.ContainsKey("username"))
        {
            throw new FormatException("the kubeconfig's user has no certificate or token: exec, auth-provider and passwords are not taken");
        }

        return new ClusterAccess
        {
            Server = Uri.TryCreate(Text(cluster, "server"), UriKind.Absolute, out var server)
                ? server
                : throw new FormatException($"the kubeconfig's server \"{Text(cluster, "server")}\" is no URL"),
            Authority = Pem(cluster, "certificate-authority", folder) is { } authority ? Certificates(authority) : null,
            ServerName = Text(cluster, "tls-server-name") is { Length: > 0 } serverName ? serverName : null,
            SkipsVerification = cluster["insecure-skip-tls-verify"] is JsonValue value && value.TryGetValue(out bool skips) && skips,
            Certificate = Certificate(user, folder),
            Token = Text(user, "token") is { Length: > 0 } token ? token : null,
            TokenFile = Text(user, "tokenFile") is { Length: > 0 } file ? Path.Combine(folder, file) : null,
            Namespace = Text(used, "namespace") is { Length: > 0 } ns ? ns : "default",
        };
    }

    private static JsonObject ToTree(ReadOnlySpan<byte> yaml)
    {
        try
        {
            var json = new ArrayBufferWriter<byte>();
            YamlConverter.ToJson(yaml, json);
            return JsonNode.Parse(json.WrittenSpan) as JsonObject ?? throw new FormatException("the kubeconfig is no map");
        }
        catch (Exception e) when (e is ObjectFormatException or JsonException)
        {
            throw new FormatException($"the kubeconfig cannot be read: {e.Message}", e);
        }
    }

    private static JsonObject Named(JsonObject root, string list, string field, string name)
    {
        foreach (var item in root[list] as JsonArray ?? [])
        {
            if (item is JsonObject entry && Text(entry, "name") == name && entry[field] is JsonObject found)
            {
                return found;
            }
        }

        throw new FormatException($"the kubeconfig has no {field} \"{name}\"");
    }

    private static string Text(JsonObject node, string field) =>
        node[field] is JsonValue value && value.TryGetValue(out string? text) ? text : "";

    /// <summary>What is given as it is, or in a file.</summary>
    private static string? Pem(JsonObject node, string field, string folder)
    {
        if (Text(node, field + "-data") is { Length: > 0 } data)
        {
            return Encoding.ASCII.GetString(Convert.FromBase64String(data));
        }

        return Text(node, field) is { Length: > 0 } file ? File.ReadAllText(Path.Combine(folder, file)) : null;
    }

    private static X509Certificate2Collection Certificates(string pem)
    {
        var all = new X509Certificate2Collection();
        all.ImportFromPem(pem);
        return all.Count > 0 ? all : throw new FormatException("the kubeconfig's certificate-authority holds no certificate");
    }

    private static X509Certificate2? Certificate(JsonObject user, string folder)
    {
        var certificate = Pem(user, "client-certificate", folder);
        var key = Pem(user, "client-key", folder);
        if (certificate is null && key is null)
        {
            return null;
        }

        if (certificate is null || key is null)
        {
            throw new FormatException("the kubeconfig's user needs both client-certificate and client-key");
        }

        try
        {
            return X509Certificate2.CreateFromPem(certificate, key);
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
            throw new FormatException($"the kubeconfig's client-certificate and client-key cannot be used: {e.Message}", e);
        }
    }
}
