using System.Diagnostics.CodeAnalysis;

namespace Etcdish.Log;

/// <summary>Assertions that stay on in every build.</summary>
internal static class Invariant
{
    internal static void Check([DoesNotReturnIf(false)] bool holds, string what)
    {
        if (!holds)
        {
            throw new InvalidOperationException($"broken invariant: {what}");
        }
    }
}
