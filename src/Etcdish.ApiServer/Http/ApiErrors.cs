using Etcdish.ApiServer.Registry;
using Etcdish.Kubernetes;

namespace Etcdish.ApiServer.Http;

/// <summary>The failures of the API in the words that clients and people know.</summary>
internal static class ApiErrors
{
    public static ApiException BadRequest(string message) => new(400, "BadRequest", message);

    public static ApiException Unauthorized() => new(401, "Unauthorized", "Unauthorized");

    public static ApiException PathNotFound() => new(404, "NotFound", "the server could not find the requested resource");

    public static ApiException MethodNotAllowed() =>
        new(405, "MethodNotAllowed", "the server does not allow this method on the requested resource");

    public static ApiException NotAcceptable() => new(
        406,
        "NotAcceptable",
        "only the following media types are accepted: application/json, application/json;as=Table;v=v1;g=meta.k8s.io");

    public static ApiException UnsupportedMediaType(string accepted) => new(
        415,
        "UnsupportedMediaType",
        $"the body of the request was in an unknown format - accepted media types include: {accepted}");

    public static ApiException TooLarge(long limit) =>
        new(413, "RequestEntityTooLarge", $"Request entity too large: limit is {limit}");

    public static ApiException NotFound(ResourceInfo resource, string name) =>
        new(404, "NotFound", $"{QualifiedName(resource)} \"{name}\" not found")
        {
            Name = name,
            Group = resource.Group,
            Kind = resource.Name,
        };

    public static ApiException AlreadyExists(ResourceInfo resource, string name) =>
        new(409, "AlreadyExists", $"{QualifiedName(resource)} \"{name}\" already exists")
        {
            Name = name,
            Group = resource.Group,
            Kind = resource.Name,
        };

    public static ApiException NoNameLeft(ResourceInfo resource, string name) =>
        new(409, "AlreadyExists", $"{QualifiedName(resource)} \"{name}\" already exists, the server was not able to generate a unique name")
        {
            Name = name,
            Group = resource.Group,
            Kind = resource.Name,
            RetryAfterSeconds = 1,
        };

    public static ApiException Modified(ResourceInfo resource, string name) => Conflict(
        resource, name, "the object has been modified; please apply your changes to the latest version and try again");

    public static ApiException Conflict(ResourceInfo resource, string name, string why) =>
        new(409, "Conflict", $"Operation cannot be fulfilled on {QualifiedName(resource)} \"{name}\": {why}")
        {
            Name = name,
            Group = resource.Group,
            Kind = resource.Name,
        };

    /// <summary>An apply that would change what others own.</summary>
    public static ApiException ApplyConflict(ApplyConflictException conflict) => new(409, "Conflict", conflict.Message)
    {
        Causes = [.. conflict.Conflicts.Select(c => new StatusCause("FieldManagerConflict", $"conflict with {c.Manager}", c.Field))],
    };

    public static ApiException Forbidden(ResourceInfo resource, string name, string why, params IReadOnlyList<StatusCause> causes) =>
        new(403, "Forbidden", $"{QualifiedName(resource)} \"{name}\" is forbidden: {why}")
        {
            Name = name,
            Group = resource.Group,
            Kind = resource.Name,
            Causes = causes,
        };

    public static ApiException Invalid(ResourceInfo resource, string name, IReadOnlyList<FieldError> errors) =>
        Invalid(resource.Group, resource.Kind, name, errors);

    private static ApiException Invalid(string group, string kind, string name, IReadOnlyList<FieldError> errors)
    {
        var texts = errors.Select(e => e.ToString()).Distinct(StringComparer.Ordinal).ToArray();
        var all = texts.Length == 1 ? texts[0] : $"[{string.Join(", ", texts)}]";
        return new ApiException(422, "Invalid", $"{(group.Length == 0 ? kind : $"{kind}.{group}")} \"{name}\" is invalid: {all}")
        {
            Name = name,
            Group = group,
            Kind = kind,
            Causes = [.. errors.Select(e => new StatusCause(e.Reason, e.Detail, e.Path))],
        };
    }

    /// <summary>Parameters of a write that are wrong.</summary>
    /// <param name="kind">The kind of the parameters, such as <c>PatchOptions</c>.</param>
    /// <param name="errors">What is wrong.</param>
    public static ApiException InvalidOptions(string kind, IReadOnlyList<FieldError> errors) =>
        Invalid("meta.k8s.io", kind, "", errors);

    /// <summary>A parameter of a list that cannot be combined with the others.</summary>
    public static ApiException InvalidListOptions(FieldError error) =>
        new(422, "Invalid", $"ListOptions.meta.k8s.io \"\" is invalid: {error}")
        {
            Group = "meta.k8s.io",
            Kind = "ListOptions",
            Causes = [new StatusCause(error.Reason, error.Detail, error.Path)],
        };

    public static ApiException ExpiredRevision() =>
        new(410, "Expired", "The resourceVersion for the provided list is too old.");

    public static ApiException ExpiredWatch(long revision) =>
        new(410, "Expired", $"too old resource version: {revision}");

    public static ApiException ExpiredContinue(string inconsistentToken) => new(
        410,
        "Expired",
        "The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue "
        + "parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided "
        + "token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was "
        + "returned and now may show up in the list.")
    {
        ContinueToken = inconsistentToken,
    };

    public static ApiException RevisionTooLarge(long wanted, long current) =>
        new(504, "Timeout", $"Timeout: Too large resource version: {wanted}, current: {current}")
        {
            Causes = [new StatusCause("ResourceVersionTooLarge", "Too large resource version", null)],
            RetryAfterSeconds = 1,
        };

    public static ApiException TooManyRequests() =>
        new(429, "TooManyRequests", "Too many requests, please try again later.") { RetryAfterSeconds = 1 };

    public static ApiException DeadlineExceeded() =>
        new(504, "Timeout", "Timeout: request did not complete within requested timeout - context deadline exceeded");

    public static ApiException StoreUnavailable(string message) =>
        new(503, "ServiceUnavailable", $"the store cannot answer: {message}") { RetryAfterSeconds = 1 };

    public static ApiException Internal() =>
        new(500, "InternalError", "Internal error occurred: the request failed; the server's log says why");

    private static string QualifiedName(ResourceInfo resource) =>
        resource.Group.Length == 0 ? resource.Name : $"{resource.Name}.{resource.Group}";
}
