using System.Text.Json.Nodes;
using Etcdish.ApiServer.Apply;
using Etcdish.ApiServer.Registry;
using Etcdish.ApiServer.Subresources;
using Etcdish.ApiServer.Tables;
using Etcdish.Kubernetes;

namespace Etcdish.ApiServer.Http;

/// <summary>Answers requests for resources: one path for all kinds.</summary>
internal sealed class ResourceHandler(
    ObjectReader reader, ObjectWriter writer, Deletion deletion, NamespaceDrain drain, WatchHandler watches, TableBuilder tables,
    IReadOnlyList<ISubresource> subresources)
{
    private readonly Dictionary<string, ISubresource> _subresources = subresources.ToDictionary(s => s.Name, StringComparer.Ordinal);

    public Task HandleAsync(ApiRequest request)
    {
        var method = request.Http.Request.Method;
        if (request.Type.Warning is { Length: > 0 } warning)
        {
            request.Warn([warning]);
        }

        if (request.Path.Subresource.Length > 0)
        {
            return HandleSubresourceAsync(request, method);
        }

        CheckScope(request, method);
        return (method, request.Name.Length > 0) switch
        {
            ("GET", true) => GetAsync(request),
            ("GET", false) => ListAsync(request),
            ("POST", false) when Allows("create") => CreateAsync(request),
            ("PUT", true) when Allows("update") => UpdateAsync(request, UpdatePart.Main),
            ("PATCH", true) when Allows("patch") => PatchAsync(request, UpdatePart.Main),
            ("DELETE", true) when Allows("delete") => DeleteAsync(request),
            ("DELETE", false) when Allows("deletecollection") => DeleteCollectionAsync(request),
            _ => throw ApiErrors.MethodNotAllowed(),
        };

        bool Allows(string verb) => request.Type.Info.Verbs.Contains(verb);
    }

    private Task HandleSubresourceAsync(ApiRequest request, string method)
    {
        var info = request.Type.Info.Subresources.FirstOrDefault(s => s.Name == request.Path.Subresource)
            ?? throw ApiErrors.PathNotFound();
        CheckScope(request, method);
        if (_subresources.TryGetValue(info.Name, out var subresource))
        {
            return subresource.HandleAsync(request);
        }

        var part = SubresourceParts.Of(request.Type, info.Name);
        return method switch
        {
            "GET" when info.Verbs.Contains("get") => GetAsync(request),
            "PUT" when info.Verbs.Contains("update") => UpdateAsync(request, part),
            "PATCH" when info.Verbs.Contains("patch") => PatchAsync(request, part),
            _ => throw ApiErrors.MethodNotAllowed(),
        };
    }

    private static void CheckScope(ApiRequest request, string method)
    {
        var hasNamespace = request.Namespace.Length > 0;
        if (hasNamespace && !request.Type.Info.IsNamespaced)
        {
            throw ApiErrors.PathNotFound();
        }

        // Across namespaces there are only lists and watches.
        if (request.Type.Info.IsNamespaced && !hasNamespace && (request.Name.Length > 0 || method != "GET"))
        {
            throw request.Name.Length > 0 ? ApiErrors.PathNotFound() : ApiErrors.MethodNotAllowed();
        }
    }

    private async Task GetAsync(ApiRequest request)
    {
        var revision = ListOptions.ReadRevision(request.Http.Request.Query);
        var found = await reader.GetAsync(request.Type, request.Namespace, request.Name, revision, request.Cancellation);
        await ApiResponse.SendAsync(request.Http, 200, View(request).One(found.Value, found.Revision));
    }

    private async Task ListAsync(ApiRequest request)
    {
        var options = ListOptions.Read(request.Http.Request.Query, request.Type.Info);
        if (options.IsWatch)
        {
            await watches.HandleAsync(request, options, View(request));
            return;
        }

        await List(request).SendAsync(reader.ReadAsync(request.Type, request.Namespace, options, request.Cancellation));
    }

    private async Task CreateAsync(ApiRequest request)
    {
        var options = WriteOptions.Read(request.Http.Request.Query);
        var value = await ReadBodyAsync(request, options.Validation);
        var written = await writer.CreateAsync(request.ToWrite(options), value, request.Cancellation);
        await ApiResponse.SendAsync(request.Http, 201, View(request).One(written.Value, written.Revision));
    }

    private async Task UpdateAsync(ApiRequest request, UpdatePart part)
    {
        var options = WriteOptions.Read(request.Http.Request.Query);
        var value = await ReadBodyAsync(request, options.Validation);
        await WriteAsync(request, request.ToWrite(options, part), _ => (JsonObject)value.DeepClone());
    }

    private async Task PatchAsync(ApiRequest request, UpdatePart part)
    {
        var patchType = ObjectPatch.TypeOf(request);
        var isApply = patchType == ApplyConfiguration.MediaType;
        var options = WriteOptions.ReadPatch(request.Http.Request.Query, isApply);
        if (isApply)
        {
            await ApplyAsync(request, options, part);
            return;
        }

        var patch = await ObjectPatch.ReadAsync(request, patchType);
        IReadOnlyList<string> warnings = [];
        await WriteAsync(request, request.ToWrite(options, part), stored =>
        {
            if (stored is null)
            {
                throw ApiErrors.NotFound(request.Type.Info, request.Name);
            }

            var patched = ApiJson.Write(patch.Apply(stored, part.OnlyField));
            return ObjectDocument.Decode(patched, request.Type, options.Validation, out warnings);
        }, () => request.Warn(warnings));
    }

    private async Task ApplyAsync(ApiRequest request, WriteOptions options, UpdatePart part)
    {
        var configuration = await ApplyConfiguration.ReadAsync(request, options);
        request.Warn(configuration.Warnings);
        await AnswerAsync(request, await writer.ApplyAsync(request.ToWrite(options, part), configuration, request.Cancellation));
    }

    private async Task WriteAsync(
        ApiRequest request, WriteRequest write, Func<JsonObject?, JsonObject> change, Action? beforeAnswer = null)
    {
        var written = await writer.UpdateAsync(write, change, request.Cancellation);
        beforeAnswer?.Invoke();
        await AnswerAsync(request, written);
    }

    private Task AnswerAsync(ApiRequest request, Written written) =>
        ApiResponse.SendAsync(request.Http, written.IsNew ? 201 : 200, View(request).One(written.Value, written.Revision));

    private async Task DeleteAsync(ApiRequest request)
    {
        var options = await DeleteOptions.ReadAsync(request.Http.Request, request.Cancellation);
        var deleted = await deletion.DeleteAsync(request.ToWrite(options.IsDryRun), options, request.Cancellation);
        if (request.Type.Info.Kind == "Namespace" && !options.IsDryRun)
        {
            drain.Begin(request.Name);
        }

        if (!deleted.IsGone || request.Type.Rules.GraceSeconds is not null)
        {
            await ApiResponse.SendAsync(request.Http, 200, View(request).One(deleted.Object, deleted.Revision));
            return;
        }

        var info = request.Type.Info;
        var output = new System.Buffers.ArrayBufferWriter<byte>(256);
        StatusWriter.WriteDeleted(output, request.Name, info.Group, info.Name, ApiJson.Parse(deleted.Object.Span).Uid());
        await ApiResponse.SendAsync(request.Http, 200, output.WrittenMemory);
    }

    private async Task DeleteCollectionAsync(ApiRequest request)
    {
        var options = await DeleteOptions.ReadAsync(request.Http.Request, request.Cancellation);
        var list = ListOptions.Read(request.Http.Request.Query, request.Type.Info);
        var page = await reader.ListAsync(request.Type, request.Namespace, list, request.Cancellation);
        foreach (var item in page.Items)
        {
            var (scope, name) = request.Type.Split(System.Text.Encoding.UTF8.GetString(item.Key.Span));
            try
            {
                await deletion.DeleteAsync(
                    request.ToWrite(options.IsDryRun) with { Namespace = scope, Name = name }, options, request.Cancellation);
            }
            catch (ApiException e) when (e.Code == 404)
            {
                // Somebody else was faster; it is gone, which is what was asked for.
            }
        }

        await List(request).SendAsync(page);
    }

    private static async Task<JsonObject> ReadBodyAsync(ApiRequest request, FieldValidation validation)
    {
        var type = request.Type;
        var body = await RequestBody.ReadObjectAsync(request.Http.Request, type.Info.Type, request.Cancellation, type.Custom is not null);
        var value = ObjectDocument.Decode(body.Span, type, validation, out var warnings);
        request.Warn(warnings);
        return value;
    }

    private ListWriter List(ApiRequest request) => new(request, View(request), tables);

    private ObjectView View(ApiRequest request) => new(request, tables);
}
