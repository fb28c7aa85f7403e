namespace Etcdish.Kubelet.Server;

/// <summary>
/// What a request wants, as the API server is asked for it: a verb on the subresource of the node that stands for the path. Paths that are
/// harmless have one of their own, and nodes/proxy, which stands for everything, is enough for them too.
/// </summary>
/// <param name="Verb">The verb.</param>
/// <param name="Subresources">The subresources, of which one is enough.</param>
internal sealed record AccessWish(string Verb, IReadOnlyList<string> Subresources)
{
    private const string Everything = "proxy";

    private static readonly (string Path, string[] Subresources)[] _paths =
    [
        ("/stats", ["stats"]),
        ("/metrics", ["metrics"]),
        ("/logs", ["log"]),
        ("/checkpoint", ["checkpoint"]),
        ("/pods", ["pods", Everything]),
        ("/runningpods", ["pods", Everything]),
        ("/healthz", ["healthz", Everything]),
        ("/configz", ["configz", Everything]),
    ];

    /// <summary>What a request wants.</summary>
    public static AccessWish Of(string method, string path)
    {
        var verb = method switch
        {
            "POST" => "create",
            "GET" => "get",
            "PUT" => "update",
            "PATCH" => "patch",
            "DELETE" => "delete",
            _ => "",
        };
        foreach (var (prefix, subresources) in _paths)
        {
            if (path.StartsWith(prefix, StringComparison.Ordinal) && (path.Length == prefix.Length || path[prefix.Length] == '/'))
            {
                return new AccessWish(verb, subresources);
            }
        }

        return new AccessWish(verb, [Everything]);
    }
}
