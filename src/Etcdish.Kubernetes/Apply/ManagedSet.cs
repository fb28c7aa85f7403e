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

/// <summary>What a manager owns: fields as a version has them, and when it last took some.</summary>
internal sealed record ManagedSet(FieldSet Fields, string ApiVersion, string? Time);
