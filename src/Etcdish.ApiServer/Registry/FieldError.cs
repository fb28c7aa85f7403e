using System.Text.Encodings.Web;
using System.Text.Json;

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
        new(path, "FieldValueInvalid", $"Invalid value: {JsonSerializer.Serialize(value, _relaxed)}: {detail}");

    public static FieldError Forbidden(string path, string detail) => new(path, "FieldValueForbidden", $"Forbidden: {detail}");

    public static FieldError NotSupported(string path, string value, IEnumerable<string> supported) => new(
        path,
        "FieldValueNotSupported",
        $"Unsupported value: {JsonSerializer.Serialize(value, _relaxed)}: supported values: "
        + string.Join(", ", supported.Select(s => $"\"{s}\"")));

    public static FieldError TooLong(string path, int limit) => new(path, "FieldValueTooLong", $"Too long: may not be more than {limit} bytes");

    /// <inheritdoc/>
    public override string ToString() => $"{Path}: {Detail}";
}
