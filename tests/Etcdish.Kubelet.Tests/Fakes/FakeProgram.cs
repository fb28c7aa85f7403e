namespace Etcdish.Kubelet.Tests.Fakes;

/// <summary>What a container of <see cref="FakeRuntime"/> does.</summary>
internal sealed record FakeProgram
{
    /// <summary>Runs until it is stopped.</summary>
    public static FakeProgram Endless { get; } = new();

    /// <summary>How long it runs by itself; null: until it is stopped.</summary>
    public TimeSpan? RunsFor { get; init; }

    /// <summary>The code with which it ends by itself.</summary>
    public int ExitCode { get; init; }

    /// <summary>The code with which it ends when it is asked to.</summary>
    public int StopCode { get; init; } = 143;

    /// <summary>Whether only SIGKILL ends it.</summary>
    public bool IgnoresStop { get; init; }

    /// <summary>What its start fails with; empty: it starts.</summary>
    public string StartError { get; init; } = "";

    /// <summary>Its termination message.</summary>
    public string Message { get; init; } = "";
}

/// <summary>How a call of <see cref="FakeRuntime"/> goes wrong.</summary>
internal enum FakeFault
{
    None,

    /// <summary>It fails, and nothing was done.</summary>
    NotDone,

    /// <summary>It fails, but was done.</summary>
    AnswerLost,
}
