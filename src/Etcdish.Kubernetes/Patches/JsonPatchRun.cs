using System.Globalization;
using System.Text.Json.Nodes;

namespace Etcdish.Kubernetes;

/// <summary>The application of a patch to a document. Messages are those of the library that Kubernetes uses.</summary>
internal sealed class JsonPatchRun(JsonNode document, CodecLimits limits)
{
    /// <summary>How many nodes may be looked at for their depth: many moves of a large part would otherwise cost too much.</summary>
    private const int MaxVisits = 20_000_000;

    private const string Missing = ": missing value";
    private const string InvalidIndex = ": invalid index referenced";
    private const string TestFailed = ": test failed";

    private long _copiedBytes;
    private int _visits;

    public JsonNode Document { get; private set; } = document;

    public void Apply(JsonPatchOperation operation)
    {
        switch (operation.Kind)
        {
            case "add":
                Add(operation);
                break;
            case "remove":
                Remove(operation);
                break;
            case "replace":
                Replace(operation);
                break;
            case "move":
                Move(operation);
                break;
            case "copy":
                Copy(operation);
                break;
            case "test":
                Test(operation);
                break;
            default:
                throw Fault($"Unexpected kind: {operation.Kind}");
        }
    }

    private void Add(JsonPatchOperation operation)
    {
        var path = operation.Path ?? throw Fault("add operation failed to decode path" + Missing);
        var target = Find(path) ?? throw Fault($"add operation does not apply: doc is missing path: \"{path}\"{Missing}");
        InsertAt(target, operation.Value?.DeepClone(), $"error in add for path: '{path}': ");
    }

    private void Remove(JsonPatchOperation operation)
    {
        var path = operation.Path ?? throw Fault("remove operation failed to decode path" + Missing);
        var target = Find(path) ?? throw Fault($"remove operation does not apply: doc is missing path: \"{path}\"{Missing}");
        RemoveAt(target, $"error in remove for path: '{path}': ");
    }

    private void Replace(JsonPatchOperation operation)
    {
        var path = operation.Path ?? throw Fault("replace operation failed to decode path: operation missing path field" + Missing);
        if (path.Length == 0)
        {
            Document = operation.Value is JsonObject or JsonArray
                ? operation.Value.DeepClone()
                : throw Fault("replace operation value must be object or array");
            return;
        }

        var target = Find(path) ?? throw Fault($"replace operation does not apply: doc is missing path: {path}{Missing}");
        var value = operation.Value?.DeepClone();
        CheckDepth(target.Depth, value);
        if (target.Container is JsonObject fields)
        {
            fields[target.Key] = value;
            return;
        }

        var items = (JsonArray)target.Container;
        if (!TryReadIndex(target.Key, items.Count, out var index, out _) || index >= items.Count)
        {
            throw Fault($"replace operation does not apply: doc is missing key: {path}{Missing}");
        }

        items[index] = value;
    }

    private void Move(JsonPatchOperation operation)
    {
        var from = operation.From ?? throw Fault("move operation failed to decode from: operation, missing from field" + Missing);
        var source = Find(from) ?? throw Fault($"move operation does not apply: doc is missing from path: {from}{Missing}");
        var value = Get(source, $"error in move for path: '{source.Key}': ");
        RemoveAt(source, $"error in move for path: '{source.Key}': ");
        var path = operation.Path ?? throw Fault("move operation failed to decode path: operation missing path field" + Missing);
        var target = Find(path) ?? throw Fault($"move operation does not apply: doc is missing destination path: {path}{Missing}");
        InsertAt(target, value, $"error in move for path: '{path}': ");
    }

    private void Copy(JsonPatchOperation operation)
    {
        var from = operation.From ?? throw Fault("copy operation failed to decode from: operation, missing from field" + Missing);
        var source = Find(from) ?? throw Fault($"copy operation does not apply: doc is missing from path: {from}{Missing}");
        var value = Get(source, $"error in copy for from: '{from}': ");
        var path = operation.Path ?? throw Fault("copy operation failed to decode path" + Missing);
        var target = Find(path) ?? throw Fault($"copy operation does not apply: doc is missing destination path: {path}{Missing}");
        _copiedBytes += JsonTree.ToBytes(value).Length;
        if (_copiedBytes > JsonPatch.MaxCopiedBytes)
        {
            throw Fault($"Unable to complete the copy, the accumulated size increase of copy is {_copiedBytes}, "
                + $"exceeding the limit {JsonPatch.MaxCopiedBytes}");
        }

        InsertAt(target, value?.DeepClone(), "error while adding value during copy: ");
    }

