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
internal sealed class ScaleSubresource(
    ObjectReader reader, ObjectWriter writer, FieldOwners owners, ResourceDirectory resources, TableBuilder tables) : ISubresource
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
        await WriteAsync(request, request.ToWrite(options, PartOf(request)), _ => scale);
    }

    private async Task PatchAsync(ApiRequest request)
    {
        var patchType = ObjectPatch.TypeOf(request);
        if (patchType == ApplyConfiguration.MediaType)
        {
            await ApplyAsync(request);
            return;
        }

        var paths = PathsOf(request);
        var options = WriteOptions.ReadPatch(request.Http.Request.Query, isApply: false);
        var patch = await ObjectPatch.ReadAsync(request with { Type = _scales }, patchType);
        await WriteAsync(request, request.ToWrite(options, PartOf(request)), stored =>
        {
            var patched = ApiJson.Write(patch.Apply(ScaleOf(stored, paths)));
            return ObjectDocument.Decode(patched, _scales.Info.Type, "Scale", "autoscaling/v1", options.Validation, out _);
        });
    }

    /// <summary>Applies to the Scale, among those who own its replicas.</summary>
    private async Task ApplyAsync(ApiRequest request)
    {
        var paths = PathsOf(request);
        var info = request.Type.Info;
        var options = WriteOptions.ReadPatch(request.Http.Request.Query, isApply: true);
        var configuration = await ApplyConfiguration.ReadAsync(request, options);
        request.Warn(configuration.Warnings);
        var write = request.ToWrite(options, PartOf(request)) with { IsApply = true };
        var ofScale = write with { Type = _scales, Part = new UpdatePart(Name, null) };
        var scaleOwners = new ScaleOwners(info.ApiVersion, apiVersion => resources.FindVersion(info, apiVersion)?.Scale);
        await WriteAsync(request, write, stored =>
        {
            var current = ScaleOf(stored, paths);
            current.Metadata()["managedFields"] = scaleOwners.ToScale(stored);
            var scale = owners.Apply(ofScale, current, configuration);
            stored.Metadata()["managedFields"] = scaleOwners.ToObject(stored, scale);
            return scale;
        });
    }

    private UpdatePart PartOf(ApiRequest request)
    {
        var paths = PathsOf(request);
        return new UpdatePart(Name, (result, wanted) => paths.WriteSpec(result, paths.ReadSpec(wanted) ?? 0));
    }

    /// <summary>Writes the replicas of a Scale that a function makes of the stored object, which it may change.</summary>
    private async Task WriteAsync(ApiRequest request, WriteRequest write, Func<JsonObject, JsonObject> change)
    {
        var paths = PathsOf(request);
        var written = await writer.UpdateAsync(
            write,
            stored =>
            {
                var wanted = stored!;
                var scale = change(wanted);
                Check(request, scale);
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
