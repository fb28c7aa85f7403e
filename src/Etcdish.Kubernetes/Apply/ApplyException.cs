namespace Etcdish.Kubernetes;

/// <summary>An object that cannot be applied for what it is, such as a list with two items of the same key. Status 400.</summary>
public sealed class ApplyException(string message) : Exception(message);
