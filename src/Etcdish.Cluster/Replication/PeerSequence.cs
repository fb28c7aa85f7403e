namespace Etcdish.Cluster;

/// <summary>
/// Numbers of requests to other members. A refusal names only the number, so the kinds of requests have spaces of their own: the lowest two
/// bits say which.
/// </summary>
internal static class PeerSequence
{
    private const int KindBits = 2;

    public enum Kind
    {
        Write = 0,
        Read = 1,
        Lease = 2,
    }

    public static ulong Of(Kind kind, ulong number) => (number << KindBits) | (ulong)kind;

    public static Kind KindOf(ulong sequence) => (Kind)(sequence & ((1 << KindBits) - 1));

    public static ulong NumberOf(ulong sequence) => sequence >> KindBits;
}
