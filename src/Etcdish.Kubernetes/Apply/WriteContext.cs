namespace Etcdish.Kubernetes;

/// <summary>Who writes an object, and how: what its owners' entries say.</summary>
public sealed record WriteContext
{
    /// <summary>The version the request is in.</summary>
    public required string ApiVersion { get; init; }

    /// <summary>The name of the manager (<c>fieldManager</c>, or the beginning of the user agent); empty is <c>unknown</c>.</summary>
    public required string Manager { get; init; }

    /// <summary>The time of the write.</summary>
    public required DateTimeOffset Now { get; init; }

    /// <summary>The subresource written through, empty for the object itself.</summary>
    public string Subresource { get; init; } = "";

    /// <summary>
    /// Fields that this endpoint does not change, such as <c>status</c> for the object itself: nobody comes to own them by this write.
    /// Names with dots between them.
    /// </summary>
    public IReadOnlyList<string> ResetFields { get; init; } = [];

    /// <summary>
    /// The only field in which the object can differ from the stored one, so that the rest need not be compared; null: any.
    /// </summary>
    public string? OnlyField { get; init; }
}
