using System.Buffers;
using System.Text.Json;
using Etcdish.ApiServer.Http;
using Etcdish.ApiServer.Registry;
using Etcdish.Kubernetes;

namespace Etcdish.ApiServer.OpenApi;

/// <summary>
/// A document that describes resources. kubectl reads three things: which kinds can be patched with field validation (in the paths, else it
/// refuses to apply), how fields merge and what they are (in the schemas), and what they are for (in their texts).
/// </summary>
internal static class OpenApiDocument
{
    /// <summary>Writes the document of these resources as JSON.</summary>
    public static ReadOnlyMemory<byte> Write(SpecForm form, IEnumerable<ResourceType> types)
    {
        var buffer = new ArrayBufferWriter<byte>(64 * 1024);
        using (var writer = new Utf8JsonWriter(buffer, ApiJson.Writer))
        {
            writer.WriteStartObject();
            writer.WriteString(form == SpecForm.V2 ? "swagger" : "openapi", form == SpecForm.V2 ? "2.0" : "3.0.0");
            writer.WriteStartObject("info");
            writer.WriteString("title", "Kubernetes");
            writer.WriteString("version", ReleaseText.Version);
            writer.WriteEndObject();
            WriteContent(writer, form, types);
            writer.WriteEndObject();
        }

        return buffer.WrittenMemory;
    }

    private static void WriteContent(Utf8JsonWriter writer, SpecForm form, IEnumerable<ResourceType> types)
    {
        var schemas = new SchemaSection(form, new SchemaTexts());
        foreach (var type in types.Where(type => type.Custom is not null))
        {
            schemas.AddCustom(type.Info.Type, type.Custom!.SchemaSource);
        }

        var paths = new PathWriter(form);
        writer.WriteStartObject("paths");
        foreach (var info in types.Select(type => type.Info))
        {
            var tag = $"{(info.Group.Length == 0 ? "core" : info.Group.Split('.')[0])}_{info.Version}";
            foreach (var path in new ResourcePaths(info, schemas).Read())
            {
                paths.Write(writer, path, tag);
            }
        }

        writer.WriteEndObject();
        if (form == SpecForm.V2)
        {
            writer.WritePropertyName("definitions");
            schemas.WriteTo(writer);
            return;
        }

        writer.WriteStartObject("components");
        writer.WritePropertyName("schemas");
        schemas.WriteTo(writer);
        writer.WriteEndObject();
    }
}
