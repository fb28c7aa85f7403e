using Microsoft.AspNetCore.Http;

namespace Etcdish.Network.Ingress;

/// <summary>Answers of the controller itself.</summary>
internal static class PlainAnswer
{
    /// <summary>Answers with a line of text.</summary>
    public static Task WriteAsync(HttpContext context, int status, string text)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "text/plain; charset=utf-8";
        return context.Response.WriteAsync($"{status}: {text}\n", context.RequestAborted);
    }
}
