using System.Text.Json;

namespace Etcdish.ApiServer.OpenApi;

/// <summary>
/// Encodes a document of version 2 as protobuf: the message <c>openapi.v2.Document</c>, whose definition follows the JSON form property by
/// property. A table for each message says which number a property has and how its value is written; properties whose names begin with "x-"
/// are kept as text. What a table does not know has no place in the message and is left out.
/// </summary>
internal static class SwaggerProtobuf
{
    private static readonly Encoder _schema = Members(31, new()
    {
        ["$ref"] = Text(1),
        ["format"] = Text(2),
        ["title"] = Text(3),
        ["description"] = Text(4),
        ["default"] = Any(5),
        ["multipleOf"] = Number(6),
        ["maximum"] = Number(7),
        ["exclusiveMaximum"] = Flag(8),
        ["minimum"] = Number(9),
        ["exclusiveMinimum"] = Flag(10),
        ["maxLength"] = Count(11),
        ["minLength"] = Count(12),
        ["pattern"] = Text(13),
        ["maxItems"] = Count(14),
        ["minItems"] = Count(15),
        ["uniqueItems"] = Flag(16),
        ["maxProperties"] = Count(17),
        ["minProperties"] = Count(18),
        ["required"] = Each(Text(19)),
        ["enum"] = Each(Any(20)),
        ["additionalProperties"] = Part(21, SchemaOrFlag),
        ["type"] = Part(22, Text(1)),
        ["items"] = Part(23, Part(1, Schema)),
        ["allOf"] = Each(Part(24, Schema)),
        ["properties"] = Part(25, Named(1, Schema)),
    });

    private static readonly Encoder _queryParameter = Members(23, new()
    {
        ["required"] = Flag(1),
        ["in"] = Text(2),
        ["description"] = Text(3),
        ["name"] = Text(4),
        ["type"] = Text(6),
        ["uniqueItems"] = Flag(20),
    });

    private static readonly Encoder _pathParameter = Members(22, new()
    {
        ["required"] = Flag(1),
        ["in"] = Text(2),
        ["description"] = Text(3),
        ["name"] = Text(4),
        ["type"] = Text(5),
        ["uniqueItems"] = Flag(19),
    });

    private static readonly Encoder _bodyParameter = Members(6, new()
    {
        ["description"] = Text(1),
        ["name"] = Text(2),
        ["in"] = Text(3),
        ["required"] = Flag(4),
        ["schema"] = Part(5, Schema),
    });

    private static readonly Encoder _response = Members(5, new() { ["description"] = Text(1), ["schema"] = Part(2, Part(1, Schema)) });

    private static readonly Encoder _operation = Members(13, new()
    {
        ["tags"] = Each(Text(1)),
        ["description"] = Text(3),
        ["operationId"] = Text(5),
        ["produces"] = Each(Text(6)),
        ["consumes"] = Each(Text(7)),
        ["parameters"] = Each(Part(8, Parameter)),
        ["responses"] = Part(9, Named(1, Part(1, _response))),
    });

    private static readonly Encoder _pathItem = Members(10, new()
    {
        ["get"] = Part(2, _operation),
        ["put"] = Part(3, _operation),
        ["post"] = Part(4, _operation),
        ["delete"] = Part(5, _operation),
        ["patch"] = Part(8, _operation),
        ["parameters"] = Each(Part(9, Parameter)),
    });

    private static readonly Encoder _document = Members(16, new()
    {
        ["swagger"] = Text(1),
        ["info"] = Part(2, Members(7, new() { ["title"] = Text(1), ["version"] = Text(2) })),
        ["paths"] = Part(8, Named(2, _pathItem)),
        ["definitions"] = Part(9, Named(1, Schema)),
    });

    private delegate void Encoder(ProtobufMessage message, JsonElement value);

    public static ReadOnlySpan<byte> Encode(ReadOnlyMemory<byte> json)
    {
        using var document = JsonDocument.Parse(json);
        var message = new ProtobufMessage();
        _document(message, document.RootElement);
        return message.Written;
    }

    private static void Schema(ProtobufMessage message, JsonElement value) => _schema(message, value);

    private static void SchemaOrFlag(ProtobufMessage message, JsonElement value)
    {
        var encode = value.ValueKind == JsonValueKind.Object ? Part(1, Schema) : Flag(2);
        encode(message, value);
    }

    /// <summary>A parameter is one of several messages, by where in the request it stands.</summary>
    private static void Parameter(ProtobufMessage message, JsonElement value)
    {
        var encode = value.GetProperty("in").GetString() switch
        {
            "body" => Part(1, Part(1, _bodyParameter)),
            "query" => Part(1, Part(2, Part(3, _queryParameter))),
            "path" => Part(1, Part(2, Part(4, _pathParameter))),
            var place => throw new InvalidOperationException($"no parameter stands in {place}"),
        };
        encode(message, value);
    }

    private static Encoder Text(int number) => (message, value) => message.Write(number, value.GetString()!);

    private static Encoder Flag(int number) => (message, value) => message.Write(number, value.GetBoolean());

    private static Encoder Count(int number) => (message, value) => message.Write(number, value.GetInt64());

    private static Encoder Number(int number) => (message, value) => message.Write(number, value.GetDouble());

    /// <summary>A value of any type: as text in YAML, which JSON is.</summary>
    private static Encoder Any(int number) => Part(number, (message, value) => message.Write(2, value.GetRawText()));

    private static Encoder Each(Encoder item) => (message, value) =>
    {
        foreach (var element in value.EnumerateArray())
        {
            item(message, element);
        }
    };

    private static Encoder Part(int number, Encoder content) => (message, value) =>
    {
        var part = new ProtobufMessage();
        content(part, value);
        message.Write(number, part);
    };

    /// <summary>An object with any properties: a message for each, of name and value.</summary>
    private static Encoder Named(int number, Encoder content) => (message, value) =>
    {
        foreach (var property in value.EnumerateObject())
        {
            WriteNamed(message, number, property, content);
        }
    };

    private static Encoder Members(int extensionNumber, Dictionary<string, Encoder> table) => (message, value) =>
    {
        foreach (var property in value.EnumerateObject())
        {
            if (table.TryGetValue(property.Name, out var encode))
            {
                encode(message, property.Value);
            }
            else if (property.Name.StartsWith("x-", StringComparison.Ordinal))
            {
                WriteNamed(message, extensionNumber, property, (any, extension) => any.Write(2, extension.GetRawText()));
            }
        }
    };

    private static void WriteNamed(ProtobufMessage message, int number, JsonProperty property, Encoder content)
    {
        var named = new ProtobufMessage();
        named.Write(1, property.Name);
        Part(2, content)(named, property.Value);
        message.Write(number, named);
    }
}
