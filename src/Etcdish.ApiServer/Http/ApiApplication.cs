using Etcdish.ApiServer.Discovery;
using Etcdish.ApiServer.OpenApi;
using Etcdish.ApiServer.Registry;
using Etcdish.ApiServer.Security;
using Etcdish.ApiServer.Storage;
using Microsoft.AspNetCore.Http;

namespace Etcdish.ApiServer.Http;

/// <summary>Takes every request: lets it in, finds who answers it, and turns failures into a Status.</summary>
internal sealed class ApiApplication(
    PlainPaths plain,
    SecurityServices security,
    RequestLimits limits,
    DiscoveryHandler discovery,
    OpenApiHandler openApi,
    ResourceDirectory resources,
    ResourceHandler handler,
    UnstoredResources unstored,
    Action<Exception> onDefect)
{
    /// <summary>Handles a request from outside.</summary>
    public Task HandleAsync(HttpContext http) => HandleAsync(http, known: null);

    /// <summary>Handles a request.</summary>
    /// <param name="http">The request and its answer.</param>
    /// <param name="known">Who makes it, if that needs no proof; null: who it is must be found out.</param>
    public async Task HandleAsync(HttpContext http, RequestUser? known)
    {
        try
        {
            await RouteAsync(http, known);
        }
        catch (Exception) when (http.RequestAborted.IsCancellationRequested)
        {
            // The client is gone: there is nobody to answer.
        }
#pragma warning disable CA1031 // Whatever it is, it costs this request only, and is told.
        catch (Exception e)
        {
            if (http.Response.HasStarted)
            {
                // Half an answer must not look like a whole one.
                onDefect(e);
                http.Abort();
                return;
            }

            http.Response.Clear();
            await ApiResponse.SendAsync(http, Translate(e));
        }
#pragma warning restore CA1031
    }

    private async Task RouteAsync(HttpContext http, RequestUser? known)
    {
        await security.Gate.EnterAsync(http, known);
        var parts = RequestPath.Split(http.Request.Path.Value);
        await (plain.TryHandle(http, parts)
            ?? security.Issuer.TryHandle(http)
            ?? limits.RunAsync(http, limited => HandleLimited(limited, parts)));
    }

    private Task HandleLimited(HttpContext http, string[] parts) =>
        discovery.TryHandle(http, parts) ?? openApi.TryHandle(http) ?? HandleResource(http, parts);

    private Task HandleResource(HttpContext http, string[] parts)
    {
        if (!RequestPath.TryParse(parts, out var path)
            || resources.Find(path.Group, path.Version, path.Resource) is not { } type)
        {
            throw ApiErrors.PathNotFound();
        }

        var request = new ApiRequest(http, type, path);
        return type.IsStored ? handler.HandleAsync(request) : unstored.HandleAsync(request);
    }

    private ApiException Translate(Exception e)
    {
        switch (e)
        {
            case ApiException known:
                return known;
            case StoreUnavailableException:
                return ApiErrors.StoreUnavailable(e.Message);
            case StoreTooLargeException:
                return new ApiException(413, "RequestEntityTooLarge", e.Message);
            case BadHttpRequestException bad:
                return new ApiException(bad.StatusCode, ReasonOf(bad.StatusCode), bad.Message);
            default:
                onDefect(e);
                return ApiErrors.Internal();
        }
    }

    private static string ReasonOf(int code) => code switch
    {
        StatusCodes.Status408RequestTimeout => "Timeout",
        StatusCodes.Status413PayloadTooLarge => "RequestEntityTooLarge",
        _ => "BadRequest",
    };
}
