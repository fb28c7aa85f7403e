using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Etcdish.ApiServer.Registry;

/// <summary>What is wrong with a field of an object.</summary>
/// <param name="Path">The field, such as <c>metadata.name</c>.</param>
/// <param name="Reason">Kubernetes' word, such as <c>FieldValueRequired</c>.</param>
/// <param name="Detail">The text behind the field.</param>
internal readonly record struct FieldError(string Path, string Reason, string Detail)
{
    private static readonly JsonSerializerOptions _relaxed = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static FieldError Required(string path, string detail = "") =>
        new(path, "FieldValueRequired", detail.Length == 0 ? "Required value" : $"Required value: {detail}");

    public static FieldError Invalid(string path, string value, string detail) =>
        new(path, "FieldValueInvalid", Behind($"Invalid value: {JsonSerializer.Serialize(value, _relaxed)}", detail));

    /// <summary>A wrong value of any type; null is shown as such.</summary>
    public static FieldError InvalidValue(string path, JsonNode? value, string detail) =>
        new(path, "FieldValueInvalid", Behind($"Invalid value: {Show(value)}", detail));

    public static FieldError Forbidden(string path, string detail) => new(path, "FieldValueForbidden", $"Forbidden: {detail}");

    public static FieldError NotSupported(string path, string value, IEnumerable<string> supported) => new(
        path,
        "FieldValueNotSupported",
        $"Unsupported value: {JsonSerializer.Serialize(value, _relaxed)}: supported values: "
        + string.Join(", ", supported.Select(s => $"\"{s}\"")));

    public static FieldError Duplicate(string path, JsonNode? value) => new(path, "FieldValueDuplicate", $"Duplicate value: {Show(value)}");

    public static FieldError NotFound(string path, string value) =>
        new(path, "FieldValueNotFound", $"Not found: {JsonSerializer.Serialize(value, _relaxed)}");

    public static FieldError TooLong(string path, int limit) =>
        new(path, "FieldValueTooLong", $"Too long: may not be more than {limit} bytes");

    public static FieldError TooMany(string path, int count, int limit) =>
        new(path, "FieldValueTooMany", $"Too many: {count}: must have at most {limit} item{(limit == 1 ? "" : "s")}");

    /// <inheritdoc/>
    public override string ToString() => $"{Path}: {Detail}";

    private static string Show(JsonNode? value) => value?.ToJsonString(_relaxed) ?? "null";

    private static string Behind(string text, string detail) => detail.Length == 0 ? text : $"{text}: {detail}";
}
