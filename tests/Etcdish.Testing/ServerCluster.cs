using System.Diagnostics;

namespace Etcdish.Testing;

/// <summary>
/// Several servers that are one cluster, each a process of its own on fixed ports and its own data directory. What is done to one
/// member (kill -9, pause, terminate, restart) is done through <see cref="Members"/>.
/// </summary>
public sealed class ServerCluster : IDisposable
{
    private static readonly TimeSpan _limit = TimeSpan.FromSeconds(30);

    /// <summary>Prepares a cluster; nothing runs yet.</summary>
    /// <param name="create">Makes one server, not started.</param>
    /// <param name="size">Number of members.</param>
    /// <param name="network">Where the members live; null for the loopback.</param>
    public ServerCluster(Func<ServerProcess> create, int size = 3, NamespaceNetwork? network = null)
    {
        Members = [.. Enumerable.Range(0, size).Select(_ => create())];
        for (int i = 0; i < size; i++)
        {
            Members[i].MemberName = $"n{i + 1}";
            if (network is not null)
            {
                Members[i].Host = network.AddressOf(i);
                Members[i].Launcher = network.LauncherOf(i);
            }
        }

        string all = string.Join(',', Members.Select(member => $"{member.MemberName}={member.PeerUrl}"));
        foreach (ServerProcess member in Members)
            member.InitialCluster = all;
    }

    public IReadOnlyList<ServerProcess> Members { get; }

    /// <summary>One client URL a member, in the order of <see cref="Members"/>.</summary>
    public IReadOnlyList<string> ClientUrls => [.. Members.Select(member => member.ClientUrl)];

    /// <summary>For <c>etcdctl --endpoints</c>.</summary>
    public string Endpoints => string.Join(',', ClientUrls);

    /// <summary>Further flags of every member, used from its next start on.</summary>
    public void UseArguments(params IReadOnlyList<string> arguments)
    {
        foreach (ServerProcess member in Members)
            member.ExtraArguments = arguments;
    }

    /// <summary>Starts all members and returns when each says that it is ready and one leads.</summary>
    public async Task StartAsync()
    {
        foreach (ServerProcess member in Members)
            member.Launch();
        foreach (ServerProcess member in Members)
            member.WaitUntilReady();
        await LeaderAsync();
    }

    /// <summary>
    /// The member that leads with the agreement of a majority, once there is one. Asks only members that serve.
    /// </summary>
    /// <param name="among">The members to ask, if not all; for the majority's side of a partition.</param>
    /// <exception cref="TimeoutException">Nobody led for 30 s.</exception>
    public async Task<ServerProcess> LeaderAsync(IReadOnlyList<ServerProcess>? among = null)
    {
        long start = Stopwatch.GetTimestamp();
        string last = "nobody was asked";
        while (Stopwatch.GetElapsedTime(start) < _limit)
        {
            try
            {
                // Each round begins with a read that waits for a leader, so this asks again only around an election.
                ServerProcess[] serving = [.. (among ?? Members).Where(member => member.IsServing)];
                if (serving.Length == 0)
                    throw new InvalidOperationException("no member serves that could be asked who leads");
                using (var first = new MemberApi(serving[0].ClientUrl))
                    await first.ReadAsync();
                MemberStatus[] said = await Task.WhenAll(serving.Select(StatusAsync));
                int leader = Array.FindIndex(said, status => status.IsLeader);
                if (leader >= 0 && said.Count(status => status.Leader == said[leader].Member) > Members.Count / 2)
                    return serving[leader];
                last = string.Join(", ", said.Select(status => status.ToString()));
            }
            catch (HttpRequestException refused)
            {
                last = refused.Message;
            }
        }

        throw new TimeoutException($"no member leads after {_limit.TotalSeconds} s; last seen: {last}");
    }

