using System.Text.Json.Nodes;
using Etcdish.ApiServer.Http;
using Etcdish.ApiServer.Registry;
using Etcdish.ApiServer.Security.Authentication;
using Etcdish.ApiServer.Security.Nodes;
using Etcdish.Kubernetes;

namespace Etcdish.ApiServer.Security.Reviews;

/// <summary>
/// Answers questions about identity and rights. They look like objects that are created, but nothing is stored: the answer is their status.
/// </summary>
internal sealed class ReviewHandler(Authorizer authorizer, Authenticator authenticator)
{
    /// <summary>Whether a resource is a question.</summary>
    public static bool Handles(ResourceInfo resource) =>
        resource.Group is "authentication.k8s.io" or "authorization.k8s.io" && resource.Verbs is ["create"];

    public async Task HandleAsync(ApiRequest request)
    {
        if (request.Http.Request.Method != "POST" || request.Name.Length > 0
            || request.Type.Info.IsNamespaced != request.Namespace.Length > 0)
        {
            throw ApiErrors.MethodNotAllowed();
        }

        var info = request.Type.Info;
        var value = await ReadAsync(request);
        value["status"] = await AnswerAsync(request, value);
        await ApiResponse.SendAsync(request.Http, 201, ApiJson.Write(value.InStoredOrder(info.Kind, info.ApiVersion)));
    }

    private async ValueTask<JsonObject> AnswerAsync(ApiRequest request, JsonObject value)
    {
        var (spec, cancellation) = (value.Part("spec") ?? [], request.Cancellation);
        switch (request.Type.Info.Kind)
        {
            case "TokenReview":
                return await ReviewTokenAsync(spec, cancellation);
            case "SelfSubjectReview":
                return new JsonObject { ["userInfo"] = UserInfo(request.User) };
            case "SelfSubjectRulesReview":
                return await ListRulesAsync(request.User, spec, cancellation);
            case "SelfSubjectAccessReview":
                return await DecideAsync(request, spec, request.User, cancellation);
            case "LocalSubjectAccessReview":
                AccessReviewChecks.CheckLocal(request, spec);
                return await DecideAsync(request, spec, SubjectOf(spec), cancellation);
            default:
                return await DecideAsync(request, spec, SubjectOf(spec), cancellation);
        }
    }

    private static async Task<JsonObject> ReadAsync(ApiRequest request)
    {
        var info = request.Type.Info;
        var options = WriteOptions.Read(request.Http.Request.Query);
        var body = await RequestBody.ReadObjectAsync(request.Http.Request, info.Type, request.Cancellation);
        var value = ObjectDocument.Decode(body.Span, info.Type, info.Kind, info.ApiVersion, options.Validation, out var warnings);
        request.Warn(warnings);
        return value;
    }

    private async ValueTask<JsonObject> DecideAsync(ApiRequest request, JsonObject spec, RequestUser user, CancellationToken cancellation)
    {
        AccessReviewChecks.Check(request.Type.Info, spec);
        var decision = await authorizer.DecideAsync(WishOf(spec, user), cancellation);
        var status = new JsonObject { ["allowed"] = decision.IsAllowed };
        if (decision.Reason.Length > 0)
        {
            status["reason"] = decision.Reason;
        }

        return status;
    }

    private static AccessRequest WishOf(JsonObject spec, RequestUser user)
    {
        if (spec.Part("nonResourceAttributes") is { } other)
        {
            return new AccessRequest(user, other.Text("verb")) { Path = other.Text("path") };
        }

        var resource = spec.Part("resourceAttributes")!;
        return new AccessRequest(user, resource.Text("verb"))
        {
            Group = resource.Text("group"),
            Version = resource.Text("version"),
            Resource = resource.Text("resource"),
            Subresource = resource.Text("subresource"),
            Namespace = resource.Text("namespace"),
            Name = resource.Text("name"),
            FieldSelector = resource.Part("fieldSelector").Text("rawSelector"),
        };
    }

    private static RequestUser SubjectOf(JsonObject spec)
    {
        var extra = RequestUser.NewExtra();
        foreach (var (key, values) in spec.Part("extra") ?? [])
        {
            extra[key.ToLowerInvariant()] = Texts(values as JsonArray ?? []);
        }

        return new RequestUser(spec.Text("user"), Texts(spec.Items("groups"))) { Uid = spec.Text("uid"), Extra = extra };
    }

    private static string[] Texts(IEnumerable<JsonNode?> values) => [.. values.Select(value => value?.ToString() ?? "")];

    private async ValueTask<JsonObject> ListRulesAsync(RequestUser user, JsonObject spec, CancellationToken cancellation)
    {
        var scope = spec.Text("namespace");
        if (scope.Length == 0)
        {
            throw ApiErrors.BadRequest("no namespace on request");
        }

        var (resources, paths) = (new JsonArray(), new JsonArray());
        foreach (var rule in await authorizer.RulesOfAsync(user, scope, cancellation))
        {
            (rule.Paths.Length > 0 ? paths : resources).Add(rule.ToJson());
        }

        var answer = new JsonObject { ["resourceRules"] = resources, ["nonResourceRules"] = paths, ["incomplete"] = false };
        if (NodeIdentity.Of(user) is not null)
        {
            answer["incomplete"] = true;
            answer["evaluationError"] = "node authorizer does not support user rule resolution";
        }

        return answer;
    }

    private async ValueTask<JsonObject> ReviewTokenAsync(JsonObject spec, CancellationToken cancellation)
    {
        var token = spec.Text("token");
        if (token.Length == 0)
        {
            throw ApiErrors.BadRequest("token is required for TokenReview in authentication");
        }

        var asked = Texts(spec.Items("audiences"));
        var verdict = await authenticator.VerifyAsync(token, asked.Length > 0 ? asked : authenticator.Audiences, cancellation);
        if (verdict.User is { } user)
        {
            return new JsonObject
            {
                ["authenticated"] = true,
                ["user"] = UserInfo(user),
                ["audiences"] = new JsonArray([.. verdict.Audiences.Select(audience => (JsonNode)audience)]),
            };
        }

        return verdict.Fault is { } fault ? new JsonObject { ["error"] = $"[invalid bearer token, {fault}]" } : [];
    }

    private static JsonObject UserInfo(RequestUser user)
    {
        var info = new JsonObject { ["username"] = user.Name };
        if (user.Uid.Length > 0)
        {
            info["uid"] = user.Uid;
        }

        if (user.Groups.Count > 0)
        {
            info["groups"] = new JsonArray([.. user.Groups.Select(group => (JsonNode)group)]);
        }

        if (user.Extra.Count > 0)
        {
            info["extra"] = new JsonObject(user.Extra.Select(item =>
                KeyValuePair.Create<string, JsonNode?>(item.Key, new JsonArray([.. item.Value.Select(value => (JsonNode)value)]))));
        }

        return info;
    }
}
