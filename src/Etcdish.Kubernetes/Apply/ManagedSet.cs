using System.Text.Json.Nodes;

namespace Etcdish.Kubernetes;

/// <summary>
/// Who manages fields: a name, whether by apply or by other writes, through which subresource. Other writes are told apart by version too;
/// an applier keeps its entry when it changes the version it applies.
/// </summary>
internal sealed record ManagerId(string Name, bool IsApply, string ApiVersion, string Subresource) : IComparable<ManagerId>
{
    /// <summary>The manager of other writes when a request names none.</summary>
    private const string Unknown = "unknown";

    public static ManagerId OfApply(string name, string subresource) => new(name.Length == 0 ? Unknown : name, true, "", subresource);

    public static ManagerId OfUpdate(string name, string apiVersion, string subresource) =>
        new(name.Length == 0 ? Unknown : name, false, apiVersion, subresource);

    public int CompareTo(ManagerId? other) => other is null ? 1 : SortKey.CompareTo(other.SortKey);

    /// <summary>The manager as conflicts name it.</summary>
    public override string ToString()
    {
        var text = Subresource.Length == 0 ? $"\"{Name}\"" : $"\"{Name}\" with subresource \"{Subresource}\"";
        return IsApply ? text : $"{text} using {ApiVersion}";
    }

    private (OrdinalText, bool, OrdinalText, OrdinalText) SortKey => (new(Name), IsApply, new(ApiVersion), new(Subresource));

    private readonly record struct OrdinalText(string Text) : IComparable<OrdinalText>
    {
        public int CompareTo(OrdinalText other) => string.CompareOrdinal(Text, other.Text);
    }
}

/// <summary>
/// What a manager owns: fields as a version has them, and when it last took some. Immutable. A set that comes from an object is read when
/// it is first asked for: most writes touch what others own without looking at it.
/// </summary>
internal sealed class ManagedSet
{
    private readonly JsonObject? _notation;
    private FieldSet? _fields;

    public ManagedSet(FieldSet fields, string apiVersion, string? time)
    {
        _fields = fields;
        ApiVersion = apiVersion;
        Time = time;
    }

    private ManagedSet(JsonObject notation, string apiVersion, string? time)
    {
        _notation = notation;
        ApiVersion = apiVersion;
        Time = time;
    }

    /// <exception cref="FormatException">What is stored is malformed.</exception>
    public FieldSet Fields => _fields ??= FieldSetJson.Read(_notation);

    public string ApiVersion { get; }

    public string? Time { get; }

    public bool IsEmpty => _fields?.IsEmpty ?? _notation!.Count == 0;

    /// <summary>A set that is read when it is needed.</summary>
    /// <param name="notation">Its notation, which is written by this server, and stays unchanged.</param>
    /// <param name="apiVersion">Its version.</param>
    /// <param name="time">Its time.</param>
    public static ManagedSet Unread(JsonObject notation, string apiVersion, string? time) => new(notation, apiVersion, time);

    /// <summary>Whether it may have any path in common with others; false is sure. Looks at first steps only.</summary>
    public bool MayMeet(FieldSet others)
    {
        if (_notation is null || _fields is not null)
        {
            return true;
        }

        return Array.Exists(others.Members, m => _notation.ContainsKey(m.Text)) || Array.Exists(others.Children, c => _notation.ContainsKey(c.Key.Text));
    }

    public ManagedSet WithFields(FieldSet fields) => new(fields, ApiVersion, Time);

    public ManagedSet WithTime(string time) => new(Fields, ApiVersion, time);

    /// <summary>The notation, as a node without a parent.</summary>
    public JsonObject Write() => _notation is null ? FieldSetJson.Write(Fields) : (JsonObject)_notation.DeepClone();
}
