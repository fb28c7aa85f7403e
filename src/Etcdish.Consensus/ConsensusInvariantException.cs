using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Text;

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

    /// <summary>Stays on in every build, and formats nothing while all is well.</summary>
    internal static void Check(
        [DoesNotReturnIf(false)] bool holds, [InterpolatedStringHandlerArgument(nameof(holds))] ref FailureText what)
    {
        if (!holds)
        {
            throw new ConsensusInvariantException(what.ToString());
        }
    }

    /// <summary>An interpolated string that is built only for a check that failed.</summary>
    [InterpolatedStringHandler]
    internal readonly ref struct FailureText
    {
        private readonly StringBuilder? _text;

        public FailureText(int literalLength, int formattedCount, bool holds, out bool isBuilt)
        {
            isBuilt = !holds;
            _text = holds ? null : new StringBuilder(literalLength + (formattedCount * 8));
        }

        public void AppendLiteral(string text) => _text?.Append(text);

        public void AppendFormatted(ulong number) => _text?.Append(number);

        public override string ToString() => _text?.ToString() ?? "";
    }
}
