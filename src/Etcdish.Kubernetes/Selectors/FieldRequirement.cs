namespace Etcdish.Kubernetes;

/// <summary>One requirement of a field selector.</summary>
/// <param name="Field">The field's path, such as <c>spec.nodeName</c>.</param>
/// <param name="IsEqual">Whether the field must have the value, or must not.</param>
/// <param name="Value">The value; a missing field has the empty one.</param>
public sealed record FieldRequirement(string Field, bool IsEqual, string Value);
