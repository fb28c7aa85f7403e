using System.Diagnostics.CodeAnalysis;

namespace Etcdish.Consensus;

/// <summary>
/// The core met a state that Raft proves impossible: a defect, a disk that lied, or a host that broke the contract. The node must stop;
/// nothing it would say after this can be trusted.
/// </summary>
public sealed class ConsensusInvariantException : Exception
{
    internal ConsensusInvariantException(string what)
        : base($"broken invariant: {what}")
    {
    }

    /// <summary>Stays on in every build.</summary>
    internal static void Check([DoesNotReturnIf(false)] bool holds, string what)
    {
        if (!holds)
        {
            throw new ConsensusInvariantException(what);
        }
    }
}
