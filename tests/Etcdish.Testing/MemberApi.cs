using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Etcdish.Testing;

/// <summary>
/// The calls about members and leadership that a harness needs, to one member, through the JSON gateway: it needs no client of ours.
/// </summary>
public sealed class MemberApi(string clientUrl) : IDisposable
{
    private static readonly JsonSerializerOptions _json = new(JsonSerializerDefaults.Web)
    {
        NumberHandling = System.Text.Json.Serialization.JsonNumberHandling.AllowReadingFromString,
    };

    private readonly HttpClient _http = new() { BaseAddress = new Uri(clientUrl), Timeout = TimeSpan.FromSeconds(10) };

    /// <summary>What the member knows about itself and its leader; needs no quorum.</summary>
    /// <exception cref="HttpRequestException">It was not reached, or refused; the message holds its answer.</exception>
    public async Task<MemberStatus> StatusAsync()
    {
        StatusJson status = (await CallAsync("maintenance/status", [])).Deserialize<StatusJson>(_json)!;
        return new MemberStatus(status.Header.MemberId, status.Leader, status.RaftTerm);
    }

    /// <summary>A linearizable read: ends once the member hears a leader that has a quorum.</summary>
    /// <exception cref="HttpRequestException">It was not reached, or refused; the message holds its answer.</exception>
    public Task ReadAsync() => CallAsync("kv/range", new JsonObject { ["key"] = Convert.ToBase64String("harness?"u8) });

    /// <summary>The members that the cluster has.</summary>
    /// <exception cref="HttpRequestException">It was not reached, or refused; the message holds its answer.</exception>
    public async Task<IReadOnlyList<ClusterMember>> ListAsync() =>
        (await CallAsync("cluster/member/list", [])).Deserialize<ListJson>(_json)!.Members;

    /// <summary>Announces a member and returns its id.</summary>
    /// <exception cref="HttpRequestException">It was not reached, or refused; the message holds its answer.</exception>
    public async Task<ulong> AddAsync(string peerUrl, bool isLearner)
    {
        JsonObject request = new() { ["peerURLs"] = new JsonArray(peerUrl), ["isLearner"] = isLearner };
        return (await CallAsync("cluster/member/add", request)).Deserialize<AddJson>(_json)!.Member.Id;
    }

    /// <exception cref="HttpRequestException">It was not reached, or refused; the message holds its answer.</exception>
    public Task RemoveAsync(ulong id) => CallAsync("cluster/member/remove", IdOf(id));

    /// <summary>Makes a voter of a learner; refused until it has caught up.</summary>
    /// <exception cref="HttpRequestException">It was not reached, or refused; the message holds its answer.</exception>
    public Task PromoteAsync(ulong id) => CallAsync("cluster/member/promote", IdOf(id));

    public void Dispose() => _http.Dispose();

    private static JsonObject IdOf(ulong id) => new() { ["ID"] = id.ToString(System.Globalization.CultureInfo.InvariantCulture) };

    private async Task<JsonNode> CallAsync(string method, JsonObject request)
    {
        try
        {
            using HttpResponseMessage response = await _http.PostAsJsonAsync($"/v3/{method}", request);
            string text = await response.Content.ReadAsStringAsync();
            return response.IsSuccessStatusCode
                ? JsonNode.Parse(text)!
                : throw new HttpRequestException($"{method} at {clientUrl}: {(int)response.StatusCode} {text}", null, response.StatusCode);
        }
        catch (TaskCanceledException timeout)
        {
            throw new HttpRequestException($"{method} at {clientUrl}: no answer within {_http.Timeout.TotalSeconds} s", timeout);
        }
    }

    private sealed record HeaderJson([property: System.Text.Json.Serialization.JsonPropertyName("member_id")] ulong MemberId);

    private sealed record StatusJson(HeaderJson Header, ulong Leader, ulong RaftTerm);

    private sealed record ListJson(IReadOnlyList<ClusterMember> Members);

    private sealed record AddJson(ClusterMember Member);
}

/// <summary>What a member says of itself. <paramref name="Leader"/> is 0 when it knows none.</summary>
public sealed record MemberStatus(ulong Member, ulong Leader, ulong Term)
{
    public bool IsLeader => Leader == Member;
}

/// <summary>One entry of the member list; without a name it was announced and never started.</summary>
public sealed record ClusterMember(ulong Id, string? Name, IReadOnlyList<string> PeerURLs, bool IsLearner);
