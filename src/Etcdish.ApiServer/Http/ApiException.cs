namespace Etcdish.ApiServer.Http;

/// <summary>A request that is answered with a Status of failure.</summary>
/// <param name="code">The HTTP status code.</param>
/// <param name="reason">Kubernetes' word for the reason, such as <c>NotFound</c>; clients decide by it.</param>
/// <param name="message">The text that people read.</param>
internal sealed class ApiException(int code, string reason, string message) : Exception(message)
{
    public int Code { get; } = code;

    public string Reason { get; } = reason;

    /// <summary>Name of the object, or null.</summary>
    public string? Name { get; init; }

    /// <summary>Its API group, or null.</summary>
    public string? Group { get; init; }

    /// <summary>Its resource, or for invalid objects its kind, or null.</summary>
    public string? Kind { get; init; }

    public IReadOnlyList<StatusCause> Causes { get; init; } = [];

    /// <summary>After how many seconds a client may try again; 0 to say nothing.</summary>
    public int RetryAfterSeconds { get; init; }

    /// <summary>A token that continues an expired list with what there is now, or null.</summary>
    public string? ContinueToken { get; init; }
}

/// <summary>One cause of a failure.</summary>
/// <param name="Reason">Kubernetes' word, such as <c>FieldValueRequired</c>.</param>
/// <param name="Message">The text.</param>
/// <param name="Field">The field, or null.</param>
internal readonly record struct StatusCause(string Reason, string Message, string? Field);
