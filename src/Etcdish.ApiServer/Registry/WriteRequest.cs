using Etcdish.ApiServer.Security;

namespace Etcdish.ApiServer.Registry;

/// <summary>A write as all its stages see it: what is written, by whom, and how.</summary>
/// <param name="Type">The resource.</param>
/// <param name="Namespace">The namespace, or empty.</param>
/// <param name="Name">The name; empty for a creation that has it in its object.</param>
internal sealed record WriteRequest(ResourceType Type, string Namespace, string Name)
{
    /// <summary>The part of the object that may change.</summary>
    public UpdatePart Part { get; init; } = UpdatePart.Main;

    /// <summary>Who writes.</summary>
    public RequestUser User { get; init; } = RequestUser.Server;

    /// <summary>The name under which the writer's fields are noted.</summary>
    public string FieldManager { get; init; } = "etcdish";

    /// <summary>Whether this is a server-side apply, which settles the owners of fields itself and creates what is missing.</summary>
    public bool IsApply { get; init; }

    /// <summary>Whether the writer waits until what it wrote has taken effect in this server.</summary>
    public bool AwaitsEffect { get; init; }

    /// <summary>Whether everything is done but the write.</summary>
    public bool IsDryRun { get; init; }

    /// <summary>Receives what the client should be warned of; the same text may come more than once.</summary>
    public Action<string> Warn { get; init; } = static _ => { };

    /// <summary>The subresource written through; empty for the object itself.</summary>
    public string Subresource => Part.Subresource;
}
