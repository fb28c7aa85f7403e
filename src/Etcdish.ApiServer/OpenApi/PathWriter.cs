using System.Globalization;
using System.Text.Json;

namespace Etcdish.ApiServer.OpenApi;

/// <summary>Writes a path with its operations in one of the languages.</summary>
internal sealed class PathWriter(SpecForm form)
{
    private bool IsV2 => form == SpecForm.V2;

    public void Write(Utf8JsonWriter writer, ApiPath path, string tag)
    {
        writer.WriteStartObject(path.Path);
        writer.WriteStartArray("parameters");
        foreach (var parameter in path.Parameters)
        {
            WriteParameter(writer, parameter);
        }

        writer.WriteEndArray();
        foreach (var operation in path.Operations)
        {
            WriteOperation(writer, operation, tag);
        }

        writer.WriteEndObject();
    }

    private void WriteOperation(Utf8JsonWriter writer, ApiOperation operation, string tag)
    {
        writer.WriteStartObject(operation.Method);
        WriteTexts(writer, "tags", [tag]);
        writer.WriteString("description", operation.Text);
        writer.WriteString("operationId", operation.Id);
        WriteInput(writer, operation);
        WriteAnswers(writer, operation);
        writer.WriteString("x-kubernetes-action", operation.Action);
        writer.WritePropertyName(GroupVersionKind.Extension);
        operation.Kind.WriteTo(writer);
        writer.WriteEndObject();
    }

    private void WriteInput(Utf8JsonWriter writer, ApiOperation operation)
    {
        if (IsV2)
        {
            WriteTexts(writer, "consumes", operation.BodyTypes.Count > 0 ? operation.BodyTypes : ["*/*"]);
            WriteTexts(writer, "produces", operation.AnswerTypes);
        }

        writer.WriteStartArray("parameters");
        if (IsV2 && operation.BodySchema is { } body)
        {
            WriteBodyParameter(writer, body, IsBodyRequired(operation));
        }

        foreach (var parameter in operation.Parameters)
        {
            WriteParameter(writer, parameter);
        }

        writer.WriteEndArray();
        if (!IsV2 && operation.BodySchema is { } schema)
        {
            writer.WriteStartObject("requestBody");
            WriteContent(writer, operation.BodyTypes, schema);
            if (IsBodyRequired(operation))
            {
                writer.WriteBoolean("required", true);
            }

            writer.WriteEndObject();
        }
    }

    private static bool IsBodyRequired(ApiOperation operation) => operation.Method != "delete";

    private void WriteBodyParameter(Utf8JsonWriter writer, string schema, bool isRequired)
    {
        writer.WriteStartObject();
        writer.WriteString("name", "body");
        writer.WriteString("in", "body");
        if (isRequired)
        {
            writer.WriteBoolean("required", true);
        }

        WriteSchema(writer, schema);
        writer.WriteEndObject();
    }

    private void WriteParameter(Utf8JsonWriter writer, ApiParameter parameter)
    {
        writer.WriteStartObject();
        writer.WriteString("name", parameter.Name);
        writer.WriteString("in", parameter.IsInPath ? "path" : "query");
        writer.WriteString("description", parameter.Text);
        if (parameter.IsInPath)
        {
            writer.WriteBoolean("required", true);
        }

        if (!IsV2)
        {
            writer.WriteStartObject("schema");
        }

        writer.WriteString("type", parameter.Type);
        writer.WriteBoolean("uniqueItems", true);
        if (!IsV2)
        {
            writer.WriteEndObject();
        }

        writer.WriteEndObject();
    }

    private void WriteAnswers(Utf8JsonWriter writer, ApiOperation operation)
    {
        writer.WriteStartObject("responses");
        foreach (var code in operation.Codes)
        {
            writer.WriteStartObject(code.ToString(CultureInfo.InvariantCulture));
            writer.WriteString("description", code switch { 201 => "Created", 202 => "Accepted", _ => "OK" });
            if (IsV2)
            {
                WriteSchema(writer, operation.AnswerSchema);
            }
            else
            {
                WriteContent(writer, operation.AnswerTypes, operation.AnswerSchema);
            }

            writer.WriteEndObject();
        }

        writer.WriteStartObject("401");
        writer.WriteString("description", "Unauthorized");
        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    private void WriteContent(Utf8JsonWriter writer, IReadOnlyList<string> mediaTypes, string? schema)
    {
        writer.WriteStartObject("content");
        foreach (var mediaType in mediaTypes)
        {
            writer.WriteStartObject(mediaType);
            WriteSchema(writer, schema);
            writer.WriteEndObject();
        }

        writer.WriteEndObject();
    }

    private void WriteSchema(Utf8JsonWriter writer, string? name)
    {
        writer.WriteStartObject("schema");
        if (name is null)
        {
            writer.WriteString("type", "string");
        }
        else
        {
            writer.WriteString("$ref", SchemaWriter.Root(form) + name);
        }

        writer.WriteEndObject();
    }

    private static void WriteTexts(Utf8JsonWriter writer, string property, IReadOnlyList<string> texts)
    {
        writer.WriteStartArray(property);
        foreach (var text in texts)
        {
            writer.WriteStringValue(text);
        }

        writer.WriteEndArray();
    }
}
