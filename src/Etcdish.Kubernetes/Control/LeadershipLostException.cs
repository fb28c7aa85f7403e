namespace Etcdish.Kubernetes.Control;

/// <summary>A leader may not go on: another candidate leads, or will soon.</summary>
/// <param name="message">Why.</param>
public sealed class LeadershipLostException(string message) : Exception(message);
