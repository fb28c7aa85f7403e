using System.Text.Json.Nodes;

namespace Etcdish.Kubernetes;

/// <summary>
/// JSON patch, RFC 6902, with the deviations that clients of Kubernetes rely on: negative indexes count from the end, <c>replace</c> of a
/// missing field sets it, and <c>test</c> takes a missing field for null.
/// </summary>
public sealed class JsonPatch
{
    /// <summary>The most operations a patch may have.</summary>
    public const int MaxOperations = 10_000;

    /// <summary>The most bytes all <c>copy</c> operations of a patch may add.</summary>
    public const int MaxCopiedBytes = 3 * 1024 * 1024;

    private readonly JsonPatchOperation[] _operations;

    private JsonPatch(JsonPatchOperation[] operations) => _operations = operations;

    /// <summary>Reads a patch.</summary>
    /// <exception cref="PatchException">The text is no list of operations, or has too many.</exception>
    public static JsonPatch Parse(ReadOnlySpan<byte> json, CodecLimits? limits = null)
    {
        JsonNode? node;
        try
        {
            node = JsonTree.Parse(json, limits ?? CodecLimits.Default);
        }
        catch (ObjectFormatException fault)
        {
            throw new PatchException(PatchFault.Malformed, $"error decoding patch: {fault.Message}");
        }

        if (node is not JsonArray items)
        {
            throw new PatchException(PatchFault.Malformed, "error decoding patch: a JSON patch is a list of operations");
        }

        if (items.Count > MaxOperations)
        {
            throw new PatchException(
                PatchFault.TooLarge, $"The allowed maximum operations in a JSON patch is {MaxOperations}, got {items.Count}");
        }

        return new JsonPatch([.. items.Select(JsonPatchOperation.Read)]);
    }

    /// <summary>Applies the operations in their order; after an error the document is undefined.</summary>
    /// <param name="document">The document, which is changed.</param>
    /// <param name="limits">Bounds, or null for the defaults.</param>
    /// <returns>The document, or another in its place if an operation replaced the whole.</returns>
    /// <exception cref="PatchException">An operation does not apply.</exception>
    public JsonNode Apply(JsonNode document, CodecLimits? limits = null)
    {
        var run = new JsonPatchRun(document, limits ?? CodecLimits.Default);
        foreach (var operation in _operations)
        {
            run.Apply(operation);
        }

        return run.Document;
    }
}
