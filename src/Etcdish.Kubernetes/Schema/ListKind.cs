namespace Etcdish.Kubernetes;

/// <summary>How the items of a list are told apart when several owners share it.</summary>
public enum ListKind
{
    /// <summary>They are not: the list has one owner and is replaced whole.</summary>
    Atomic,

    /// <summary>By value: a set of scalars.</summary>
    Set,

    /// <summary>By the values of <see cref="SchemaType.Keys"/>: a list that is really a map.</summary>
    Map,
}
