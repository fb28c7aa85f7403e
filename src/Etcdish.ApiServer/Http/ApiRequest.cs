using Etcdish.ApiServer.Registry;
using Microsoft.AspNetCore.Http;

namespace Etcdish.ApiServer.Http;

/// <summary>A request for a resource, with what all handlers need of it.</summary>
/// <param name="Http">The request and its answer.</param>
/// <param name="Type">The resource.</param>
/// <param name="Path">The parts of the path.</param>
internal sealed record ApiRequest(HttpContext Http, ResourceType Type, RequestPath Path)
{
    public string Namespace => Path.Namespace;

    public string Name => Path.Name;

    public CancellationToken Cancellation => Http.RequestAborted;

    public Representation Representation { get; } = ContentNegotiation.Choose(Http.Request.Headers.Accept.ToString());

    /// <summary>What a row of a table carries beside its cells: None, Metadata or Object.</summary>
    public string IncludeObject { get; } = QueryValues.Text(Http.Request.Query, "includeObject") is { Length: > 0 } text ? text : "Metadata";

    public void Warn(IEnumerable<string> warnings)
    {
        foreach (var warning in warnings)
        {
            // The text stands between quotes, and headers hold no line breaks.
            var text = warning.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal);
            if (text.All(c => c is >= ' ' and <= '~'))
            {
                Http.Response.Headers.Append("Warning", $"299 - \"{text}\"");
            }
        }
    }
}
