namespace Etcdish.ApiServer.Http;

/// <summary>A path below <c>/api/v1</c> or <c>/apis/GROUP/VERSION</c>, cut into its parts.</summary>
/// <param name="Group">The API group; empty for the core group.</param>
/// <param name="Version">The version.</param>
/// <param name="Namespace">The namespace; empty for cluster-wide paths.</param>
/// <param name="Resource">The resource.</param>
/// <param name="Name">The object's name; empty for collections.</param>
/// <param name="Subresource">The subresource; empty for none.</param>
internal readonly record struct RequestPath(
    string Group, string Version, string Namespace, string Resource, string Name, string Subresource)
{
    /// <summary>The parts of any path, of which empty ones do not count.</summary>
    public static string[] Split(string? path) => (path ?? "").Split('/', StringSplitOptions.RemoveEmptyEntries);

    /// <summary>Cuts a path; false if it names no resource.</summary>
    public static bool TryParse(string path, out RequestPath result) => TryParse(Split(path), out result);

    /// <summary>Understands the parts of a path; false if it names no resource.</summary>
    public static bool TryParse(string[] parts, out RequestPath result)
    {
        result = default;
        var (head, group) = parts switch
        {
            ["api", _, _, ..] => (2, ""),
            ["apis", var named, _, _, ..] => (3, named),
            _ => (0, ""),
        };
        if (head == 0)
        {
            return false;
        }

        var version = parts[head - 1];
        var rest = parts.AsSpan(head);

        // Namespaces are a resource and a scope: behind a namespace's name comes a resource, unless it is a namespace's own subresource.
        if (rest is ["namespaces", var scope, var inner, ..] && !IsOfNamespace(group, rest.Length, inner))
        {
            return TryParse(group, version, scope, rest[2..], out result);
        }

        return TryParse(group, version, "", rest, out result);
    }

    private static bool IsOfNamespace(string group, int length, string word) =>
        group.Length == 0 && length == 3 && word is "status" or "finalize";

    private static bool TryParse(string group, string version, string scope, ReadOnlySpan<string> rest, out RequestPath result)
    {
        // What is behind "proxy" is the path of another server.
        var isPath = rest.Length is >= 1 and <= 3 || rest is [_, _, "proxy", ..];
        result = isPath
            ? new RequestPath(group, version, scope, rest[0], rest.Length > 1 ? rest[1] : "", rest.Length > 2 ? rest[2] : "")
            : default;
        return isPath;
    }
}
