using System.Text.Json.Nodes;
using Etcdish.ApiServer.Http;
using Etcdish.Kubernetes;

namespace Etcdish.ApiServer.Registry.Views;

/// <summary>
/// A second way to see the objects of a built-in resource: another group or version with other names for the same things.
/// </summary>
internal abstract class ConvertedView : StoredForm, IObjectVersions
{
    private readonly ResourceInfo _served;
    private readonly ResourceInfo _stored;

    protected ConvertedView(ResourceInfo served, ResourceInfo stored)
    {
        _served = served;
        _stored = stored;
    }

    public override ReadOnlyMemory<byte> ToServed(ReadOnlyMemory<byte> stored) => ApiJson.Write(Serve(ApiJson.Parse(stored.Span)));

    public override ReadOnlyMemory<byte> ToStored(ReadOnlyMemory<byte> served) => ApiJson.Write(Store(ApiJson.Parse(served.Span)));

    public override bool IsCurrent(ReadOnlyMemory<byte> stored) => true;

    public StructType? TypeOf(string apiVersion) =>
        apiVersion == _served.ApiVersion ? _served.Type : apiVersion == _stored.ApiVersion ? _stored.Type : null;

    public JsonObject Convert(JsonObject value, string apiVersion)
    {
        if (value.Text("apiVersion") == apiVersion)
        {
            return value;
        }

        var copy = (JsonObject)value.DeepClone();
        return apiVersion == _served.ApiVersion ? Serve(copy)
            : apiVersion == _stored.ApiVersion ? Store(copy)
            : throw new ArgumentException($"{apiVersion} is not served", nameof(apiVersion));
    }

    /// <summary>The rules of what is stored, for objects in this view.</summary>
    public ResourceRules Over(ResourceRules rules) => rules with
    {
        ApplyDefaults = rules.ApplyDefaults is { } apply ? value => Through(value, apply) : null,
        Prepare = rules.Prepare is { } prepare ? (value, stored) => Through(value, inner => prepare(inner, Inner(stored))) : null,
        Validate = rules.Validate is { } validate ? (value, stored, errors) => validate(Inner(value)!, Inner(stored), errors) : null,
    };

    /// <summary>Brings an object from the stored form into this one; may change what it is given.</summary>
    protected abstract void ToView(JsonObject value);

    /// <summary>Brings an object from this form into the stored one; may change what it is given.</summary>
    protected abstract void FromView(JsonObject value);

    private JsonObject Serve(JsonObject stored)
    {
        ToView(stored);
        return WithHeader(stored, _served);
    }

    private JsonObject Store(JsonObject served)
    {
        FromView(served);
        return WithHeader(served, _stored);
    }

    /// <summary>Kind and version in front; unlike what is written, a request's object keeps its resourceVersion.</summary>
    private static JsonObject WithHeader(JsonObject value, ResourceInfo info)
    {
        var revision = value.Part("metadata").Text("resourceVersion");
        value.InStoredOrder(info.Kind, info.ApiVersion);
        if (revision.Length > 0)
        {
            value.Metadata()["resourceVersion"] = revision;
        }

        return value;
    }

    private JsonObject? Inner(JsonObject? value) => value is null ? null : Store((JsonObject)value.DeepClone());

    private void Through(JsonObject value, Action<JsonObject> action)
    {
        var inner = Inner(value)!;
        action(inner);
        var result = Serve(inner);
        value.Clear();
        foreach (var (name, content) in result.ToArray())
        {
            result.Remove(name);
            value[name] = content;
        }
    }
}
