using Etcdish.Testing;

namespace Etcdish.Interop;

/// <summary>Runs a scenario against genuine etcd and against the server under test, and compares step by step.</summary>
internal static class SideBySide
{
    /// <summary>The server under test: etcdish, or for a proof of the scenarios themselves genuine etcd once more.</summary>
    public static ServerProcess CreateCandidate() =>
        Environment.GetEnvironmentVariable("ETCDISH_INTEROP_TARGET") == "etcd" ? new GenuineEtcd() : new EtcdishServer();

    public static void Compare(Action<Session> scenario, params string[] serverArguments)
    {
        using ServerProcess genuine = new GenuineEtcd { ExtraArguments = serverArguments };
        using ServerProcess candidate = CreateCandidate();
        candidate.ExtraArguments = serverArguments;
        using var expected = new Session(genuine);
        using var actual = new Session(candidate);
        // One after the other: the machine may have few cores, and a failure of the first says that the scenario itself is wrong.
        genuine.Start();
        scenario(expected);
        candidate.Start();
        scenario(actual);
        using (Assert.EnterMultipleScope())
        {
            for (int i = 0; i < expected.Steps.Count; i++)
                Compare(i, expected.Steps[i], actual.Steps[i], candidate);
        }
    }

    /// <summary>The same for calls as messages.</summary>
    public static async Task CompareAsync(Func<RawCalls, Task> scenario)
    {
        using ServerProcess genuine = new GenuineEtcd();
        using ServerProcess candidate = CreateCandidate();
        using var expected = new RawCalls(genuine.ClientUrl);
        using var actual = new RawCalls(candidate.ClientUrl);
        genuine.Start();
        await scenario(expected);
        candidate.Start();
        await scenario(actual);
        using (Assert.EnterMultipleScope())
        {
            for (int i = 0; i < expected.Steps.Count; i++)
                Compare(i, expected.Steps[i], actual.Steps[i], candidate);
        }
    }

    private static void Compare(
        int index, (string Title, string Output) expected, (string Title, string Output) actual, ServerProcess candidate)
    {
        if (expected.Output == actual.Output)
            return;
        Assert.Fail(
            $"step {index + 1}, `{expected.Title}`, differs\n"
            + $"===== etcd\n{expected.Output}\n===== {candidate.Name}\n{actual.Output}\n=====");
    }
}