    private void Test(JsonPatchOperation operation)
    {
        var path = operation.Path ?? throw Fault("test operation failed to decode path: operation missing path field" + Missing);
        JsonNode? actual;
        if (path.Length == 0)
        {
            actual = Document;
        }
        else
        {
            var target = Find(path) ?? throw Fault($"test operation does not apply: is missing path: {path}{Missing}");
            actual = Get(target, $"error in test for path: '{path}': ");
        }

        if (!JsonNode.DeepEquals(actual, operation.Value))
        {
            throw Fault($"testing value {path} failed{TestFailed}");
        }
    }

    /// <summary>Finds the container that a pointer's last part belongs to; null if there is none.</summary>
    private Place? Find(string path)
    {
        var parts = path.Split('/');
        if (parts.Length < 2)
        {
            return null;
        }

        var container = Document;
        foreach (var part in parts.AsSpan(1, parts.Length - 2))
        {
            container = container switch
            {
                JsonObject fields => fields[Decode(part)],
                JsonArray items when TryReadIndex(Decode(part), items.Count, out var index, out _) && index < items.Count => items[index],
                _ => null,
            };
            if (container is not (JsonObject or JsonArray))
            {
                return null;
            }
        }

        return container is JsonObject or JsonArray ? new Place(container, Decode(parts[^1]), parts.Length - 1) : null;
    }

    private static JsonNode? Get(in Place place, string context)
    {
        if (place.Container is JsonObject fields)
        {
            return fields[place.Key];
        }

        var items = (JsonArray)place.Container;
        var index = ReadIndex(place.Key, items.Count, context);
        return index < items.Count ? items[index] : throw Fault($"{context}Unable to access invalid index: {index}{InvalidIndex}");
    }

    private void InsertAt(in Place place, JsonNode? value, string context)
    {
        CheckDepth(place.Depth, value);
        if (place.Container is JsonObject fields)
        {
            fields[place.Key] = value;
            return;
        }

        var items = (JsonArray)place.Container;
        if (place.Key == "-")
        {
            items.Add(value);
            return;
        }

        if (!TryReadIndex(place.Key, items.Count + 1, out var index, out var problem))
        {
            throw Fault(context + (problem.StartsWith("strconv", StringComparison.Ordinal)
                ? $"value was not a proper array index: '{place.Key}': {problem}"
                : problem));
        }

        if (index > items.Count)
        {
            throw Fault($"{context}Unable to access invalid index: {index}{InvalidIndex}");
        }

        items.Insert(index, value);
    }

    private static void RemoveAt(in Place place, string context)
    {
        if (place.Container is JsonObject fields)
        {
            if (!fields.Remove(place.Key))
            {
                throw Fault($"{context}Unable to remove nonexistent key: {place.Key}{Missing}");
            }

            return;
        }

        var items = (JsonArray)place.Container;
        var index = ReadIndex(place.Key, items.Count, context);
        if (index >= items.Count)
        {
            throw Fault($"{context}Unable to access invalid index: {index}{InvalidIndex}");
        }

        items.RemoveAt(index);
    }

    private static int ReadIndex(string key, int count, string context) =>
        TryReadIndex(key, count, out var index, out var problem) ? index : throw Fault(context + problem);

    private static bool TryReadIndex(string key, int count, out int index, out string problem)
    {
        problem = "";
        if (!int.TryParse(key, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out index))
        {
            problem = $"strconv.Atoi: parsing \"{key}\": invalid syntax";
            return false;
        }

        if (index >= 0)
        {
            return true;
        }

        problem = $"Unable to access invalid index: {index}{InvalidIndex}";
        index += count;
        return index >= 0;
    }

    /// <summary>Copies and moves could nest a document without end, and everything behind us walks it.</summary>
    private void CheckDepth(int depth, JsonNode? value)
    {
        if (depth > limits.MaxDepth || ++_visits > MaxVisits)
        {
            throw Fault(depth > limits.MaxDepth
                ? $"the document would nest deeper than {limits.MaxDepth} levels"
                : "the operations of the patch touch too much of the document");
        }

        if (value is JsonObject fields)
        {
            foreach (var field in fields)
            {
                CheckDepth(depth + 1, field.Value);
            }
        }
        else if (value is JsonArray items)
        {
            foreach (var item in items)
            {
                CheckDepth(depth + 1, item);
            }
        }
    }

    private static string Decode(string part) =>
        part.Contains('~', StringComparison.Ordinal)
            ? part.Replace("~1", "/", StringComparison.Ordinal).Replace("~0", "~", StringComparison.Ordinal)
            : part;

    private static PatchException Fault(string message) => new(PatchFault.NotApplicable, message);

    /// <summary>A field of an object or an index of a list, and how deep what it holds would be.</summary>
    private readonly record struct Place(JsonNode Container, string Key, int Depth);
}
