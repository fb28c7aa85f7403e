using System.Text.Json.Nodes;
using Etcdish.Kubernetes;
using Microsoft.AspNetCore.Http;

namespace Etcdish.Kubelet.Server;

/// <summary>Answers to requests.</summary>
internal static class Answer
{
    /// <summary>Answers with a text.</summary>
    public static Task TextAsync(HttpContext http, int status, string text)
    {
        http.Response.StatusCode = status;
        http.Response.ContentType = "text/plain; charset=utf-8";
        return http.Response.WriteAsync(text, http.RequestAborted);
    }

    /// <summary>Answers with an object.</summary>
    public static async Task JsonAsync(HttpContext http, JsonNode value)
    {
        http.Response.ContentType = "application/json";
        await http.Response.Body.WriteAsync(JsonTree.ToBytes(value), http.RequestAborted);
    }

    /// <summary>Answers that a path is read only. True: it is asked to be read.</summary>
    public static async ValueTask<bool> RequireGetAsync(HttpContext http)
    {
        if (http.Request.Method == "GET")
        {
            return true;
        }

        http.Response.Headers.Allow = "GET";
        await TextAsync(http, 405, "Method Not Allowed");
        return false;
    }
}
