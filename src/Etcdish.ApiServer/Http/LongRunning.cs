using Microsoft.AspNetCore.Http;

namespace Etcdish.ApiServer.Http;

/// <summary>Tells requests that last until somebody ends them: watches, and streams from and to pods.</summary>
internal static class LongRunning
{
    public static bool Is(HttpRequest request)
    {
        var path = request.Path.Value ?? "";
        return IsStream(path) || (request.Method == "GET" && IsWatch(request.Query));
    }

    private static bool IsWatch(IQueryCollection query) =>
        query.TryGetValue("watch", out var values) && values[0] is not ("0" or "f" or "F" or "false" or "FALSE" or "False");

    // The words may be names of objects, too; a subresource lies one level deeper. Behind "proxy" comes any path.
    private static bool IsStream(string path)
    {
        var last = path.AsSpan(path.LastIndexOf('/') + 1);
        return last is "exec" or "attach" or "portforward" or "log" or "proxy"
            ? RequestPath.TryParse(path, out var parts) && parts.Subresource.Length > 0
            : path.Contains("/proxy/", StringComparison.Ordinal);
    }
}
