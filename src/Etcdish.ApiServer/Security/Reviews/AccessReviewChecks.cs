using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Etcdish.ApiServer.Http;
using Etcdish.ApiServer.Registry;
using Etcdish.Kubernetes;

namespace Etcdish.ApiServer.Security.Reviews;

/// <summary>The rules for questions about access.</summary>
internal static class AccessReviewChecks
{
    private static readonly JsonSerializerOptions _relaxed = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <exception cref="ApiException">The question is not one.</exception>
    public static void Check(ResourceInfo resource, JsonObject spec)
    {
        var errors = new List<FieldError>();
        var (about, path) = (spec.Part("resourceAttributes"), spec.Part("nonResourceAttributes"));
        if (about is not null && path is not null)
        {
            errors.Add(Invalid("spec.nonResourceAttributes", path, "cannot be specified in combination with resourceAttributes"));
        }
        else if (about is null && path is null)
        {
            errors.Add(Invalid(
                "spec.resourceAttributes", null, "exactly one of nonResourceAttributes or resourceAttributes must be specified"));
        }

        if (resource.Kind != "SelfSubjectAccessReview" && spec.Text("user").Length == 0 && !spec.Items("groups").Any())
        {
            errors.Add(FieldError.Invalid("spec.user", "", "at least one of user or group must be specified"));
        }

        if (resource.Kind == "LocalSubjectAccessReview" && path is not null)
        {
            errors.Add(Invalid("spec.nonResourceAttributes", path, "disallowed on this kind of request"));
        }

        if (errors.Count > 0)
        {
            throw ApiErrors.Invalid(resource, "", errors);
        }
    }

    /// <summary>A local question is about the namespace in which it is asked.</summary>
    /// <exception cref="ApiException">It is about another one.</exception>
    public static void CheckLocal(ApiRequest request, JsonObject spec)
    {
        var scope = spec.Part("resourceAttributes").Text("namespace");
        if (spec["nonResourceAttributes"] is null && scope != request.Namespace)
        {
            throw ApiErrors.BadRequest($"spec.resourceAttributes.namespace must match namespace: {request.Namespace}");
        }
    }

    private static FieldError Invalid(string path, JsonNode? value, string detail) =>
        new(path, "FieldValueInvalid", $"Invalid value: {value?.ToJsonString(_relaxed) ?? "null"}: {detail}");
}
