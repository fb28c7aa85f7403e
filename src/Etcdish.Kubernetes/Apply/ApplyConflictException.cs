namespace Etcdish.Kubernetes;

/// <summary>A field that another manager owns and that an apply would change.</summary>
/// <param name="Manager">The other manager as messages name it, such as <c>"kubectl-edit" using apps/v1</c>.</param>
/// <param name="Field">The field, such as <c>.spec.replicas</c>.</param>
public sealed record ApplyConflict(string Manager, string Field);

/// <summary>An apply that would change what others own, without force. Status 409, with a cause for each conflict.</summary>
public sealed class ApplyConflictException : Exception
{
    internal ApplyConflictException(IReadOnlyList<ApplyConflict> conflicts, FieldSet fields)
        : base(Describe(conflicts))
    {
        Conflicts = conflicts;
        Fields = fields;
    }

    /// <summary>The conflicts, by manager and field.</summary>
    public IReadOnlyList<ApplyConflict> Conflicts { get; }

    /// <summary>The fields of all conflicts.</summary>
    internal FieldSet Fields { get; }

    private static string Describe(IReadOnlyList<ApplyConflict> conflicts)
    {
        if (conflicts.Count == 1)
        {
            return $"Apply failed with 1 conflict: conflict with {conflicts[0].Manager}: {conflicts[0].Field}";
        }

        var lines = conflicts.GroupBy(c => c.Manager).SelectMany(g => g.Select(c => $"- {c.Field}").Prepend($"conflicts with {g.Key}:"));
        return $"Apply failed with {conflicts.Count} conflicts: {string.Join('\n', lines)}";
    }
}
