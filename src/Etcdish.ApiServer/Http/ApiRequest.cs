using Etcdish.ApiServer.Apply;
using Etcdish.ApiServer.Registry;
using Etcdish.ApiServer.Security;
using Etcdish.Kubernetes;
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
    public string IncludeObject { get; } = QueryValues.Text(Http.Request.Query, "includeObject") is { Length: > 0 } text
        ? text
        : "Metadata";

    /// <summary>Who makes the request.</summary>
    public RequestUser User => RequestUser.Of(Http);

    /// <summary>The write that this request asks for, with the subresource's own part of the object or the whole of it.</summary>
    public WriteRequest ToWrite(WriteOptions options, UpdatePart? part = null) => new(Type, Namespace, Name)
    {
        Part = part ?? UpdatePart.Main,
        User = User,
        FieldManager = options.FieldManager.Length > 0
            ? options.FieldManager
            : ManagerName.OfUserAgent(Http.Request.Headers.UserAgent.ToString()),
        AwaitsEffect = true,
        IsDryRun = options.IsDryRun,
        Warn = text => Warn([text]),
    };

    /// <summary>The deletion that this request asks for.</summary>
    public WriteRequest ToWrite(bool isDryRun) => ToWrite(new WriteOptions(isDryRun, FieldValidation.Ignore));

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
