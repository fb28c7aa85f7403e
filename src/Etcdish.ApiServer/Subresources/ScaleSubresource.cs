using System.Text.Json.Nodes;
using Etcdish.ApiServer.Apply;
using Etcdish.ApiServer.Http;
using Etcdish.ApiServer.Registry;
using Etcdish.ApiServer.Tables;
using Etcdish.Kubernetes;

namespace Etcdish.ApiServer.Subresources;

/// <summary>
/// The number of replicas of anything that has one, as an object of its own kind. It is read from the object and written into it, and has
/// its identity and resourceVersion.
/// </summary>
internal sealed class ScaleSubresource(ObjectReader reader, ObjectWriter writer, TableBuilder tables) : ISubresource
{
    private static readonly string[] _identity = ["name", "uid", "resourceVersion"];
    private static readonly string[] _sharedFields = [.. _identity, "namespace", "creationTimestamp"];

    private static readonly ResourceType _scales = new(
        new ResourceInfo
        {
            Group = "autoscaling",
            Version = "v1",
            Name = "scales",
            Singular = "scale",
            Kind = "Scale",
            IsNamespaced = true,
            Columns = [new("Name", false), new("Desired", false), new("Available", false), new("Age", false)],
            Type = SchemaCatalog.BuiltIn.FindKind("autoscaling/v1", "Scale")!,
        },
        new ResourceRules(),
        new ResourceStorage("/"));

    public string Name => "scale";

    public Task HandleAsync(ApiRequest request) => request.Http.Request.Method switch
    {
        "GET" => GetAsync(request),
        "PUT" => UpdateAsync(request),
        "PATCH" => PatchAsync(request),
        _ => throw ApiErrors.MethodNotAllowed(),
    };

    /// <summary>The Scale of an object that carries its resourceVersion.</summary>
    public static JsonObject ScaleOf(JsonObject value, ScalePaths paths)
    {
        var fields = value.Part("metadata");
        var metadata = new JsonObject();
        foreach (var field in _sharedFields)
        {
            metadata.CopyFrom(fields, field);
        }

        var status = new JsonObject { ["replicas"] = paths.ReadStatus(value) ?? 0 };
        if (paths.ReadSelector(value) is { Length: > 0 } selector)
        {
            status["selector"] = selector;
        }

        return new JsonObject
        {
            ["kind"] = "Scale",
            ["apiVersion"] = "autoscaling/v1",
            ["metadata"] = metadata,
            ["spec"] = new JsonObject { ["replicas"] = paths.ReadSpec(value) ?? 0 },
            ["status"] = status,
        };
    }

    private static ScalePaths PathsOf(ApiRequest request) => request.Type.Scale ?? throw ApiErrors.PathNotFound();

    private async Task GetAsync(ApiRequest request)
    {
        var revision = ListOptions.ReadRevision(request.Http.Request.Query);
        var found = await reader.GetAsync(request.Type, request.Namespace, request.Name, revision, request.Cancellation);
        await SendAsync(request, found.Value, found.Revision);
    }

    private async Task UpdateAsync(ApiRequest request)
    {
        var options = WriteOptions.Read(request.Http.Request.Query);
        var scale = await SubresourceBody.ReadAsync(request, "autoscaling/v1", "Scale", options.Validation);
        await WriteAsync(request, options, _ => scale);
    }

    private async Task PatchAsync(ApiRequest request)
    {
        var patchType = ObjectPatch.TypeOf(request);
        if (patchType == ApplyConfiguration.MediaType)
        {
            throw ApiErrors.UnsupportedMediaType("application/json-patch+json, application/merge-patch+json");
        }

        var options = WriteOptions.ReadPatch(request.Http.Request.Query, isApply: false);
        var patch = await ObjectPatch.ReadAsync(request with { Type = _scales }, patchType);
        await WriteAsync(request, options, current =>
        {
            var patched = ApiJson.Write(patch.Apply(current));
            return ObjectDocument.Decode(patched, _scales.Info.Type, "Scale", "autoscaling/v1", options.Validation, out _);
        });
    }

    /// <summary>Writes the replicas of a Scale that a function makes of the present one.</summary>
    private async Task WriteAsync(ApiRequest request, WriteOptions options, Func<JsonObject, JsonObject> change)
    {
        var paths = PathsOf(request);
        var part = new UpdatePart(Name, (result, wanted) => paths.WriteSpec(result, paths.ReadSpec(wanted) ?? 0));
        var written = await writer.UpdateAsync(
            request.ToWrite(options, part),
            stored =>
            {
                var scale = change(ScaleOf(stored!, paths));
                Check(request, scale);
                var wanted = stored!;
                foreach (var field in _identity)
                {
                    wanted.Metadata().CopyFrom(scale.Part("metadata"), field);
                }

                paths.WriteSpec(wanted, scale.Part("spec").Number("replicas") ?? 0);
                return wanted;
            },
            request.Cancellation);
        await SendAsync(request, written.Value, written.Revision);
    }

    private static void Check(ApiRequest request, JsonObject scale)
    {
        if (scale.Part("spec").Number("replicas") is < 0 and var replicas)
        {
            throw ApiErrors.Invalid(_scales.Info, request.Name, [
                new FieldError("spec.replicas", "FieldValueInvalid", $"Invalid value: {replicas}: must be greater than or equal to 0"),
            ]);
        }
    }

    private async Task SendAsync(ApiRequest request, ReadOnlyMemory<byte> stored, long revision)
    {
        var value = ApiJson.Parse(stored.Span);
        value.Metadata().Remove("resourceVersion");
        var scale = ApiJson.Write(ScaleOf(value, PathsOf(request)));
        await ApiResponse.SendAsync(request.Http, 200, new ObjectView(request with { Type = _scales }, tables).One(scale, revision));
    }
}
