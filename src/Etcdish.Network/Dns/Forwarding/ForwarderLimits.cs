namespace Etcdish.Network.Dns.Forwarding;

/// <summary>How name servers outside are asked, and what is kept of their answers.</summary>
internal sealed record ForwarderLimits
{
    /// <summary>How long one is waited for before the next is asked.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(1.5);

    /// <summary>How often each is asked.</summary>
    public int Rounds { get; init; } = 2;

    /// <summary>How many questions may be on their way.</summary>
    public int MostAtOnce { get; init; } = 1000;

    /// <summary>How many answers are kept.</summary>
    public int MostAnswers { get; init; } = 10_000;

    /// <summary>For how long an answer is kept at most.</summary>
    public TimeSpan LongestAnswer { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>For how long a denial is kept at most.</summary>
    public TimeSpan LongestDenial { get; init; } = TimeSpan.FromSeconds(30);
}
