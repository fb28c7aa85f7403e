using Etcdish.Load.Http2;

namespace Etcdish.Client.Tests.Load;

public sealed class HeaderTests
{
    [Test]
    public void Fields_that_the_server_added_are_found_again()
    {
        ResponseHeaders decoder = new();
        // :status 200 indexed; grpc-status 0 and grpc-message "" added to the table.
        decoder.Decode([0x88, 0x40, 11, .. "grpc-status"u8, 1, (byte)'0', 0x40, 12, .. "grpc-message"u8, 0]);
        Assert.That(decoder.GrpcStatus, Is.Zero);
        Assert.That(decoder.HttpStatus, Is.EqualTo(200));

        // Entry 62 is the newest (grpc-message), 63 the one before; then another status under an indexed name.
        decoder.Decode([0x80 | 63, 0x80 | 62]);
        Assert.That(decoder.GrpcStatus, Is.Zero);
        decoder.Decode([0x00 | 15, 63 - 15, 2, (byte)'1', (byte)'4', 0x0f, 62 - 15, 2, (byte)'n', (byte)'o']);
        Assert.That(decoder.GrpcStatus, Is.EqualTo(14));
        Assert.That(decoder.GrpcMessage, Is.EqualTo("no"));
    }

    [Test]
    public void Entries_beyond_the_table_size_are_forgotten()
    {
        ResponseHeaders decoder = new();
        byte[] big = [0x40, 1, (byte)'a', 0x7f, 0x81, 0x18, .. new byte[3200]];
        decoder.Decode(big);
        decoder.Decode(big);
        Assert.That(() => decoder.Decode([0x80 | 63]), Throws.Exception.With.Message.EqualTo("no table has a field 63"));
    }

    [Test]
    public void A_request_refers_to_what_an_earlier_one_added()
    {
        RequestHeaders headers = new("localhost:2379");
        int first = headers.For("/etcdserverpb.KV/Put").Length;
        byte[] second = headers.For("/etcdserverpb.KV/Put").ToArray();
        byte[] other = headers.For("/etcdserverpb.KV/Range").ToArray();
        byte[] third = headers.For("/etcdserverpb.KV/Put").ToArray();
        Assert.That(first, Is.GreaterThan(60));
        Assert.That(second, Is.EqualTo(new byte[] { 0x83, 0x86, 0x80 | 65, 0x80 | 64, 0x80 | 63, 0x80 | 62 }));
        Assert.That(other, Has.Length.GreaterThan(20));
        Assert.That(third, Is.EqualTo(new byte[] { 0x83, 0x86, 0x80 | 66, 0x80 | 65, 0x80 | 64, 0x80 | 63 }), "the new path moved them on");
    }
}
