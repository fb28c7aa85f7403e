using System.Text.Json.Nodes;
using Etcdish.ApiServer.Http;
using Etcdish.ApiServer.Registry;
using Etcdish.ApiServer.Security.Nodes;
using Etcdish.ApiServer.Storage;
using Etcdish.ApiServer.Subresources;
using Etcdish.Kubernetes;

namespace Etcdish.ApiServer.Security.Tokens;

/// <summary>Gives out tokens of service accounts: <c>serviceaccounts/NAME/token</c>, to which a TokenRequest is posted.</summary>
internal sealed class TokenSubresource(AccountTokens tokens, IObjectStore store, ResourceDirectory resources) : ISubresource
{
    private const string Kind = "TokenRequest";
    private const string ApiVersion = "authentication.k8s.io/v1";
    private const long DefaultSeconds = 3600;
    private const long MinSeconds = 600;
    private const long MaxSeconds = 1L << 32;

    public string Name => "token";

    public async Task HandleAsync(ApiRequest request)
    {
        if (request.Http.Request.Method != "POST")
        {
            throw ApiErrors.MethodNotAllowed();
        }

        var value = await ReadAsync(request);
        var account = await FindAsync("serviceaccounts", request.Namespace, request.Name, request.Cancellation);
        var spec = value.Ensure("spec");
        NodeTokens.CheckReference(request, spec.Part("boundObjectRef"));
        spec.Default("expirationSeconds", DefaultSeconds);
        CheckLifetime(spec.Number("expirationSeconds")!.Value);
        if (!spec.Items("audiences").Any())
        {
            spec["audiences"] = new JsonArray(tokens.Issuer);
        }

        var now = tokens.Now;
        var claims = new AccountClaims
        {
            Issuer = tokens.Issuer,
            Audiences = [.. spec.Items("audiences").Select(audience => audience!.GetValue<string>())],
            IssuedAt = now,
            ExpiresAt = now + spec.Number("expirationSeconds")!.Value,
            Id = Guid.NewGuid().ToString(),
            Namespace = request.Namespace,
            Account = new BoundObject(request.Name, account.Uid()),
        };
        claims = await BindAsync(request, claims, spec.Part("boundObjectRef"));
        await AnswerAsync(request, value, claims);
    }

    private async Task AnswerAsync(ApiRequest request, JsonObject value, AccountClaims claims)
    {
        value.Metadata()["name"] = request.Name;
        value.Metadata()["namespace"] = request.Namespace;
        value["status"] = new JsonObject
        {
            ["token"] = tokens.Issue(claims),
            ["expirationTimestamp"] = TimeText.Format(DateTimeOffset.FromUnixTimeSeconds(claims.ExpiresAt)),
        };
        await ApiResponse.SendAsync(request.Http, 201, ApiJson.Write(value.InStoredOrder(Kind, ApiVersion)));
    }

    private static async Task<JsonObject> ReadAsync(ApiRequest request)
    {
        var type = SchemaCatalog.BuiltIn.FindKind(ApiVersion, Kind)!;
        var options = WriteOptions.Read(request.Http.Request.Query);
        var body = await RequestBody.ReadObjectAsync(request.Http.Request, type, request.Cancellation);
        var value = ObjectDocument.Decode(body.Span, type, Kind, ApiVersion, options.Validation, out var warnings);
        request.Warn(warnings);
        return value;
    }

    private static void CheckLifetime(long seconds)
    {
        var fault = seconds switch
        {
            < MinSeconds => "may not specify a duration less than 10 minutes",
            > MaxSeconds => "may not specify a duration larger than 2^32 seconds",
            _ => null,
        };
        if (fault is not null)
        {
            var error = new FieldError("spec.expirationSeconds", "FieldValueInvalid", $"Invalid value: {seconds}: {fault}");
            throw new ApiException(422, "Invalid", $"{Kind}.authentication.k8s.io \"\" is invalid: {error}")
            {
                Group = "authentication.k8s.io",
                Kind = Kind,
                Causes = [new StatusCause(error.Reason, error.Detail, error.Path)],
            };
        }
    }

    private async ValueTask<JsonObject> FindAsync(string resource, string scope, string name, CancellationToken cancellation)
    {
        var type = resources.Find("", "v1", resource)!;
        var found = await store.GetAsync(type.KeyOf(scope, name), cancellation) ?? throw ApiErrors.NotFound(type.Info, name);
        return ApiJson.Parse(found.Value.Span);
    }

    /// <summary>Binds a token to the object that was named, which must be there and, by its uid, be the one that was meant.</summary>
    private async ValueTask<AccountClaims> BindAsync(ApiRequest request, AccountClaims claims, JsonObject? reference)
    {
        var cancellation = request.Cancellation;
        if (reference is null)
        {
            return claims;
        }

        var (name, kind) = (reference.Text("name"), reference.Text("kind"));
        switch (reference.Text("apiVersion"), kind)
        {
            case ("v1", "Pod"):
                var pod = await FindAsync("pods", claims.Namespace, name, cancellation);
                CheckUid(reference, pod);
                NodeTokens.CheckPod(request, pod);
                return await BindToPodAsync(claims, pod, cancellation);
            case ("v1", "Secret"):
                var secret = await FindAsync("secrets", claims.Namespace, name, cancellation);
                CheckUid(reference, secret);
                return claims with { Secret = new BoundObject(name, secret.Uid()) };
            case ("v1", "Node"):
                var node = await FindAsync("nodes", "", name, cancellation);
                CheckUid(reference, node);
                return claims with { Node = new BoundObject(name, node.Uid()) };
            case var (apiVersion, _):
                throw ApiErrors.BadRequest($"cannot bind token to object of type {apiVersion}, Kind={kind}");
        }
    }

    /// <summary>A pod's token names the pod's node, too, once it has one.</summary>
    private async ValueTask<AccountClaims> BindToPodAsync(AccountClaims claims, JsonObject pod, CancellationToken cancellation)
    {
        if (pod.Part("spec").Text("serviceAccountName") != claims.Account.Name)
        {
            throw ApiErrors.BadRequest(
                $"cannot bind token for serviceaccount \"{claims.Account.Name}\" to pod running with different serviceaccount name.");
        }

        var bound = claims with { Pod = new BoundObject(pod.Name(), pod.Uid()) };
        if (pod.Part("spec").Text("nodeName") is not { Length: > 0 } nodeName)
        {
            return bound;
        }

        var found = await store.GetAsync(resources.Find("", "v1", "nodes")!.KeyOf("", nodeName), cancellation);
        var uid = found is { } node ? ApiJson.Parse(node.Value.Span).Uid() : "";
        return bound with { Node = new BoundObject(nodeName, uid) };
    }

    private static void CheckUid(JsonObject reference, JsonObject found)
    {
        if (reference.Text("uid") is { Length: > 0 } uid && uid != found.Uid())
        {
            var (kind, name) = (reference.Text("kind"), reference.Text("name"));
            throw new ApiException(
                409,
                "Conflict",
                $"Operation cannot be fulfilled on {kind} \"{name}\": the UID in the bound object reference ({uid}) does not match the UID "
                + "in record. The object might have been deleted and then recreated")
            {
                Name = name,
                Kind = kind,
            };
        }
    }
}
