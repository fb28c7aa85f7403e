using System.Buffers;
using System.Text.Json;

namespace Etcdish.ApiServer.Http;

/// <summary>Writes Status objects.</summary>
internal static class StatusWriter
{
    public static void Write(IBufferWriter<byte> output, ApiException failure)
    {
        using var json = new Utf8JsonWriter(output, ApiJson.Writer);
        WriteHead(json, failure.ContinueToken);
        json.WriteString("status", "Failure");
        json.WriteString("message", failure.Message);
        WriteUnlessEmpty(json, "reason", failure.Reason);
        WriteDetails(json, failure);
        json.WriteNumber("code", failure.Code);
        json.WriteEndObject();
    }

    /// <summary>The answer to what succeeded and has no object to show.</summary>
    public static void WriteSuccess(IBufferWriter<byte> output, int code)
    {
        using var json = new Utf8JsonWriter(output, ApiJson.Writer);
        WriteHead(json, continueToken: null);
        json.WriteString("status", "Success");
        json.WriteNumber("code", code);
        json.WriteEndObject();
    }

    /// <summary>The answer to a deletion that left nothing behind.</summary>
    public static void WriteDeleted(IBufferWriter<byte> output, string name, string group, string kind, string uid)
    {
        using var json = new Utf8JsonWriter(output, ApiJson.Writer);
        WriteHead(json, continueToken: null);
        json.WriteString("status", "Success");
        json.WriteStartObject("details");
        json.WriteString("name", name);
        WriteUnlessEmpty(json, "group", group);
        json.WriteString("kind", kind);
        WriteUnlessEmpty(json, "uid", uid);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void WriteHead(Utf8JsonWriter json, string? continueToken)
    {
        json.WriteStartObject();
        json.WriteString("kind", "Status");
        json.WriteString("apiVersion", "v1");
        json.WriteStartObject("metadata");
        WriteUnlessEmpty(json, "continue", continueToken);
        json.WriteEndObject();
    }

    private static void WriteDetails(Utf8JsonWriter json, ApiException failure)
    {
        if (failure is { Name: null, Kind: null, Causes.Count: 0, RetryAfterSeconds: 0 })
        {
            return;
        }

        json.WriteStartObject("details");
        WriteUnlessEmpty(json, "name", failure.Name);
        WriteUnlessEmpty(json, "group", failure.Group);
        WriteUnlessEmpty(json, "kind", failure.Kind);
        if (failure.Causes.Count > 0)
        {
            json.WriteStartArray("causes");
            foreach (var cause in failure.Causes)
            {
                json.WriteStartObject();
                json.WriteString("reason", cause.Reason);
                json.WriteString("message", cause.Message);
                WriteUnlessEmpty(json, "field", cause.Field);
                json.WriteEndObject();
            }

            json.WriteEndArray();
        }

        if (failure.RetryAfterSeconds > 0)
        {
            json.WriteNumber("retryAfterSeconds", failure.RetryAfterSeconds);
        }

        json.WriteEndObject();
    }

    private static void WriteUnlessEmpty(Utf8JsonWriter json, string name, string? value)
    {
        if (!string.IsNullOrEmpty(value))
        {
            json.WriteString(name, value);
        }
    }
}
