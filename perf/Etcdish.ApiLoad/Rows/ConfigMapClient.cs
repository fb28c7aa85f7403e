using System.Diagnostics;
using Etcdish.ApiLoad.Http;

namespace Etcdish.ApiLoad.Rows;

/// <summary>Writes ConfigMaps of some 100 bytes over one connection.</summary>
internal sealed class ConfigMapClient(HttpConnection connection, string prefix) : IAsyncDisposable
{
    private const string Path = "/api/v1/namespaces/default/configmaps";

    private int _next;

    /// <summary>Creates one after the other; returns how many.</summary>
    public async Task<int> CreateUntilAsync(long end, CancellationToken cancellation)
    {
        int count = 0;
        while (Stopwatch.GetTimestamp() < end)
        {
            await CreateAsync($"{prefix}-{_next++}", cancellation);
            count++;
        }

        return count;
    }

    public Task CreateAsync(string name, CancellationToken cancellation) => SendAsync(
        HttpConnection.WithBody(
            "POST",
            Path + "?fieldManager=load",
            "application/json",
            $$$"""{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"{{{name}}}","labels":{"app":"load"} },"data":{"key":"value"} }"""),
        201,
        cancellation);

    public Task PatchAsync(string name, int value, CancellationToken cancellation) => SendAsync(
        HttpConnection.WithBody(
            "PATCH", $"{Path}/{name}?fieldManager=load", "application/merge-patch+json", $$$"""{"data":{"key":"{{{value}}}"} }"""),
        200,
        cancellation);

    public ValueTask DisposeAsync() => connection.DisposeAsync();

    private async Task SendAsync(byte[] request, int expected, CancellationToken cancellation)
    {
        await connection.SendAsync(request, cancellation);
        Answer answer = await connection.ReadAnswerAsync(cancellation);
        if (answer.Status != expected)
        {
            throw new InvalidOperationException($"a write was answered with {answer.Status}");
        }
    }
}
