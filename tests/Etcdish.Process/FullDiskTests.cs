using Etcdish.Checkers;
using Etcdish.Process.Recording;
using Etcdish.Rpc;
using Etcdish.Testing;

namespace Etcdish.Process;

/// <summary>A disk without space: writes are refused with a clear error, reads go on, and it recovers once there is space.</summary>
public class FullDiskTests
{
    private const int DiskMegabytes = 640;
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(60);

    [Test]
    public async Task Writes_fail_reads_go_on_and_space_heals_it()
    {
        using var disk = SmallDisk.Mount(DiskMegabytes);
        using var server = new EtcdishServer(disk.File("data"));
        server.Start();
        using var connection = new Connection(server.ClientUrl, TimeSpan.FromSeconds(10));
        var acknowledged = new List<string>();
        await connection.SendAsync(new PutCall("first", "1"));
        disk.Fill();

        RpcException refusal = await PutUntilRefusedAsync(connection, acknowledged);
        Assert.That(refusal.Code, Is.EqualTo(StatusCode.ResourceExhausted), refusal.Message);
        Assert.That(refusal.Message, Does.Contain("space"));
        Assert.That(server.Process.HasExited, Is.False, server.Process.Describe());
        await MustHoldAsync(connection, acknowledged);

        disk.Free();
        await PutUntilAcceptedAsync(connection);
        await MustHoldAsync(connection, acknowledged);
        server.Restart();
        using var afterwards = new Connection(server.ClientUrl, TimeSpan.FromSeconds(10));
        await MustHoldAsync(afterwards, acknowledged);
    }

    private static async Task<RpcException> PutUntilRefusedAsync(Connection connection, List<string> acknowledged)
    {
        string value = new('v', 1_000_000);
        for (int i = 0; i < 2 * DiskMegabytes; i++)
        {
            try
            {
                await connection.SendAsync(new PutCall($"k{i:0000}", value));
                acknowledged.Add($"k{i:0000}");
            }
            catch (RpcException refusal)
            {
                return refusal;
            }
        }

        throw new AssertionException("more was accepted than the disk can hold");
    }

    private static async Task PutUntilAcceptedAsync(Connection connection)
    {
        var clock = System.Diagnostics.Stopwatch.StartNew();
        while (true)
        {
            try
            {
                await connection.SendAsync(new PutCall("again", "1"));
                return;
            }
            catch (RpcException refusal) when (refusal.Code == StatusCode.ResourceExhausted && clock.Elapsed < _patience)
            {
                // Refused still: the server looks for space at its own pace, and each refusal is a round trip.
            }
        }
    }

    private static async Task MustHoldAsync(Connection connection, List<string> keys)
    {
        var reply = (RangeReply)await connection.SendAsync(new RangeCall(KeyRange.Prefix("k")) { KeysOnly = true });
        Assert.That(reply.Kvs.Select(kv => kv.Key), Is.SupersetOf(keys));
        var first = (RangeReply)await connection.SendAsync(new RangeCall(new KeyRange("first")));
        Assert.That(first.Kvs[0].Value, Is.EqualTo("1"));
    }
}
