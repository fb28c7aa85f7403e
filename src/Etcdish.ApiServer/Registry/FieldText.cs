using System.Text.Json;

namespace Etcdish.ApiServer.Registry;

/// <summary>Reads the fields that selectors name, as text.</summary>
internal static class FieldText
{
    /// <summary>The text of a field; what an absent field stands for if it is absent.</summary>
    public static string Read(JsonElement root, string field)
    {
        // Four names are not the paths of what they select by.
        var path = field switch
        {
            "status.successful" => "status.succeeded",
            "status.podIPs" => "status.podIP",
            "source" => "source.component",
            "spec.parentRef" => "spec.parentRef.name",
            _ => field,
        };
        var value = root;
        foreach (var part in path.Split('.'))
        {
            if (value.ValueKind != JsonValueKind.Object || !value.TryGetProperty(part, out value))
            {
                return Absent(field);
            }
        }

        return value.ValueKind switch
        {
            JsonValueKind.String => value.GetString()!,
            JsonValueKind.True => "true",
            JsonValueKind.False => "false",
            JsonValueKind.Number => value.GetRawText(),
            _ => Absent(field),
        };
    }

    private static string Absent(string field) => field switch
    {
        "spec.unschedulable" or "spec.hostNetwork" => "false",
        "status.replicas" or "status.successful" => "0",
        _ => "",
    };
}
