using Etcdish.Client;
using Etcdish.Protos;

namespace Etcdish.Load.Comparing;

/// <summary>The members of one store, one process each: a single server or a cluster, with their data below one folder.</summary>
internal sealed class ServerGroup : IDisposable
{
    private readonly string _name;

    public ServerGroup(ServerProgram program, string folder, int members)
    {
        _name = program.Name;
        IReadOnlyList<MemberPlace> places = MemberPlace.Take(members);
        string cluster = string.Join(',', places.Select(place => $"{place.Name}={place.PeerUrl}"));
        Members = [.. places.Select(place => new ServerProcess(program, Path.Combine(folder, place.Name), place, cluster))];
    }

    public IReadOnlyList<ServerProcess> Members { get; }

    public IReadOnlyList<Uri> Endpoints => [.. Members.Select(member => member.Endpoint)];

    public IReadOnlyList<int> Pids => [.. Members.Select(member => member.Pid)];

    /// <summary>Starts all and returns when each has answered a linearizable read.</summary>
    public Task StartAsync(CancellationToken cancellationToken) =>
        Task.WhenAll(Members.Select(member => member.StartAsync(cancellationToken)));

    /// <summary>The member that leads. All of them must answer.</summary>
    /// <exception cref="InvalidOperationException">They do not agree on one.</exception>
    public async Task<ServerProcess> LeaderAsync(CancellationToken cancellationToken)
    {
        string[] endpoints = [.. Endpoints.Select(endpoint => endpoint.OriginalString)];
        await using EtcdClient client = new(new EtcdClientOptions { Endpoints = endpoints });
        StatusResponse[] said = await Task.WhenAll(
            endpoints.Select(endpoint => client.Maintenance.StatusAsync(endpoint, cancellationToken)));
        int leader = Array.FindIndex(said, status => status.Header.MemberId == status.Leader);
        return leader >= 0 && said.All(status => status.Leader == said[leader].Leader)
            ? Members[leader]
            : throw new InvalidOperationException($"the members of {_name} do not agree on a leader");
    }

    public void Dispose()
    {
        foreach (ServerProcess member in Members)
        {
            member.Dispose();
        }
    }
}
