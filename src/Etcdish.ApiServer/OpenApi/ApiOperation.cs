namespace Etcdish.ApiServer.OpenApi;

/// <summary>What a method does on a path.</summary>
internal sealed record ApiOperation
{
    /// <summary>The method in lower case.</summary>
    public required string Method { get; init; }

    /// <summary>What is done, in the API's own words, such as <c>deletecollection</c>.</summary>
    public required string Action { get; init; }

    /// <summary>A name that no other operation has.</summary>
    public required string Id { get; init; }

    public required string Text { get; init; }

    /// <summary>The kind that is read or written.</summary>
    public required GroupVersionKind Kind { get; init; }

    /// <summary>The parameters in the query.</summary>
    public IReadOnlyList<ApiParameter> Parameters { get; init; } = [];

    /// <summary>The name of the body's schema; null if there is no body.</summary>
    public string? BodySchema { get; init; }

    /// <summary>The media types that the body may have.</summary>
    public IReadOnlyList<string> BodyTypes { get; init; } = [];

    /// <summary>The name of the answer's schema; null if the answer is a stream of bytes.</summary>
    public string? AnswerSchema { get; init; }

    /// <summary>The media types that the answer may have.</summary>
    public IReadOnlyList<string> AnswerTypes { get; init; } = ["application/json"];

    /// <summary>The codes of success.</summary>
    public IReadOnlyList<int> Codes { get; init; } = [200];
}

/// <summary>A path with what can be done there.</summary>
internal sealed record ApiPath(string Path, IReadOnlyList<ApiParameter> Parameters, IReadOnlyList<ApiOperation> Operations);
