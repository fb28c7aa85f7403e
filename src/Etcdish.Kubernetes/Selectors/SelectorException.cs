namespace Etcdish.Kubernetes;

/// <summary>A selector that cannot be understood; the message is Kubernetes' own. The client's fault, status 400.</summary>
public sealed class SelectorException(string message) : Exception(message);
