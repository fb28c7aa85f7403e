using System.Net;

namespace Etcdish.Kubernetes.Client;

/// <summary>An API's answer was a failure (meta/v1 Status).</summary>
/// <param name="code">The HTTP status.</param>
/// <param name="reason">Its reason, such as NotFound.</param>
/// <param name="message">What the server said.</param>
public sealed class ApiStatusException(int code, string reason, string message) : Exception(message)
{
    /// <summary>The HTTP status.</summary>
    public int Code { get; } = code;

    /// <summary>The reason in one word, such as NotFound; empty if the server gave none.</summary>
    public string Reason { get; } = reason;

    /// <summary>How long the server wants to be left alone; zero if it did not say.</summary>
    public TimeSpan RetryAfter { get; init; }

    /// <summary>The words of its causes (<c>details.causes[].reason</c>), such as NamespaceTerminating.</summary>
    public IReadOnlyList<string> Causes { get; init; } = [];

    /// <summary>There is no such object.</summary>
    public bool IsNotFound => Code == (int)HttpStatusCode.NotFound;

    /// <summary>There is one of that name already.</summary>
    public bool IsAlreadyExists => Code == (int)HttpStatusCode.Conflict && Reason == "AlreadyExists";

    /// <summary>Somebody else was faster.</summary>
    public bool IsConflict => Code == (int)HttpStatusCode.Conflict && Reason != "AlreadyExists";

    /// <summary>The revision asked for is no longer kept.</summary>
    public bool IsExpired => Code == (int)HttpStatusCode.Gone;

    /// <summary>The namespace is on its way out.</summary>
    public bool IsNamespaceTerminating => Causes.Contains("NamespaceTerminating");
}
