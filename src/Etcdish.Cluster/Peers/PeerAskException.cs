namespace Etcdish.Cluster.Peers;

/// <summary>A question to a member has no answer, see <see cref="IPeerNetwork.AskAsync"/>.</summary>
/// <param name="message">Why.</param>
/// <param name="cause">What was behind it, or null.</param>
internal sealed class PeerAskException(string message, Exception? cause = null) : Exception(message, cause);