    /// <summary>A member that serves and does not lead.</summary>
    public async Task<ServerProcess> FollowerAsync()
    {
        ServerProcess leader = await LeaderAsync();
        return Members.First(member => member != leader && member.IsServing);
    }

    /// <summary>Returns when every member that serves answers a linearizable read.</summary>
    /// <exception cref="TimeoutException">One did not for 30 s.</exception>
    public async Task WaitUntilHealthyAsync()
    {
        foreach (ServerProcess member in Members.Where(member => member.IsServing))
        {
            using var api = new MemberApi(member.ClientUrl);
            await UntilAcceptedAsync(api.ReadAsync, $"a read at {member.MemberName}");
        }
    }

    /// <summary>The id under which the cluster knows the member.</summary>
    public async Task<ulong> MemberIdAsync(ServerProcess member)
    {
        using MemberApi api = Another(member);
        return IdIn(await api.ListAsync(), member);
    }

    /// <summary>
    /// What an operator does about a member that has lost its disk: kill it, remove it, announce it anew under a new id, start it on
    /// nothing, and, if it joined as a learner, promote it once it has caught up.
    /// </summary>
    public async Task ReplaceWipedAsync(ServerProcess member, bool asLearner)
    {
        member.Kill();
        await RemoveAsync(member);
        await ReturnAsync(member, asLearner);
    }

    /// <summary>
    /// Removes a member that serves, which its process does not survive, and lets it come back under a new id, on nothing, as a learner that
    /// is promoted.
    /// </summary>
    /// <exception cref="TimeoutException">It still runs half a minute after it was removed.</exception>
    public async Task ReplaceServingAsync(ServerProcess member)
    {
        await RemoveAsync(member);
        member.Process.WaitForExit(_limit);
        await ReturnAsync(member, asLearner: true);
    }

    public void Dispose()
    {
        foreach (ServerProcess member in Members)
            member.Dispose();
    }

    /// <summary>The outputs of all members, for failure messages.</summary>
    public string Describe() => string.Join('\n', Members.Select(member => $"=== {member.MemberName}\n{member.Process.Describe()}"));

    private static ulong IdIn(IReadOnlyList<ClusterMember> members, ServerProcess member) =>
        members.Single(known => known.PeerURLs.Contains(member.PeerUrl)).Id;

    private static async Task<MemberStatus> StatusAsync(ServerProcess member)
    {
        using var api = new MemberApi(member.ClientUrl);
        return await api.StatusAsync();
    }

    // Each attempt is a round trip to a server that decides anew.
    private static async Task UntilAcceptedAsync(Func<Task> call, string what)
    {
        long start = Stopwatch.GetTimestamp();
        while (true)
        {
            try
            {
                await call();
                return;
            }
            catch (HttpRequestException refused)
            {
                if (Stopwatch.GetElapsedTime(start) > _limit)
                    throw new TimeoutException($"{what} was refused for {_limit.TotalSeconds} s: {refused.Message}", refused);
            }
        }
    }

    private async Task RemoveAsync(ServerProcess member)
    {
        using MemberApi api = Another(member);
        ulong id = 0;
        await UntilAcceptedAsync(async () => id = IdIn(await api.ListAsync(), member), "the list of members");
        await UntilAcceptedAsync(() => api.RemoveAsync(id), $"the removal of {member.MemberName}");
    }

    private async Task ReturnAsync(ServerProcess member, bool asLearner)
    {
        member.WipeData();
        using MemberApi api = Another(member);
        ulong id = 0;
        await UntilAcceptedAsync(async () => id = await api.AddAsync(member.PeerUrl, asLearner), $"the return of {member.MemberName}");
        member.JoinsExistingCluster = true;
        member.Start();
        if (asLearner)
            await UntilAcceptedAsync(() => api.PromoteAsync(id), $"the promotion of {member.MemberName}");
    }

    private MemberApi Another(ServerProcess member) =>
        new(Members.First(other => other != member && other.IsServing).ClientUrl);
}
