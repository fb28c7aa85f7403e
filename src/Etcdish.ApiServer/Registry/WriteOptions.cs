using System.Text.Json.Nodes;
using Etcdish.ApiServer.Http;
using Etcdish.Kubernetes;
using Microsoft.AspNetCore.Http;

namespace Etcdish.ApiServer.Registry;

/// <summary>Parameters of creations, updates and patches.</summary>
/// <param name="IsDryRun">Whether everything is done but the write.</param>
/// <param name="Validation">What to do about unknown and duplicate fields.</param>
internal readonly record struct WriteOptions(bool IsDryRun, FieldValidation Validation)
{
    /// <summary>The name under which the writer's fields are noted; empty if the request does not say it.</summary>
    public string FieldManager { get; init; } = "";

    /// <exception cref="ApiException">A parameter is wrong.</exception>
    public static WriteOptions Read(IQueryCollection query) => new(ReadDryRun(query), QueryValues.Text(query, "fieldValidation") switch
    {
        "" or "Warn" => FieldValidation.Warn,
        "Ignore" => FieldValidation.Ignore,
        "Strict" => FieldValidation.Strict,
        var other => throw ApiErrors.BadRequest($"invalid fieldValidation \"{other}\": it is one of Ignore, Warn, Strict"),
    })
    {
        FieldManager = QueryValues.Text(query, "fieldManager"),
    };

    public static bool ReadDryRun(IQueryCollection query) => QueryValues.Text(query, "dryRun") switch
    {
        "" => false,
        "All" => true,
        var other => throw ApiErrors.BadRequest($"invalid dryRun \"{other}\": the only value is All"),
    };
}

/// <summary>What a deletion was asked to do.</summary>
internal sealed record DeleteOptions
{
    public bool IsDryRun { get; init; }

    public long? GraceSeconds { get; init; }

    public string? Uid { get; init; }

    public string? ResourceVersion { get; init; }

    /// <summary>Orphan, Background, Foreground, or empty.</summary>
    public string Propagation { get; init; } = "";

    /// <summary>Reads the body, if there is one, and the query.</summary>
    /// <exception cref="ApiException">One of them is wrong.</exception>
    public static async Task<DeleteOptions> ReadAsync(HttpRequest request, CancellationToken cancellation)
    {
        var type = SchemaCatalog.BuiltIn.FindKind("v1", "DeleteOptions")!;
        var body = await RequestBody.ReadObjectAsync(request, type, cancellation);
        var options = body.IsEmpty ? [] : ObjectDocument.Decode(body.Span, type, "DeleteOptions", "v1", FieldValidation.Ignore, out _);
        return Of(options, request.Query);
    }

    /// <summary>Understands options that came within another object, and the query.</summary>
    /// <exception cref="ApiException">One of them is wrong.</exception>
    public static DeleteOptions Of(JsonObject options, IQueryCollection query)
    {
        var preconditions = options.Part("preconditions");
        var propagation = options.Text("propagationPolicy");
        var result = new DeleteOptions
        {
            IsDryRun = WriteOptions.ReadDryRun(query) || options.Items("dryRun").Any(v => v?.GetValue<string>() == "All"),
            GraceSeconds = options.Number("gracePeriodSeconds") ?? QueryValues.Number(query, "gracePeriodSeconds"),
            Uid = preconditions is null ? null : NullIfEmpty(preconditions.Text("uid")),
            ResourceVersion = preconditions is null ? null : NullIfEmpty(preconditions.Text("resourceVersion")),
            Propagation = propagation.Length > 0 ? propagation : QueryValues.Text(query, "propagationPolicy"),
        };
        return result.Propagation is "" or "Orphan" or "Background" or "Foreground"
            ? result with { Propagation = OrphansAnyway(options) ? "Orphan" : result.Propagation }
            : throw ApiErrors.BadRequest($"invalid propagationPolicy \"{result.Propagation}\": it is one of Orphan, Background, Foreground");
    }

    private static bool OrphansAnyway(JsonObject options) =>
        options["orphanDependents"] is JsonValue value && value.TryGetValue<bool>(out var orphans) && orphans;

    private static string? NullIfEmpty(string text) => text.Length == 0 ? null : text;
}
