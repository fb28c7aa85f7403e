using System.Text.Json.Nodes;
using Etcdish.ApiServer.Apply;
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

    /// <summary>Whether an apply takes fields from others who own them; null if the request does not say it.</summary>
    public bool? Force { get; init; }

    /// <summary>Reads the parameters of a creation or an update.</summary>
    /// <exception cref="ApiException">A parameter is wrong.</exception>
    public static WriteOptions Read(IQueryCollection query)
    {
        var errors = new List<FieldError>();
        var options = Read(query, errors);
        return errors.Count == 0 ? options : throw ApiErrors.InvalidOptions("UpdateOptions", errors);
    }

    /// <summary>Reads the parameters of a patch.</summary>
    /// <exception cref="ApiException">A parameter is wrong.</exception>
    public static WriteOptions ReadPatch(IQueryCollection query, bool isApply)
    {
        var errors = new List<FieldError>();
        var options = Read(query, errors) with { Force = QueryValues.OptionalFlag(query, "force") };
        if (isApply && options.FieldManager.Length == 0)
        {
            errors.Add(FieldError.Required("fieldManager", "is required for apply patch"));
        }
        else if (!isApply && options.Force is not null)
        {
            errors.Add(FieldError.Forbidden("force", "may not be specified for non-apply patch"));
        }

        return errors.Count == 0 ? options : throw ApiErrors.InvalidOptions("PatchOptions", errors);
    }

    /// <exception cref="ApiException">The parameter is wrong.</exception>
    public static bool ReadDryRun(IQueryCollection query)
    {
        var errors = new List<FieldError>();
        var isDryRun = ReadDryRun(query, errors);
        return errors.Count == 0 ? isDryRun : throw ApiErrors.InvalidOptions("DeleteOptions", errors);
    }

    private static WriteOptions Read(IQueryCollection query, List<FieldError> errors)
    {
        var manager = QueryValues.Text(query, "fieldManager");
        ManagerName.Check(manager, errors);
        return new WriteOptions(ReadDryRun(query, errors), ReadValidation(query, errors)) { FieldManager = manager };
    }

    private static bool ReadDryRun(IQueryCollection query, List<FieldError> errors)
    {
        var text = QueryValues.Text(query, "dryRun");
        if (text is not ("" or "All"))
        {
            errors.Add(FieldError.NotSupported("dryRun", text, ["All"]));
        }

        return text.Length > 0;
    }

    private static FieldValidation ReadValidation(IQueryCollection query, List<FieldError> errors)
    {
        var text = QueryValues.Text(query, "fieldValidation");
        if (text is not ("" or "Warn" or "Ignore" or "Strict"))
        {
            errors.Add(FieldError.NotSupported("fieldValidation", text, ["", "Ignore", "Strict", "Warn"]));
        }

        return text switch { "Ignore" => FieldValidation.Ignore, "Strict" => FieldValidation.Strict, _ => FieldValidation.Warn };
    }
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
            : throw ApiErrors.BadRequest(
                $"invalid propagationPolicy \"{result.Propagation}\": it is one of Orphan, Background, Foreground");
    }

    private static bool OrphansAnyway(JsonObject options) =>
        options["orphanDependents"] is JsonValue value && value.TryGetValue<bool>(out var orphans) && orphans;

    private static string? NullIfEmpty(string text) => text.Length == 0 ? null : text;
}
