using System.Text.Json.Nodes;

namespace Etcdish.Kubernetes;

/// <summary>The owners of an object's fields: <c>metadata.managedFields</c>, to be changed.</summary>
internal sealed class ManagedFields
{
    /// <summary>Beyond this many entries of other writes the oldest are put together.</summary>
    private const int MaxUpdateEntries = 10;

    private const string Ancient = "ancient-changes";
    private const string FieldsType = "FieldsV1";

    public SortedDictionary<ManagerId, ManagedSet> Sets { get; } = [];

    public bool IsEmpty => Sets.Count == 0;

    /// <summary>Reads the entries of an object; none if it has none.</summary>
    /// <param name="live">The object.</param>
    /// <param name="isStored">Whether this server stored it, so that its sets are well-formed and need not be read before they are used.</param>
    /// <exception cref="FormatException">An entry is malformed.</exception>
    public static ManagedFields Read(JsonObject? live, bool isStored = false)
    {
        var managed = new ManagedFields();
        foreach (var entry in EntriesOf(live) ?? [])
        {
            managed.Add(entry as JsonObject ?? throw new FormatException("an entry of managedFields is an object"), isStored);
        }

        return managed;
    }

    /// <summary>
    /// The owners to begin with when an object was written: those that the writer sent, as it may change them; those of the live object if
    /// it sent none or nonsense, as clients that know nothing of them must not lose them; none if it sent a single empty entry.
    /// </summary>
    public static ManagedFields ForUpdate(JsonObject? live, JsonObject updated, bool isSubresource)
    {
        if (!isSubresource && EntriesOf(updated) is { } entries)
        {
            if (entries is [] or [JsonObject { Count: 0 }])
            {
                return new ManagedFields();
            }

            if (TryRead(updated) is { IsEmpty: false } sent)
            {
                return sent;
            }
        }

        return TryRead(live, isStored: true) ?? new ManagedFields();
    }

    /// <summary>Puts the entries into an object: those of apply first, older ones first.</summary>
    public void Write(JsonObject target)
    {
        var metadata = target["metadata"] as JsonObject;
        metadata?.Remove("managedFields");
        if (IsEmpty)
        {
            return;
        }

        if (metadata is null)
        {
            target["metadata"] = metadata = [];
        }

        var ordered = Sets
            .OrderBy(s => s.Key.IsApply ? 0 : 1)
            .ThenBy(s => Seconds(s.Value.Time))
            .ThenBy(s => s.Key.Name, StringComparer.Ordinal)
            .ThenBy(s => s.Value.ApiVersion, StringComparer.Ordinal)
            .ThenBy(s => s.Key.Subresource, StringComparer.Ordinal);
        metadata["managedFields"] = new JsonArray([.. ordered.Select(s => WriteEntry(s.Key, s.Value))]);
    }

    /// <summary>Puts the one entry of an object's creator into it; none if it owns nothing.</summary>
    /// <param name="target">The object.</param>
    /// <param name="id">The creator.</param>
    /// <param name="context">The version and the time.</param>
    /// <param name="fields">What it owns, in the notation, or null.</param>
    public static void WriteCreator(JsonObject target, ManagerId id, WriteContext context, JsonObject? fields)
    {
        if (target["metadata"] is not JsonObject metadata)
        {
            target["metadata"] = metadata = [];
        }

        metadata.Remove("managedFields");
        if (fields is not null)
        {
            metadata["managedFields"] = new JsonArray(WriteEntry(id, context.ApiVersion, TimeText.Format(context.Now), fields));
        }
    }

    /// <summary>Puts the oldest entries of other writes together, per version, until there are few enough.</summary>
    public void CapUpdates()
    {
        var updates = Sets
            .Where(s => !s.Key.IsApply)
            .OrderBy(s => Seconds(s.Value.Time))
            .ThenBy(s => s.Key)
            .Select(s => s.Key)
            .ToArray();
        var count = updates.Length;
        var firstOfVersion = new Dictionary<string, ManagerId>(StringComparer.Ordinal);
        foreach (var id in updates)
        {
            if (count <= MaxUpdateEntries)
            {
                return;
            }

            var bucket = ManagerId.OfUpdate(Ancient, Sets[id].ApiVersion, "");
            if (firstOfVersion.TryAdd(Sets[id].ApiVersion, id))
            {
                continue;
            }

            if (!Sets.ContainsKey(bucket) && Sets.Remove(firstOfVersion[Sets[id].ApiVersion], out var oldest))
            {
                Sets[bucket] = oldest;
            }

            if (id != bucket && Sets.Remove(id, out var set))
            {
                Sets[bucket] = set.WithFields(set.Fields.Union(Sets[bucket].Fields));
                count--;
            }
        }
    }

    /// <summary>Drops entries without fields.</summary>
    public void RemoveEmpty()
    {
        foreach (var id in Sets.Where(s => s.Value.IsEmpty).Select(s => s.Key).ToArray())
        {
            Sets.Remove(id);
        }
    }

    private static ManagedFields? TryRead(JsonObject? source, bool isStored = false)
    {
        try
        {
            return Read(source, isStored);
        }
        catch (FormatException)
        {
            // What cannot be read cannot be kept: a write goes on without it, as it does in Kubernetes.
            return null;
        }
    }

    private static JsonArray? EntriesOf(JsonObject? source) => (source?["metadata"] as JsonObject)?["managedFields"] as JsonArray;

    private void Add(JsonObject entry, bool isStored)
    {
        var isApply = Text(entry, "operation") switch
        {
            "Apply" => true,
            "Update" => false,
            _ => throw new FormatException("operation must be `Apply` or `Update`"),
        };
        var apiVersion = Text(entry, "apiVersion") is { Length: > 0 } version
            ? version
            : throw new FormatException("apiVersion must not be empty");
        if (Text(entry, "fieldsType") is not FieldsType and var fieldsType)
        {
            throw new FormatException(fieldsType is null
                ? $"missing fieldsType in managed fields entry {Sets.Count}"
                : $"invalid fieldsType \"{fieldsType}\" in managed fields entry {Sets.Count}");
        }

        var time = Text(entry, "time");
        var fields = entry["fieldsV1"];
        var id = new ManagerId(Text(entry, "manager") ?? "", isApply, isApply ? "" : apiVersion, Text(entry, "subresource") ?? "");
        Sets[id] = isStored && fields is JsonObject notation ? ManagedSet.Unread(notation, apiVersion, time)
            : new ManagedSet(fields is null ? FieldSet.Empty : FieldSetJson.Read(fields), apiVersion, time);
    }

    private static JsonObject WriteEntry(ManagerId id, ManagedSet set) =>
        WriteEntry(id, set.ApiVersion, set.Time, set.Write());

    private static JsonObject WriteEntry(ManagerId id, string apiVersion, string? time, JsonObject fields)
    {
        var entry = new JsonObject
        {
            ["manager"] = id.Name,
            ["operation"] = id.IsApply ? "Apply" : "Update",
            ["apiVersion"] = apiVersion,
        };
        if (time is not null)
        {
            entry["time"] = time;
        }

        entry["fieldsType"] = FieldsType;
        entry["fieldsV1"] = fields;
        if (id.Subresource.Length > 0)
        {
            entry["subresource"] = id.Subresource;
        }

        return entry;
    }

    private static long Seconds(string? time) =>
        time is not null && TimeText.TryParse(time, out DateTimeOffset moment) ? moment.ToUnixTimeSeconds() : 0;

    private static string? Text(JsonObject entry, string name) =>
        entry[name] is JsonValue value && value.TryGetValue<string>(out var text) ? text : null;
}
